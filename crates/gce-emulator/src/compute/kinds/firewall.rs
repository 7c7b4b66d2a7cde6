//! Firewall rules: stored and checked. All instances share the loopback, so nothing is filtered.

use serde_json::{Map, Value, json};

use crate::{
    compute::change::{Behaviour, Change},
    error::ApiError,
    resource::Key,
};

pub(crate) struct Firewall;

impl Behaviour for Firewall {
    fn check(
        &self,
        _change: &mut Change<'_, '_>,
        _key: &Key,
        _old: Option<&Map<String, Value>>,
        body: &mut Map<String, Value>,
    ) -> Result<(), ApiError> {
        let rules = |field: &str| body.get(field).and_then(Value::as_array);
        match (rules("allowed"), rules("denied")) {
            (Some(_), Some(_)) => {
                let why = "A firewall has either allowed or denied, not both.";
                return Err(ApiError::invalid("resource.denied", "", why));
            }
            (None, None) => return Err(ApiError::required("resource.allowed")),
            (allowed, denied) => {
                for rule in allowed.or(denied).into_iter().flatten() {
                    check_rule(rule)?;
                }
            }
        }
        let ingress = body.get("direction") == Some(&json!("INGRESS"));
        let (own, other) = if ingress {
            ("sourceRanges", "destinationRanges")
        } else {
            ("destinationRanges", "sourceRanges")
        };
        if !ingress && body.contains_key(other) {
            let why = "A rule for EGRESS has no source ranges.";
            return Err(ApiError::invalid("resource.sourceRanges", "", why));
        }
        if !body.contains_key("sourceTags") && !body.contains_key("sourceServiceAccounts") {
            body.entry(own).or_insert_with(|| json!(["0.0.0.0/0"]));
        }
        check_ranges(body)
    }
}

fn check_rule(rule: &Value) -> Result<(), ApiError> {
    if !rule.get("IPProtocol").is_some_and(Value::is_string) {
        return Err(ApiError::required("resource.allowed.IPProtocol"));
    }
    for ports in rule["ports"].as_array().into_iter().flatten() {
        let text = ports.as_str().unwrap_or_default();
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let good = matches!((first.parse::<u16>(), last.parse::<u16>()),
            (Ok(first), Ok(last)) if first <= last);
        if !good {
            let why =
                "It must be a port from 0 to 65535 or a range of them, written as '80' or '80-90'.";
            let text = ports
                .as_str()
                .map_or_else(|| ports.to_string(), str::to_owned);
            return Err(ApiError::invalid("resource.allowed.ports", &text, why));
        }
    }
    Ok(())
}

fn check_ranges(body: &Map<String, Value>) -> Result<(), ApiError> {
    for field in ["sourceRanges", "destinationRanges"] {
        for range in body
            .get(field)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let text = range.as_str().unwrap_or_default();
            if !is_range(text) {
                let why = "It must be a range in CIDR notation.";
                return Err(ApiError::invalid(&format!("resource.{field}"), text, why));
            }
        }
    }
    Ok(())
}

/// `10.0.0.0/8`, or one address.
fn is_range(text: &str) -> bool {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, bits.parse::<u8>().ok()),
        None => (text, Some(0)),
    };
    match address.parse::<std::net::IpAddr>() {
        Ok(address) => bits.is_some_and(|bits| bits <= if address.is_ipv4() { 32 } else { 128 }),
        Err(_) => false,
    }
}
