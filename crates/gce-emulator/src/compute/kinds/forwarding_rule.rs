//! Forwarding rules: a literal address, a port range, and where the rule really listens.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use crate::{
    api::Cloud,
    compute::change::{Behaviour, Change, Verb},
    error::ApiError,
    resource::{Key, Kind, Resource},
};

/// Under this label an answer tells the loopback port on which the rule really listens.
pub(crate) const PORT_LABEL: &str = "flaskscale-port";

/// The network from which rules get an address: documentation addresses, which nothing answers.
const ADDRESSES: [u8; 3] = [203, 0, 113];

pub(crate) struct ForwardingRule;

impl Behaviour for ForwardingRule {
    fn check(
        &self,
        change: &mut Change<'_, '_>,
        key: &Key,
        _old: Option<&Map<String, Value>>,
        body: &mut Map<String, Value>,
    ) -> Result<(), ApiError> {
        let range = body
            .get("portRange")
            .and_then(Value::as_str)
            .unwrap_or("80");
        body.insert("portRange".into(), json!(port_range(range)?));
        match body.get("IPAddress").and_then(Value::as_str) {
            None => _ = body.insert("IPAddress".into(), json!(free_address(change, key))),
            Some(text) if text.parse::<IpAddr>().is_ok() => {}
            Some(text) => {
                let why = "It must be an IP address; address resources are not emulated.";
                return Err(ApiError::invalid("resource.IPAddress", text, why));
            }
        }
        if let Some(Value::Object(labels)) = body.get_mut("labels") {
            labels.remove(PORT_LABEL);
        }
        Ok(())
    }

    fn view(&self, cloud: &Cloud, resource: &Resource, body: &mut Map<String, Value>) {
        if let Some(address) = cloud.listener(&resource.key.name) {
            let labels = body.entry("labels").or_insert_with(|| json!({}));
            labels[PORT_LABEL] = json!(address.port().to_string());
        }
    }

    fn verb(&self, name: &str) -> Option<Verb> {
        (name == "setTarget").then_some(Verb::Change {
            operation: "setTarget",
            decide: |change, rule, call| {
                let text = call.body.get("target").and_then(Value::as_str);
                let text = text.ok_or_else(|| ApiError::required("target"))?;
                let target = Key::from_url(text).filter(|key| key.kind == Kind::TargetHttpProxy);
                let target = target
                    .ok_or_else(|| ApiError::invalid("target", text, "The URL is malformed."))?;
                change.get(&target)?;
                let url = change.url(&target);
                change.tx.update(&rule.key, |body| {
                    body.insert("target".into(), json!(url));
                    body.insert("fingerprint".into(), crate::compute::fingerprint::fresh());
                });
                Ok(Vec::new())
            },
        })
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

fn free_address(change: &Change<'_, '_>, key: &Key) -> String {
    let [a, b, c] = ADDRESSES;
    let rules = change.tx.list(Kind::ForwardingRule, None);
    let own = |rule: &&std::sync::Arc<Resource>| rule.key != *key;
    let taken: Vec<&str> = rules
        .iter()
        .filter(own)
        .filter_map(|rule| rule.text("IPAddress"))
        .collect();
    let free = (1..=254_u8).map(|d| format!("{a}.{b}.{c}.{d}"));
    free.into_iter()
        .find(|address| !taken.contains(&address.as_str()))
        .unwrap_or_default()
}
