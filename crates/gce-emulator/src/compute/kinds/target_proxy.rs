//! Target proxies, HTTP and HTTPS: what they point to can be changed by verbs.

use serde_json::{Map, Value, json};

use crate::{
    compute::{
        call::Call,
        change::{Behaviour, Change, Command, Verb},
        fingerprint, references,
    },
    error::ApiError,
    resource::{Key, Kind, Resource},
};

/// How many certificates one proxy can show.
const CERTIFICATES: usize = 15;

pub(crate) struct TargetProxy;

impl Behaviour for TargetProxy {
    fn check(
        &self,
        _change: &mut Change<'_, '_>,
        _key: &Key,
        _old: Option<&Map<String, Value>>,
        body: &mut Map<String, Value>,
    ) -> Result<(), ApiError> {
        for field in ["certificateMap", "serverTlsPolicy"] {
            if body.contains_key(field) {
                let what = format!("The field 'resource.{field}'");
                return Err(ApiError::not_emulated(&what));
            }
        }
        match body.get("sslCertificates").and_then(Value::as_array) {
            Some(certificates) => check_count(certificates.len()),
            None => Ok(()),
        }
    }

    fn verb(&self, name: &str) -> Option<Verb> {
        let change = |operation, decide| Some(Verb::Change { operation, decide });
        match name {
            "setUrlMap" => change("setUrlMap", set_url_map),
            "setSslCertificates" => change("setSslCertificates", set_certificates),
            "setSslPolicy" => change("setSslPolicy", set_policy),
            _ => None,
        }
    }
}

fn check_count(count: usize) -> Result<(), ApiError> {
    if (1..=CERTIFICATES).contains(&count) {
        return Ok(());
    }
    let why = format!("It must name from 1 to {CERTIFICATES} certificates.");
    Err(ApiError::invalid(
        "resource.sslCertificates",
        &count.to_string(),
        &why,
    ))
}

fn set_url_map(
    change: &mut Change<'_, '_>,
    proxy: &Resource,
    call: &Call,
) -> Result<Vec<Command>, ApiError> {
    let map = call.body.get("urlMap");
    let url = named(change, proxy, Kind::UrlMap, "urlMap", map)?;
    set(change, proxy, "urlMap", url);
    Ok(Vec::new())
}

fn set_certificates(
    change: &mut Change<'_, '_>,
    proxy: &Resource,
    call: &Call,
) -> Result<Vec<Command>, ApiError> {
    const FIELD: &str = "sslCertificates";
    if proxy.key.kind != Kind::TargetHttpsProxy {
        return Err(ApiError::not_emulated(
            "setSslCertificates of an HTTP proxy",
        ));
    }
    let given = call.body.get(FIELD).and_then(Value::as_array);
    let given = given.ok_or_else(|| ApiError::required(FIELD))?;
    check_count(given.len())?;
    let url = |one: &Value| named(change, proxy, Kind::SslCertificate, FIELD, Some(one));
    let urls = given.iter().map(url).collect::<Result<Vec<Value>, _>>()?;
    set(change, proxy, FIELD, Value::Array(urls));
    Ok(Vec::new())
}

/// An absent or empty policy takes away the one that the proxy had.
fn set_policy(
    change: &mut Change<'_, '_>,
    proxy: &Resource,
    call: &Call,
) -> Result<Vec<Command>, ApiError> {
    const FIELD: &str = "sslPolicy";
    if proxy.key.kind != Kind::TargetHttpsProxy {
        return Err(ApiError::not_emulated("setSslPolicy of an HTTP proxy"));
    }
    let given = call.body.get(FIELD).filter(|given| **given != "");
    let url = match given {
        Some(Value::Null) | None => Value::Null,
        given => named(change, proxy, Kind::SslPolicy, FIELD, given)?,
    };
    set(change, proxy, FIELD, url);
    Ok(Vec::new())
}

/// The canonical URL of a resource that must be there.
fn named(
    change: &Change<'_, '_>,
    proxy: &Resource,
    kind: Kind,
    field: &str,
    value: Option<&Value>,
) -> Result<Value, ApiError> {
    let text = value.and_then(Value::as_str);
    let text = text.ok_or_else(|| ApiError::required(field))?;
    let key = references::resolve(kind, &proxy.key.scope, text)
        .ok_or_else(|| ApiError::invalid(field, text, "The URL is malformed."))?;
    references::check_reach(change.project, field, &proxy.key, &key)?;
    change.get(&key)?;
    Ok(json!(change.url(&key)))
}

fn set(change: &mut Change<'_, '_>, proxy: &Resource, field: &str, value: Value) {
    change.tx.update(&proxy.key, |body| {
        match value {
            Value::Null => _ = body.remove(field),
            value => _ = body.insert(field.into(), value),
        }
        body.insert("fingerprint".into(), fingerprint::fresh());
    });
}
