//! Record sets: all records of one name and type.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use serde_json::{Map, Value, json};

use super::{Zone, not_emulated};
use crate::{
    api::Cloud,
    apis::{Asked, asked::Api, decide::decide, page::page},
    compute::{call::Call, change::Change},
    error::ApiError,
    resource::{Key, Kind, Resource},
    store::Store,
};

/// The types that a set can have here.
const TYPES: [&str; 11] = [
    "A", "AAAA", "CAA", "CNAME", "HTTPS", "MX", "NS", "SOA", "SRV", "SVCB", "TXT",
];

/// What a set is about, as refusals name it: `app.example.com. (A)`.
fn about(set: &Value) -> String {
    let text = |field: &str| set[field].as_str().unwrap_or_default().to_owned();
    format!("{} ({})", text("name"), text("type"))
}

pub(super) async fn answer(
    cloud: &Cloud,
    zone: &Zone,
    asked: &Asked,
    call: Call,
) -> Result<Value, ApiError> {
    match (asked.verb.as_str(), &asked.names[..]) {
        ("list", _) => list(cloud, zone, &call),
        ("get", [_, _, name, kind]) => {
            let found = cloud.store().get(&key(zone, name, kind));
            let found = found.ok_or_else(|| missing("parameters", &by_name(name, kind)))?;
            Ok(view(&found))
        }
        ("create", _) => {
            let set = Value::Object(call.body.clone());
            write(cloud, zone, call, Vec::new(), vec![set]).await
        }
        ("patch", [_, _, name, kind]) => {
            let old = stored(cloud, zone, name, kind)?;
            let mut new = old.clone();
            for (field, value) in &call.body {
                new[field] = value.clone();
            }
            write(cloud, zone, call, vec![old], vec![new]).await
        }
        ("delete", [_, _, name, kind]) => {
            let old = stored(cloud, zone, name, kind)?;
            write(cloud, zone, call, vec![old], Vec::new()).await
        }
        _ => Err(not_emulated(asked)),
    }
}

fn list(cloud: &Cloud, zone: &Zone, call: &Call) -> Result<Value, ApiError> {
    let all = in_zone(&cloud.store().list(Kind::RecordSet, None), &zone.name);
    let is = |set: &Resource, field: &str| {
        let wanted = call.text(field);
        wanted.is_none_or(|wanted| set.text(field) == Some(wanted))
    };
    let wanted = all
        .iter()
        .filter(|set| is(set, "name") && is(set, "type"))
        .map(|set| (set.key.name.clone(), view(set)));
    page("rrsets", wanted.collect(), call)
}

fn stored(cloud: &Cloud, zone: &Zone, name: &str, kind: &str) -> Result<Value, ApiError> {
    let found = cloud.store().get(&key(zone, name, kind));
    let found = found.ok_or_else(|| missing("parameters", &by_name(name, kind)))?;
    Ok(Value::Object(found.body.clone()))
}

fn by_name(name: &str, kind: &str) -> Value {
    json!({"name": name, "type": kind})
}

async fn write(
    cloud: &Cloud,
    zone: &Zone,
    call: Call,
    deletions: Vec<Value>,
    additions: Vec<Value>,
) -> Result<Value, ApiError> {
    let zone = zone.clone();
    let verb = match (deletions.is_empty(), additions.is_empty()) {
        (true, _) => "create",
        (false, true) => "delete",
        (false, false) => "patch",
    };
    let method = format!("dns.resourceRecordSets.{verb}");
    decide(cloud, call, (Api::Dns, method), move |change, _| {
        apply(change, &zone, &deletions, &additions)?;
        let target = Key::global(Kind::ManagedZone, zone.name.as_str());
        let shown = match additions.first() {
            Some(set) => shape(set),
            None => json!({}),
        };
        Ok((target, shown))
    })
    .await
}

/// Takes sets out of a zone and puts others in, all or none.
pub(super) fn apply(
    change: &mut Change<'_, '_>,
    zone: &Zone,
    deletions: &[Value],
    additions: &[Value],
) -> Result<(), ApiError> {
    for (at, set) in deletions.iter().enumerate() {
        let place = format!("entity.change.deletions[{at}]");
        let key = key_of(zone, set);
        let stored = change.tx.get(&key);
        let stored = stored.ok_or_else(|| missing(&place, set))?;
        if !is_same(&Value::Object(stored.body.clone()), set) {
            let message = format!("Precondition not met for '{place}'");
            return Err(ApiError::condition_not_met(message));
        }
        change.tx.delete(&key);
    }
    for (at, set) in additions.iter().enumerate() {
        let place = format!("entity.change.additions[{at}]");
        check(zone, &place, set)?;
        if change.tx.get(&key_of(zone, set)).is_some() {
            return Err(ApiError::exists(format!(
                "The resource '{place}' named '{}' already exists",
                about(set)
            )));
        }
        check_alone(change, zone, &place, set)?;
        put(change, zone, set);
    }
    Ok(())
}

/// Stores a set as it is.
pub(super) fn put(change: &mut Change<'_, '_>, zone: &Zone, set: &Value) {
    let mut body = Map::new();
    for field in ["name", "type", "ttl", "rrdatas"] {
        body.insert(field.into(), set[field].clone());
    }
    change.tx.put(Resource::new(key_of(zone, set), body));
}

