//! The record that leads the domain to the address, where a zone of the project answers for the domain
//! and the caller may change it.
//!
//! A record can bear no mark, so that a second one beside it does: `_flaskscale.app.example.com` holds
//! the deployment's name. One without it, or that leads somewhere else by now, is somebody else's.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{try_join, try_join_all};
use gce::dns::RecordSet;
use gce::{Client, Error, Scope, name_of};
use serde_json::{Value, json};

use super::made;
use crate::deployment::{Act, Id, Inventory, Kind, Mark, Sought, Step};
use crate::json::merged;

/// Seconds for which others may remember the record: short, since it leads to something new.
const TTL_S: i32 = 300;

/// What may lead somewhere: only one of them can be there.
const LEADING: [&str; 2] = ["A", "CNAME"];

const NEEDED: [&str; 2] = ["dns.changes.create", "dns.resourceRecordSets.create"];

/// What was found of the domains of a deployment.
#[derive(Clone, Debug, Default)]
pub(in crate::deployment) struct Domains {
    /// The zone of each domain that has one that can be changed.
    pub(in crate::deployment) zones: BTreeMap<String, String>,
    /// The records in these zones.
    pub(in crate::deployment) records: Vec<(Id, Value)>,
}

/// Looks at the configuration's domains and at those of the certificates that there are.
pub(in crate::deployment) async fn find(
    client: &Client,
    sought: &Sought,
    found: &Inventory,
) -> Result<Domains, Error> {
    let mark = Mark::of(&sought.deployment);
    let of_certificates = found.certificates(&mark).into_iter();
    let of_certificates = of_certificates.flat_map(|certificate| certificate.domains);
    let of_certificates = of_certificates.map(|(domain, _)| domain);
    let domains: BTreeSet<String> = of_certificates.chain(sought.domains.clone()).collect();
    if domains.is_empty() || !may_change(client).await {
        return Ok(Domains::default());
    }
    let looks = domains.into_iter().map(async |domain| {
        let Some(zone) = client.zone_of(&domain).await? else {
            return Ok(None);
        };
        let marker = marker(&domain);
        let sets = try_join(
            client.record_sets(&zone.name, &domain),
            client.record_sets(&zone.name, &marker),
        );
        let (sets, marks) = sets.await?;
        let record = record(&zone.name, &sets, &marks, sought, found);
        Ok::<_, Error>(Some((domain, zone.name, record)))
    });
    let mut all = Domains::default();
    for (domain, zone, record) in try_join_all(looks).await?.into_iter().flatten() {
        all.zones.insert(domain, zone);
        all.records.extend(record);
    }
    Ok(all)
}

/// Whoever may not change the zone is told the record instead, as with a zone elsewhere.
async fn may_change(client: &Client) -> bool {
    let held = client.held_permissions(&NEEDED).await;
    held.is_ok_and(|held| held.len() == NEEDED.len())
}

fn record(
    zone: &str,
    sets: &[RecordSet],
    marks: &[RecordSet],
    sought: &Sought,
    found: &Inventory,
) -> Option<(Id, Value)> {
    let set = sets
        .iter()
        .find(|set| LEADING.contains(&set.kind.as_str()))?;
    let mut body = json!({
        "name": set.name,
        "zone": zone,
        "type": set.kind,
        "ttl": set.ttl,
        "rrdatas": set.rrdatas,
    });
    let address = found.address(&format!("{}-ip", sought.deployment));
    let leads_here = address.is_none_or(|address| set.rrdatas == [address]);
    if leads_here && marks.iter().any(|set| is_marker(set, &sought.deployment)) {
        body["description"] = Mark::of(&sought.deployment).description().into();
    }
    let id = id(&set.name);
    Some((id, body))
}

/// The record of a domain that leads to an address: its digits, or its URL before it has any.
pub(in crate::deployment) fn stated(domain: &str, zone: &str, address: &str) -> (Id, Value) {
    let name = format!("{domain}.");
    let body = json!({
        "zone": zone,
        "type": "A",
        "ttl": TTL_S,
        "rrdatas": [address],
    });
    (id(&name), body)
}

fn id(name: &str) -> Id {
    Id {
        kind: Kind::Record,
        scope: Scope::Global,
        name: name.to_owned(),
    }
}

/// The name of the record that marks another one.
fn marker(domain: &str) -> String {
    format!("_flaskscale.{domain}")
}

