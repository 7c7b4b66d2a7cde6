//! Addresses: a literal one each, from ranges that nothing on a network answers.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use crate::{
    api::Cloud,
    compute::{
        change::{Behaviour, Change, Command},
        image::Image,
        references,
    },
    error::ApiError,
    resource::{Key, Kind, Resource, Scope},
};

/// Documentation ranges (RFC 5737): global addresses from one, regional ones from another.
const GLOBAL: [u8; 3] = [203, 0, 113];
const REGIONAL: [u8; 3] = [198, 51, 100];

pub(crate) struct Address;

impl Behaviour for Address {
    fn check(
        &self,
        change: &mut Change<'_, '_>,
        key: &Key,
        _old: Option<&Map<String, Value>>,
        body: &mut Map<String, Value>,
    ) -> Result<(), ApiError> {
        match body.get("address").and_then(Value::as_str) {
            None => {
                let free = free(change, key)?;
                body.insert("address".into(), json!(free));
            }
            Some(text) if text.parse::<IpAddr>().is_err() => {
                let why = "It must be an IP address.";
                return Err(ApiError::invalid("resource.address", text, why));
            }
            Some(text) => {
                let others = change.tx.list(Kind::Address, None);
                if others
                    .iter()
                    .any(|other| other.text("address") == Some(text))
                {
                    let why = "Specified IP address is already reserved.";
                    return Err(ApiError::invalid("resource.address", text, why));
                }
            }
        }
        Ok(())
    }

    fn deleted(
        &self,
        change: &mut Change<'_, '_>,
        address: &Resource,
    ) -> Result<Vec<Command>, ApiError> {
        // A rule holds the literal address, not the URL of its reservation.
        let rules = change
            .tx
            .list(Kind::ForwardingRule, Some(&address.key.scope));
        match rules.iter().find(|rule| uses(rule, address)) {
            Some(rule) => Err(references::in_use(change, &address.key, &rule.key)),
            None => Ok(Vec::new()),
        }
    }

    fn view(&self, cloud: &Cloud, address: &Resource, image: &mut Image<'_>) {
        let rules = cloud
            .store()
            .list(Kind::ForwardingRule, Some(&address.key.scope));
        let users: Vec<String> = rules
            .iter()
            .filter(|rule| uses(rule, address))
            .map(|rule| cloud.store().url(&rule.key))
            .collect();
        let status = if users.is_empty() {
            "RESERVED"
        } else {
            "IN_USE"
        };
        image.insert("status", json!(status));
        if !users.is_empty() {
            image.insert("users", json!(users));
        }
    }
}

fn uses(rule: &Resource, address: &Resource) -> bool {
    rule.text("IPAddress") == address.text("address")
}

/// An address that nothing in the cloud has. `owner` is about to get it.
pub(super) fn free(change: &Change<'_, '_>, owner: &Key) -> Result<String, ApiError> {
    let [a, b, c] = if owner.scope == Scope::Global {
        GLOBAL
    } else {
        REGIONAL
    };
    let fields = [
        (Kind::ForwardingRule, "IPAddress"),
        (Kind::Address, "address"),
    ];
    let taken: Vec<String> = fields
        .iter()
        .flat_map(|(kind, field)| {
            let others = change.tx.list(*kind, None);
            let text = |other: &std::sync::Arc<Resource>| other.text(field).map(str::to_owned);
            others.iter().filter_map(text).collect::<Vec<_>>()
        })
        .collect();
    let mut free = (1..=254_u8).map(|d| format!("{a}.{b}.{c}.{d}"));
    free.find(|address| !taken.contains(address))
        .ok_or_else(|| ApiError::quota("IN_USE_ADDRESSES", "254"))
}
