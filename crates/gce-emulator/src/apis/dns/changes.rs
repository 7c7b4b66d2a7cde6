//! Changes: several sets of a zone at once. One is pending until all name servers have heard of it.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Zone, not_emulated, records};
use crate::{
    api::Cloud,
    apis::{Asked, asked::Api, decide::decide, page::page},
    clock::{parse_rfc3339, rfc3339},
    compute::call::Call,
    error::ApiError,
    resource::{Key, Kind, Resource},
};

/// How long a change is pending, in emulated time.
const PENDING: Duration = Duration::from_secs(5);

pub(super) async fn answer(
    cloud: &Cloud,
    zone: &Zone,
    asked: &Asked,
    call: Call,
) -> Result<Value, ApiError> {
    match (asked.verb.as_str(), &asked.names[..]) {
        ("create", _) => create(cloud, zone, call).await,
        ("get", [_, _, id]) => {
            let found = cloud.store().get(&key(zone, id));
            let found = found.ok_or_else(|| {
                ApiError::missing(format!(
                    "The 'parameters.changeId' resource named '{id}' does not exist."
                ))
            })?;
            Ok(view(cloud, &found))
        }
        ("list", _) => {
            let all = cloud.store().list(Kind::DnsChange, None);
            let mut all = records::in_zone(&all, &zone.name);
            all.sort_by_key(|change| std::cmp::Reverse(number(change)));
            let shown = all
                .iter()
                .map(|change| (change.key.name.clone(), view(cloud, change)));
            page("changes", shown.collect(), &call)
        }
        _ => Err(not_emulated(asked)),
    }
}

/// Each is held against all sets of the zone while no other write can be made: less than Google's
/// own limit, and more than a deployment needs.
const AT_ONCE: usize = 100;

async fn create(cloud: &Cloud, zone: &Zone, call: Call) -> Result<Value, ApiError> {
    let sets = |field: &str| {
        let given = call.body.get(field).and_then(Value::as_array);
        given.cloned().unwrap_or_default()
    };
    let (additions, deletions) = (sets("additions"), sets("deletions"));
    if additions.is_empty() && deletions.is_empty() {
        return Err(ApiError::required("entity.change"));
    }
    if additions.len().max(deletions.len()) > AT_ONCE {
        let why = format!("A change has at most {AT_ONCE} additions and {AT_ONCE} deletions.");
        return Err(ApiError::bad_request(why));
    }
    let (zone, method) = (zone.clone(), "dns.changes.create".to_owned());
    let stored = decide(cloud, call, (Api::Dns, method), move |change, _| {
        records::apply(change, &zone, &deletions, &additions)?;
        let all = records::in_zone(&change.tx.list(Kind::DnsChange, None), &zone.name);
        let newest = all.iter().map(|change| number(change)).max();
        let key = key(&zone, &(newest.unwrap_or_default() + 1).to_string());
        let mut body = Map::new();
        body.insert("startTime".into(), json!(rfc3339(change.now)));
        for (field, sets) in [("additions", &additions), ("deletions", &deletions)] {
            if !sets.is_empty() {
                body.insert(field.into(), sets.iter().map(records::shape).collect());
            }
        }
        let stored = Resource::new(key, body);
        change.tx.put(stored.clone());
        let target = Key::global(Kind::ManagedZone, zone.name.as_str());
        Ok((target, stored))
    });
    Ok(view(cloud, &stored.await?))
}

fn view(cloud: &Cloud, change: &Resource) -> Value {
    let mut body = change.body.clone();
    let start = change.text("startTime").and_then(parse_rfc3339);
    let age = start.map_or(i64::MAX, |start| cloud.clock().now().0 - start.0);
    let done = age >= PENDING.as_millis() as i64;
    body.insert("kind".into(), json!("dns#change"));
    body.insert("id".into(), json!(number(change).to_string()));
    body.insert(
        "status".into(),
        json!(if done { "done" } else { "pending" }),
    );
    body.insert("isServing".into(), json!(done));
    Value::Object(body)
}

fn key(zone: &Zone, id: &str) -> Key {
    Key::global(Kind::DnsChange, format!("{}/changes/{id}", zone.name))
}

fn number(change: &Resource) -> u64 {
    let last = change.key.name.rsplit('/').next();
    last.and_then(|last| last.parse().ok()).unwrap_or_default()
}
