//! Forwarding rules: a literal address, a port range, and where the rule really listens.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::address;
use crate::{
    api::Cloud,
    apis::org_policy,
    compute::{
        call::Call,
        change::{Behaviour, Change, Command, Verb},
        fingerprint,
        image::Image,
        references,
    },
    error::ApiError,
    resource::{Key, Kind, Resource, Scope},
    routing,
};

/// Under this label an answer tells the loopback port on which the rule really listens.
pub(crate) const PORT_LABEL: &str = "flaskscale-port";

/// What policies of an organisation call the load balancer that such a rule belongs to.
const BALANCER: &str = "GLOBAL_EXTERNAL_MANAGED_HTTP_HTTPS";

pub(crate) struct ForwardingRule;

impl Behaviour for ForwardingRule {
    fn check(
        &self,
        change: &mut Change<'_, '_>,
        key: &Key,
        _old: Option<&Map<String, Value>>,
        body: &mut Map<String, Value>,
    ) -> Result<(), ApiError> {
        let scheme = body.get("loadBalancingScheme").and_then(Value::as_str);
        if key.scope == Scope::Global && scheme == Some("EXTERNAL_MANAGED") {
            org_policy::refuse_value(change, org_policy::BALANCERS, BALANCER)?;
        }
        let range = body
            .get("portRange")
            .and_then(Value::as_str)
            .unwrap_or("80");
        body.insert("portRange".into(), json!(port_range(range)?));
        let address = match body.get("IPAddress").and_then(Value::as_str) {
            None => address::free(change, key)?,
            Some(text) => literal(change, key, text)?,
        };
        check_free(change, key, &address, body)?;
        body.insert("IPAddress".into(), json!(address));
        if let Some(Value::Object(labels)) = body.get_mut("labels") {
            labels.remove(PORT_LABEL);
        }
        Ok(())
    }

    fn view(&self, cloud: &Cloud, resource: &Resource, image: &mut Image<'_>) {
        if let Some(address) = cloud.listener(&routing::frontend_name(&resource.key)) {
            let labels = image.entry("labels", || json!({}));
            labels[PORT_LABEL] = json!(address.port().to_string());
        }
    }

    fn verb(&self, name: &str) -> Option<Verb> {
        (name == "setTarget").then_some(Verb::Change {
            operation: "setTarget",
            decide: set_target,
        })
    }
}

fn set_target(
    change: &mut Change<'_, '_>,
    rule: &Resource,
    call: &Call,
) -> Result<Vec<Command>, ApiError> {
    let text = call.body.get("target").and_then(Value::as_str);
    let text = text.ok_or_else(|| ApiError::required("target"))?;
    let is_proxy = |key: &Key| matches!(key.kind, Kind::TargetHttpProxy | Kind::TargetHttpsProxy);
    let target = Key::from_url(text)
        .filter(is_proxy)
        .ok_or_else(|| ApiError::invalid("target", text, "The URL is malformed."))?;
    references::check_reach(change.project, "target", &rule.key, &target)?;
    change.get(&target)?;
    let url = change.url(&target);
    change.tx.update(&rule.key, |body| {
        body.insert("target".into(), json!(url));
        body.insert("fingerprint".into(), fingerprint::fresh());
    });
    Ok(Vec::new())
}

/// The address that a literal or the URL of a reservation means.
fn literal(change: &Change<'_, '_>, rule: &Key, text: &str) -> Result<String, ApiError> {
    const FIELD: &str = "resource.IPAddress";
    if text.parse::<IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    let why = "It must be an IP address or the URL of an address.";
    let key = references::resolve(Kind::Address, &rule.scope, text)
        .ok_or_else(|| ApiError::invalid(FIELD, text, why))?;
    references::check_reach(change.project, FIELD, rule, &key)?;
    let address = change.get(&key)?;
    Ok(address.text("address").unwrap_or_default().to_owned())
}

/// Two rules may share an address, on different ports.
fn check_free(
    change: &Change<'_, '_>,
    key: &Key,
    address: &str,
    body: &Map<String, Value>,
) -> Result<(), ApiError> {
    let port = body.get("portRange").and_then(Value::as_str);
    let rules = change.tx.list(Kind::ForwardingRule, None);
    let same = |rule: &&std::sync::Arc<Resource>| {
        rule.key != *key
            && rule.text("IPAddress") == Some(address)
            && rule.text("portRange") == port
    };
    match rules.iter().find(same) {
        None => Ok(()),
        Some(rule) => {
            let why = format!(
                "Specified IP address is in-use and would result in a conflict with '{}'.",
                change.path(&rule.key)
            );
            Err(ApiError::invalid("resource.IPAddress", address, &why))
        }
    }
}

/// `80` and `80-80` are the same; an HTTP proxy listens on one port.
fn port_range(text: &str) -> Result<String, ApiError> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.parse::<u16>(), last.parse::<u16>()) {
        (Ok(first), Ok(last)) if first == last && first > 0 => Ok(format!("{first}-{last}")),
        _ => {
            let why = "It must be one port from 1 to 65535, written as '80' or '80-80'.";
            Err(ApiError::invalid("resource.portRange", text, why))
        }
    }
}
