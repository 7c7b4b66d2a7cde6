//! SSL certificates. For one that Google would obtain the local balancer signs its own, since no
//! authority could reach this machine; its states are those that Google's goes through.

mod provisioning;

use serde_json::{Map, Value, json};

use crate::{
    api::Cloud,
    balancer::{Certificate, CertificateError},
    compute::{
        change::{Behaviour, Change},
        image::Image,
    },
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
        let chain = given(body, "certificate")?;
        let key = given(body, "privateKey")?;
        Certificate::Given { chain, key }.verify().map_err(refusal)
    }

    fn view(&self, cloud: &Cloud, certificate: &Resource, image: &mut Image<'_>) {
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
        image.insert("subjectAlternativeNames", json!(domains));
        image.insert("managed", managed);
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

/// What stands in either place of the two in which Google takes a certificate and its key; both then
/// say it.
fn given(body: &mut Map<String, Value>, field: &str) -> Result<String, ApiError> {
    let inner = body.get("selfManaged").and_then(|own| own.get(field));
    let text = inner.or_else(|| body.get(field)).and_then(Value::as_str);
    let text = text.map(str::to_owned);
    let text = text.ok_or_else(|| ApiError::required(&format!("resource.selfManaged.{field}")))?;
    let own = body.entry("selfManaged").or_insert_with(|| json!({}));
    own[field] = json!(text);
    body.insert(field.into(), json!(text));
    Ok(text)
}

/// Google's words for what is wrong with a certificate or its key.
fn refusal(error: CertificateError) -> ApiError {
    let (reason, message) = match error {
        CertificateError::PrivateKey(_) | CertificateError::Key(rustls::Error::General(_)) => (
            "sslCertificateCouldNotParseKey",
            "The SSL key could not be parsed.",
        ),
        CertificateError::Key(rustls::Error::InconsistentKeys(_)) => (
            "invalid",
            "The SSL key does not belong to the SSL certificate.",
        ),
        _ => (
            "sslCertificateCouldNotParseCert",
            "The SSL certificate could not be parsed.",
        ),
    };
    ApiError::unusable_certificate(reason, message)
}