fn is_marker(set: &RecordSet, deployment: &str) -> bool {
    let text = format!("\"{deployment}\"");
    set.kind == "TXT"
        && set
            .rrdatas
            .iter()
            .any(|data| *data == text || data == deployment)
}

pub(super) async fn take(client: &Client, step: &Step) -> Result<(), Error> {
    match &step.act {
        Act::Create(body) | Act::Replace(body) => lead(client, None, body).await,
        Act::Update(patch) => lead(client, Some(&step.was), &merged(&step.was, patch)).await,
        Act::Delete => {
            let marks = marks(client, &step.was).await?;
            let deletions = std::iter::once(set_of(&step.was)).chain(marks);
            change(client, &step.was, deletions.collect(), Vec::new()).await
        }
        Act::Keep | Act::SetLabels { .. } => Ok(()),
    }
}

/// Leads the name to where `body` says, instead of to where it leads, and marks it.
async fn lead(client: &Client, was: Option<&Value>, body: &Value) -> Result<(), Error> {
    let mut set = set_of(body);
    set.rrdatas = vec![digits(client, &set.rrdatas).await?];
    let mark = Mark::name_in(body).unwrap_or_default();
    let marker = RecordSet {
        name: marker(&set.name),
        kind: "TXT".to_owned(),
        ttl: Some(TTL_S),
        rrdatas: vec![format!("\"{mark}\"")],
        ..RecordSet::default()
    };
    let (marks, additions) = (marks(client, body).await?, vec![set, marker]);
    let deletions = was.map(set_of).into_iter().chain(marks);
    change(client, body, deletions.collect(), additions).await
}

/// The mark that a name has now, whosesoever it is.
async fn marks(client: &Client, body: &Value) -> Result<Vec<RecordSet>, Error> {
    let name = body["name"].as_str().unwrap_or_default();
    let zone = body["zone"].as_str().unwrap_or_default();
    let mut sets = client.record_sets(zone, &marker(name)).await?;
    sets.retain(|set| set.kind == "TXT");
    Ok(sets)
}

/// An address that was made by an earlier step has its digits by now.
async fn digits(client: &Client, given: &[String]) -> Result<String, Error> {
    let given = given.first().cloned().unwrap_or_default();
    if !given.contains('/') {
        return Ok(given);
    }
    let name = name_of(&given);
    let address = client
        .get_value(&Scope::Global, Kind::Address.collection(), name)
        .await?;
    Ok(address["address"].as_str().unwrap_or_default().to_owned())
}

/// All or nothing. What is taken out is named exactly as it was planned, so that the zone refuses if
/// somebody else has changed it since.
async fn change(
    client: &Client,
    body: &Value,
    deletions: Vec<RecordSet>,
    additions: Vec<RecordSet>,
) -> Result<(), Error> {
    let zone = body["zone"].as_str().unwrap_or_default();
    let change = async || client.change_records(zone, &deletions, &additions).await;
    let is_there = async |set: &RecordSet| {
        let sets = client.record_sets(zone, &set.name).await?;
        Ok::<_, Error>(sets.iter().any(|one| is_same(one, set)))
    };
    let is_done = async || {
        for set in &additions {
            if !is_there(set).await? {
                return Ok(false);
            }
        }
        let others = |set: &&RecordSet| !additions.iter().any(|one| is_same(one, set));
        for set in deletions.iter().filter(others) {
            if is_there(set).await? {
                return Ok(false);
            }
        }
        Ok(true)
    };
    match made(change, is_done).await {
        Err(error) if error.is_not_found() && is_done().await? => Ok(()),
        other => other,
    }
}

/// Whether two sets say the same, whatever else an API tells of them.
fn is_same(one: &RecordSet, other: &RecordSet) -> bool {
    let said = |set: &RecordSet| {
        (
            set.name.clone(),
            set.kind.clone(),
            set.ttl,
            set.rrdatas.clone(),
        )
    };
    said(one) == said(other)
}

fn set_of(body: &Value) -> RecordSet {
    let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
    let datas = body["rrdatas"].as_array().into_iter().flatten();
    RecordSet {
        name: text("name"),
        kind: text("type"),
        ttl: body["ttl"].as_i64().and_then(|ttl| i32::try_from(ttl).ok()),
        rrdatas: datas
            .filter_map(|data| data.as_str().map(str::to_owned))
            .collect(),
        ..RecordSet::default()
    }
}
