//! SSL policies: which versions and ciphers a proxy offers. They are kept and shown; the local
//! balancer speaks TLS 1.2 and 1.3 with modern ciphers under each of them.

use serde_json::{Map, Value, json};

use crate::{
    api::Cloud,
    compute::{
        change::{Behaviour, Change},
        image::Image,
    },
    error::ApiError,
    resource::{Key, Resource},
};

/// What every profile has, for TLS 1.3.
const TLS_1_3: [&str; 3] = [
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
];

/// What RESTRICTED and all larger profiles have, for TLS 1.2.
const RESTRICTED: [&str; 6] = [
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];

/// What MODERN has beyond that.
const MODERN: [&str; 4] = [
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
];

/// What COMPATIBLE has beyond that.
const COMPATIBLE: [&str; 5] = [
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
];

pub(crate) struct SslPolicy;

impl Behaviour for SslPolicy {
    fn check(
        &self,
        _change: &mut Change<'_, '_>,
        _key: &Key,
        _old: Option<&Map<String, Value>>,
        body: &mut Map<String, Value>,
    ) -> Result<(), ApiError> {
        const FIELD: &str = "resource.customFeatures";
        let custom = custom_features(body);
        let is_custom = body.get("profile") == Some(&json!("CUSTOM"));
        if is_custom && custom.is_empty() {
            return Err(ApiError::required(FIELD));
        }
        if !is_custom && let Some(first) = custom.first() {
            let why = "Features can be chosen with the profile CUSTOM only.";
            return Err(ApiError::invalid(FIELD, first, why));
        }
        let known = features("COMPATIBLE");
        match custom.iter().find(|feature| !known.contains(feature)) {
            Some(unknown) => {
                let why = format!("It must be one of {}.", known.join(", "));
                Err(ApiError::invalid(FIELD, unknown, &why))
            }
            None => Ok(()),
        }
    }

    fn view(&self, _cloud: &Cloud, policy: &Resource, image: &mut Image<'_>) {
        let profile = policy.text("profile").unwrap_or_default();
        let enabled = if profile == "CUSTOM" {
            custom_features(&policy.body)
        } else {
            features(profile)
        };
        image.insert("enabledFeatures", json!(enabled));
    }
}

fn custom_features(body: &Map<String, Value>) -> Vec<&str> {
    let given = body.get("customFeatures").and_then(Value::as_array);
    given
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// The ciphers of a profile, by name.
fn features(profile: &str) -> Vec<&'static str> {
    let beyond: &[&[&str]] = match profile {
        "COMPATIBLE" => &[&RESTRICTED, &MODERN, &COMPATIBLE],
        "MODERN" => &[&RESTRICTED, &MODERN],
        _ => &[&RESTRICTED],
    };
    let mut all: Vec<&str> = TLS_1_3.to_vec();
    all.extend(beyond.iter().copied().flatten());
    all.sort_unstable();
    all
}
