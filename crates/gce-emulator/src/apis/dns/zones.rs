//! Managed zones. A zone is made with the records that every zone has, and goes once no other is left.

use serde_json::{Value, json};

use super::{Zone, records};
use crate::{
    apis::{
        asked::Api,
        engine::{Behaviour, Body, Id, Row},
    },
    compute::{
        call::Call,
        change::Change,
        checks::is_label,
        schema::{list, object, one_of, text},
    },
    error::ApiError,
    resource::{Key, Kind, Resource},
};

/// Who answers for every zone of this cloud.
const NAME_SERVERS: [&str; 4] = [
    "ns-cloud-a1.googledomains.com.",
    "ns-cloud-a2.googledomains.com.",
    "ns-cloud-a3.googledomains.com.",
    "ns-cloud-a4.googledomains.com.",
];

pub(super) const ROW: Row = Row {
    api: Api::Dns,
    kind: Kind::ManagedZone,
    rpc: ("dns", "managedZones"),
    items: "managedZones",
    id: Id::Body("name"),
    inside: None,
    fields: &[
        text("dnsName"),
        text("description"),
        one_of("visibility", &["public"])
            .unlike(&["private"])
            .or_word("public"),
        object("labels"),
        object("dnssecConfig"),
        object("cloudLoggingConfig"),
        list("dnssecConfig/defaultKeySpecs"),
    ],
    required: &["dnsName"],
    immutable: &["dnsName", "visibility"],
    output_only: &["kind", "id", "creationTime", "nameServers"],
    times: (Some("creationTime"), None),
    has_etag: false,
    is_long: false,
    behaviour: &Zones,
};

struct Zones;

impl Behaviour for Zones {
    fn name(&self, _project: &str, id: &str) -> Result<String, ApiError> {
        if is_label(id, 1..=63) {
            return Ok(id.to_owned());
        }
        Err(ApiError::bad_request(format!(
            "Invalid value for 'entity.managedZone.name': '{id}'"
        )))
    }

    fn missing(&self, path: &str) -> ApiError {
        let name = path.rsplit('/').next().unwrap_or_default();
        ApiError::missing(format!(
            "The 'parameters.managedZone' resource named '{name}' does not exist."
        ))
    }

    fn exists(&self, path: &str) -> ApiError {
        let name = path.rsplit('/').next().unwrap_or_default();
        ApiError::exists(format!(
            "The resource 'entity.managedZone' named '{name}' already exists"
        ))
    }

    fn check(
        &self,
        _change: &mut Change<'_, '_>,
        _key: &Key,
        _old: Option<&Body>,
        body: &mut Body,
    ) -> Result<(), ApiError> {
        let domain = body.get("dnsName").and_then(Value::as_str);
        let domain = domain.unwrap_or_default();
        if records::is_name(domain) {
            return Ok(());
        }
        Err(ApiError::bad_request(format!(
            "Invalid value for 'entity.managedZone.dnsName': '{domain}'"
        )))
    }

    fn created(&self, change: &mut Change<'_, '_>, zone: &Resource) {
        let domain = zone.text("dnsName").unwrap_or_default().to_owned();
        let name = zone.key.name.clone();
        let soa = format!(
            "{} cloud-dns-hostmaster.google.com. 1 21600 3600 259200 300",
            NAME_SERVERS[0]
        );
        let zone = Zone { name, domain };
        for set in [
            json!({"name": zone.domain, "type": "NS", "ttl": 21_600, "rrdatas": NAME_SERVERS}),
            json!({"name": zone.domain, "type": "SOA", "ttl": 21_600, "rrdatas": [soa]}),
        ] {
            records::put(change, &zone, &set);
        }
    }

    fn delete(&self, change: &mut Change<'_, '_>, zone: &Resource) -> Result<(), ApiError> {
        let name = &zone.key.name;
        let own = ["NS", "SOA"];
        let sets = records::in_zone(&change.tx.list(Kind::RecordSet, None), name);
        if sets
            .iter()
            .any(|set| !own.contains(&set.text("type").unwrap_or_default()))
        {
            return Err(ApiError::bad_request(format!(
                "The resource named '{name}' cannot be deleted because it contains one or more \
                 'resource records'."
            )));
        }
        let changes = records::in_zone(&change.tx.list(Kind::DnsChange, None), name);
        for inside in sets.iter().chain(&changes) {
            change.tx.delete(&inside.key);
        }
        change.tx.delete(&zone.key);
        Ok(())
    }

    fn is_listed(&self, zone: &Resource, call: &Call) -> bool {
        let wanted = call.text("dnsName");
        wanted.is_none_or(|wanted| zone.text("dnsName") == Some(wanted))
    }

    fn view(&self, _project: &str, zone: &Resource) -> Value {
        let mut body = zone.body.clone();
        body.insert("kind".into(), json!("dns#managedZone"));
        body.insert("name".into(), json!(zone.key.name));
        body.insert("id".into(), json!(zone.id.to_string()));
        body.insert("nameServers".into(), json!(NAME_SERVERS));
        body.entry("description").or_insert_with(|| json!(""));
        Value::Object(body)
    }
}
