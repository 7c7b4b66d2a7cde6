//! Backend services: their backends' defaults, and the health of each.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::{
    api::Cloud,
    balancer::CustomHeader,
    compute::{
        call::Call,
        change::{Behaviour, Change, Verb},
        references,
    },
    error::ApiError,
    resource::{Key, Kind, Resource},
};

/// How many custom headers a service can add in either direction.
const CUSTOM_HEADERS: usize = 16;

pub(crate) struct BackendService;

impl Behaviour for BackendService {
    fn check(
        &self,
        _change: &mut Change<'_, '_>,
        _key: &Key,
        _old: Option<&Map<String, Value>>,
        body: &mut Map<String, Value>,
    ) -> Result<(), ApiError> {
        body.entry("connectionDraining")
            .or_insert_with(|| json!({"drainingTimeoutSec": 0}));
        for backend in body
            .get_mut("backends")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            let Value::Object(backend) = backend else {
                return Err(ApiError::invalid(
                    "resource.backends",
                    "",
                    "It must hold objects.",
                ));
            };
            if !backend.contains_key("group") {
                return Err(ApiError::required("resource.backends.group"));
            }
            backend
                .entry("balancingMode")
                .or_insert_with(|| json!("UTILIZATION"));
            let scaler = backend
                .entry("capacityScaler")
                .or_insert_with(|| json!(1.0));
            if scaler
                .as_f64()
                .is_some_and(|scaler| 0.0 < scaler && scaler < 0.1)
            {
                let why = "It must be 0, or from 0.1 to 1.";
                let field = "resource.backends.capacityScaler";
                return Err(ApiError::invalid(field, &scaler.to_string(), why));
            }
        }
        check_headers(body, "customRequestHeaders")?;
        check_headers(body, "customResponseHeaders")?;
        digest_secret(body);
        let checks = body.get("healthChecks").and_then(Value::as_array);
        match checks.map_or(0, Vec::len) {
            ..=1 => Ok(()),
            count => Err(ApiError::invalid(
                "resource.healthChecks",
                &count.to_string(),
                "At most one health check can be used.",
            )),
        }
    }

    fn verb(&self, name: &str) -> Option<Verb> {
        (name == "getHealth").then_some(Verb::Read(health))
    }
}

/// A few lines of `Name:value`, with Google's variables or without.
fn check_headers(body: &Map<String, Value>, field: &str) -> Result<(), ApiError> {
    let lines = body.get(field).and_then(Value::as_array);
    let lines: Vec<&str> = lines
        .into_iter()
        .flatten()
        .map(|line| line.as_str().unwrap_or_default())
        .collect();
    let field = format!("resource.{field}");
    if lines.len() > CUSTOM_HEADERS {
        let why = format!("There can be at most {CUSTOM_HEADERS} custom headers.");
        return Err(ApiError::invalid(&field, &lines.len().to_string(), &why));
    }
    match lines
        .iter()
        .find(|line| CustomHeader::parse(line).is_none())
    {
        None => Ok(()),
        Some(wrong) => {
            let why = "It must be a header as Name:value, with known {variables} only.";
            Err(ApiError::invalid(&field, wrong, why))
        }
    }
}

/// A secret is never shown again; its digest lets a caller see whether it is the one it knows.
fn digest_secret(body: &mut Map<String, Value>) {
    let Some(Value::Object(iap)) = body.get_mut("iap") else {
        return;
    };
    iap.remove("oauth2ClientSecretSha256");
    let secret = iap.get("oauth2ClientSecret").and_then(Value::as_str);
    if let Some(secret) = secret.filter(|secret| !secret.is_empty()) {
        let digest = Sha256::digest(secret);
        iap.insert(
            "oauth2ClientSecretSha256".into(),
            json!(format!("{digest:x}")),
        );
    }
}

/// The health of the instances of one group, as the balancer sees it.
fn health(cloud: &Cloud, service: &Resource, call: &Call) -> Result<Value, ApiError> {
    let text = call.body.get("group").and_then(Value::as_str);
    let text = text.ok_or_else(|| ApiError::required("group"))?;
    let group = references::resolve(Kind::InstanceGroup, &service.key.scope, text)
        .ok_or_else(|| ApiError::invalid("group", text, "The URL is malformed."))?;
    let url = cloud.store().url(&group);
    let backends = service.field("backends").and_then(Value::as_array);
    let known = |backend: &Value| backend.get("group").and_then(Value::as_str) == Some(&url);
    if !backends.is_some_and(|backends| backends.iter().any(known)) {
        let why = "The group is not a backend of this backend service.";
        return Err(ApiError::invalid("group", text, why));
    }
    let check = service.reference("healthChecks/0").map(|key| key.name);
    let states = cloud.backend_health(&group, check.as_deref());
    let mut answer = json!({"kind": "compute#backendServiceGroupHealth"});
    if !states.is_empty() {
        answer["healthStatus"] = Value::Array(states);
    }
    Ok(answer)
}
