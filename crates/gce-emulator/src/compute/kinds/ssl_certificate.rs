//! SSL certificates. For one that Google would obtain the local balancer signs its own, since no
//! authority could reach this machine; its states are those that Google's goes through.

mod provisioning;

use serde_json::{Map, Value, json};

use crate::{
    api::Cloud,
    compute::change::{Behaviour, Change},
    error::ApiError,
    resource::{Key, Resource, Scope},
};

/// How many domains a managed certificate can have.
const DOMAINS: usize = 100;

pub(crate) struct SslCertificate;

impl Behaviour for SslCertificate {
    fn check(
        &self,
        _change: &mut Change<'_, '_>,
        key: &Key,
        _old: Option<&Map<String, Value>>,
        body: &mut Map<String, Value>,
    ) -> Result<(), ApiError> {
        if body.get("type") == Some(&json!("MANAGED")) {
            if key.scope != Scope::Global {
                let why = "Managed certificates are global.";
                return Err(ApiError::invalid("resource.type", "MANAGED", why));
            }
            return check_domains(body);
        }
        for (field, begin) in [
            ("certificate", "-----BEGIN CERTIFICATE-----"),
            ("privateKey", "-----BEGIN "),
        ] {
            check_pem(body, field, begin)?;
        }
        Ok(())
    }

    fn view(&self, cloud: &Cloud, certificate: &Resource, body: &mut Map<String, Value>) {
        let domains: Vec<&str> = domains(&certificate.body);
        if domains.is_empty() {
            return;
        }
        let states = provisioning::states(cloud, certificate, &domains);
        let status = if states.values().all(|state| state == provisioning::ACTIVE) {
            provisioning::ACTIVE
        } else {
            provisioning::PROVISIONING
        };
        let managed = json!({"domains": domains, "status": status, "domainStatus": states});
        body.insert("subjectAlternativeNames".into(), json!(domains));
        body.insert("managed".into(), managed);
    }
}

fn domains(body: &Map<String, Value>) -> Vec<&str> {
    let domains = body
        .get("managed")
        .and_then(|managed| managed["domains"].as_array());
    domains
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn check_domains(body: &Map<String, Value>) -> Result<(), ApiError> {
    const FIELD: &str = "resource.managed.domains";
    let domains = domains(body);
    if domains.is_empty() {
        return Err(ApiError::required(FIELD));
    }
    if domains.len() > DOMAINS {
        let why = format!("A managed certificate has at most {DOMAINS} domains.");
        return Err(ApiError::invalid(FIELD, &domains.len().to_string(), &why));
    }
    let part = |part: &str| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=63).contains(&part.len()) && part.bytes().all(inner)
    };
    match domains
        .into_iter()
        .find(|domain| !domain.contains('.') || !domain.trim_end_matches('.').split('.').all(part))
    {
        Some(wrong) => {
            let why = "It must be a fully qualified domain name in lower case, without wildcards.";
            Err(ApiError::invalid(FIELD, wrong, why))
        }
        None => Ok(()),
    }
}

/// Either place of the two in which Google takes a certificate and its key; both then say it.
fn check_pem(body: &mut Map<String, Value>, field: &str, begin: &str) -> Result<(), ApiError> {
    let inner = body
        .get("selfManaged")
        .and_then(|own| own.get(field))
        .cloned();
    let name = format!("resource.selfManaged.{field}");
    let text = inner.or_else(|| body.get(field).cloned());
    let text = text.ok_or_else(|| ApiError::required(&name))?;
    if !text
        .as_str()
        .is_some_and(|text| text.trim_start().starts_with(begin))
    {
        return Err(ApiError::invalid(&name, "…", "It must be in PEM format."));
    }
    let own = body.entry("selfManaged").or_insert_with(|| json!({}));
    own[field] = text.clone();
    body.insert(field.into(), text);
    Ok(())
}
