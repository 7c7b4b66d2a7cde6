//! How far a managed certificate has got, read from what is there: nothing is stored, so nothing has
//! to be told when a rule, a proxy or a DNS record changes.
//!
//! Google issues one once its domains lead to a forwarding rule on port 443 whose proxy shows it. Who
//! answers for a domain without a zone in this cloud cannot be asked, and is believed to point here.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Map, Value, json};

use crate::{
    api::Cloud,
    apis,
    clock::parse_rfc3339,
    resource::{Kind, Resource, Scope},
};

pub(super) const ACTIVE: &str = "ACTIVE";
pub(super) const PROVISIONING: &str = "PROVISIONING";
const NOT_VISIBLE: &str = "FAILED_NOT_VISIBLE";

/// How long a certificate takes at least, in emulated time. Google says up to an hour; this is
/// enough to meet the state in between.
const ISSUING: Duration = Duration::from_secs(30);

/// The state of each domain.
pub(super) fn states(
    cloud: &Cloud,
    certificate: &Resource,
    domains: &[&str],
) -> Map<String, Value> {
    let is_new = is_new(cloud, certificate);
    let addresses = addresses(cloud, certificate);
    let leads_here = |domain: &str| match apis::records_of(cloud.store(), domain) {
        Some(records) => records.iter().any(|record| addresses.contains(record)),
        None => !addresses.is_empty(),
    };
    let state = |domain: &str| match is_new {
        true => PROVISIONING,
        false if leads_here(domain) => ACTIVE,
        false => NOT_VISIBLE,
    };
    domains
        .iter()
        .map(|domain| ((*domain).to_owned(), json!(state(domain))))
        .collect()
}

fn is_new(cloud: &Cloud, certificate: &Resource) -> bool {
    let made = certificate
        .text("creationTimestamp")
        .and_then(parse_rfc3339);
    made.is_some_and(|made| cloud.clock().now().0 - made.0 < ISSUING.as_millis() as i64)
}

/// Where the certificate is shown: the addresses of the rules on port 443 before its proxies.
fn addresses(cloud: &Cloud, certificate: &Resource) -> BTreeSet<String> {
    let store = cloud.store();
    let own = json!(store.url(&certificate.key));
    let shows = |proxy: &Resource| {
        let shown = proxy.field("sslCertificates").and_then(Value::as_array);
        shown.is_some_and(|shown| shown.contains(&own))
    };
    let rules = store.list(Kind::ForwardingRule, Some(&Scope::Global));
    rules
        .iter()
        .filter(|rule| rule.text("portRange") == Some("443-443"))
        .filter(|rule| {
            let proxy = rule.reference("target").and_then(|key| store.get(&key));
            proxy.is_some_and(|proxy| shows(&proxy))
        })
        .filter_map(|rule| rule.text("IPAddress").map(str::to_owned))
        .collect()
}