fn check(zone: &Zone, place: &str, set: &Value) -> Result<(), ApiError> {
    let invalid = |field: &str| {
        let value = &set[field];
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        ApiError::bad_request(format!("Invalid value for '{place}.{field}': '{value}'"))
    };
    let name = set["name"].as_str().unwrap_or_default();
    if !is_name(name.strip_prefix("*.").unwrap_or(name)) || !zone.holds(name) {
        return Err(invalid("name"));
    }
    let kind = set["type"].as_str().unwrap_or_default();
    if !TYPES.contains(&kind) {
        return Err(invalid("type"));
    }
    if !set["ttl"]
        .as_i64()
        .is_some_and(|ttl| (0..=i64::from(i32::MAX)).contains(&ttl))
    {
        return Err(invalid("ttl"));
    }
    let data = set["rrdatas"].as_array().filter(|data| !data.is_empty());
    let fits = |value: &Value| value.as_str().is_some_and(|text| is_data(kind, text));
    if !data.is_some_and(|data| data.iter().all(fits)) {
        return Err(invalid("rrdatas"));
    }
    Ok(())
}

/// An alias cannot share its name with anything else.
fn check_alone(
    change: &Change<'_, '_>,
    zone: &Zone,
    place: &str,
    set: &Value,
) -> Result<(), ApiError> {
    let name = set["name"].as_str();
    let sets = in_zone(&change.tx.list(Kind::RecordSet, None), &zone.name);
    let mut others = sets.iter().filter(|other| other.text("name") == name);
    let conflict = if set["type"] == "CNAME" {
        others.next().is_some()
    } else {
        others.any(|other| other.text("type") == Some("CNAME"))
    };
    if !conflict {
        return Ok(());
    }
    Err(ApiError::bad_request(format!(
        "The resource record set '{place}' is invalid because the DNS name '{}' may have either one \
         CNAME resource record set or resource record sets of other types, but not both.",
        name.unwrap_or_default()
    )))
}

fn is_data(kind: &str, text: &str) -> bool {
    match kind {
        "A" => text.parse::<Ipv4Addr>().is_ok(),
        "AAAA" => text.parse::<Ipv6Addr>().is_ok(),
        "CNAME" | "NS" => is_name(text),
        _ => !text.trim().is_empty(),
    }
}

/// Whether a text is a domain name with a dot at its end.
pub(super) fn is_name(text: &str) -> bool {
    let label = |label: &str| {
        let inner = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
        };
        (1..=63).contains(&label.len()) && label.bytes().all(inner)
    };
    let name = text.strip_suffix('.').unwrap_or_default();
    (1..=253).contains(&name.len()) && name.split('.').all(label)
}

/// Whether two sets say the same; the order of their records says nothing.
fn is_same(one: &Value, other: &Value) -> bool {
    let data = |set: &Value| {
        let data = set["rrdatas"].as_array().cloned().unwrap_or_default();
        let mut data: Vec<String> = data.iter().map(ToString::to_string).collect();
        data.sort();
        data
    };
    one["ttl"] == other["ttl"] && data(one) == data(other)
}

fn missing(place: &str, set: &Value) -> ApiError {
    ApiError::missing(format!(
        "The '{place}' resource named '{}' does not exist.",
        about(set)
    ))
}

fn key_of(zone: &Zone, set: &Value) -> Key {
    let text = |field: &str| set[field].as_str().unwrap_or_default();
    key(zone, text("name"), text("type"))
}

fn key(zone: &Zone, name: &str, kind: &str) -> Key {
    let zone = &zone.name;
    Key::global(Kind::RecordSet, format!("{zone}/rrsets/{name}/{kind}"))
}

/// What of all zones lies in one.
pub(super) fn in_zone(all: &[Arc<Resource>], zone: &str) -> Vec<Arc<Resource>> {
    let prefix = format!("{zone}/");
    all.iter()
        .filter(|inside| inside.key.name.starts_with(&prefix))
        .cloned()
        .collect()
}

fn view(set: &Resource) -> Value {
    shape(&Value::Object(set.body.clone()))
}

pub(super) fn shape(set: &Value) -> Value {
    json!({"kind": "dns#resourceRecordSet", "name": set["name"], "type": set["type"],
        "ttl": set["ttl"], "rrdatas": set["rrdatas"], "signatureRrdatas": []})
}

/// The addresses (IPv4) of a host, if a zone of this cloud answers for it; the longest one does.
pub(crate) fn of(store: &Store, host: &str) -> Option<Vec<String>> {
    let name = format!("{}.", host.trim_end_matches('.'));
    let zones = store.list(Kind::ManagedZone, None);
    let zones = zones.iter().map(|zone| Zone {
        name: zone.key.name.clone(),
        domain: zone.text("dnsName").unwrap_or_default().to_owned(),
    });
    let zone = zones
        .filter(|zone| zone.holds(&name))
        .max_by_key(|zone| zone.domain.len())?;
    let set = store.get(&key(&zone, &name, "A"));
    let data = set.and_then(|set| set.field("rrdatas").cloned());
    let data = data.as_ref().and_then(Value::as_array);
    let texts = data.into_iter().flatten().filter_map(Value::as_str);
    Some(texts.map(str::to_owned).collect())
}
