//! A resource as an answer shows it.

use serde_json::{Map, Value, json};

use super::{catalog, labels, paths, quotas, table};
use crate::{
    api::Cloud,
    resource::{Kind, Resource, Scope, canonical_url, scope_url},
};

/// The whole answer: what is stored, what every resource has, and what its kind computes.
pub(super) fn image(cloud: &Cloud, resource: &Resource) -> Map<String, Value> {
    let mut body = resource.body.clone();
    complete(cloud.store().project(), resource, &mut body);
    if let Some(row) = table::row(resource.key.kind) {
        for path in row.secret {
            paths::remove(&mut body, path);
        }
        if row.labels {
            body.insert("labelFingerprint".into(), labels::fingerprint(resource));
        }
        row.behaviour.view(cloud, resource, &mut body);
    }
    if resource.key.kind == Kind::Subnetwork {
        let network = crate::resource::Key::global(Kind::Network, "default");
        body.insert("network".into(), json!(cloud.store().url(&network)));
    }
    if resource.key.kind == Kind::Region {
        let quotas = quotas::of_region(cloud, &resource.key.name);
        body.insert("quotas".into(), quotas);
    }
    body
}

/// What every resource has.
pub(super) fn complete(project: &str, resource: &Resource, body: &mut Map<String, Value>) {
    let key = &resource.key;
    body.insert(
        "kind".into(),
        json!(format!("compute#{}", key.kind.json_kind())),
    );
    body.insert("id".into(), json!(resource.id.to_string()));
    body.insert("name".into(), json!(key.name));
    body.insert("selfLink".into(), json!(key.url(project)));
    match &key.scope {
        Scope::Global if key.kind == Kind::Zone => name_region(project, body),
        Scope::Global if key.kind == Kind::Region => name_zones(project, body),
        Scope::Global if key.kind == Kind::Network => name_subnetworks(project, body),
        Scope::Global => {}
        Scope::Zone(_) => _ = body.insert("zone".into(), json!(scope_url(project, &key.scope))),
        Scope::Region(_) => _ = body.insert("region".into(), json!(scope_url(project, &key.scope))),
    }
}

/// The catalogue names the region of a zone; an answer gives its URL.
fn name_region(project: &str, body: &mut Map<String, Value>) {
    if let Some(Value::String(region)) = body.get_mut("region") {
        *region = scope_url(project, &Scope::Region(std::mem::take(region)));
    }
}

/// The catalogue names the zones of a region; an answer gives their URLs.
fn name_zones(project: &str, body: &mut Map<String, Value>) {
    let zones = body.get_mut("zones").and_then(Value::as_array_mut);
    for zone in zones.into_iter().flatten() {
        if let Value::String(name) = zone {
            *name = scope_url(project, &Scope::Zone(std::mem::take(name)));
        }
    }
}

fn name_subnetworks(project: &str, body: &mut Map<String, Value>) {
    let urls: Vec<String> = catalog::subnetworks().map(|key| key.url(project)).collect();
    body.insert("subnetworks".into(), json!(urls));
}

/// What a list of resources of a kind is called: Google names those of a region by it, for what
/// its autoscaling is made of.
pub(super) fn list_kind(kind: Kind, scope: &Scope) -> String {
    let name = kind.json_kind();
    let regional = matches!(
        kind,
        Kind::Autoscaler | Kind::InstanceGroup | Kind::InstanceGroupManager
    );
    match scope {
        Scope::Region(_) if regional => {
            let (head, tail) = name.split_at(1);
            format!("region{}{tail}List", head.to_uppercase())
        }
        // Google's word here is the plural.
        _ if kind == Kind::SslPolicy => "sslPoliciesList".to_owned(),
        _ => format!("{name}List"),
    }
}

/// What the list of a kind over all scopes is called. Some of the names are in the plural.
pub(super) fn aggregated_kind(kind: Kind) -> String {
    match kind {
        Kind::HealthCheck | Kind::UrlMap | Kind::SslPolicy => {
            format!("{}AggregatedList", kind.collection())
        }
        _ => format!("{}AggregatedList", kind.json_kind()),
    }
}

/// The `kind`, `id` and `selfLink` of a list under a path.
pub(super) fn list_head(kind: &str, path: &str) -> Map<String, Value> {
    let mut head = Map::new();
    head.insert("kind".into(), json!(format!("compute#{kind}")));
    head.insert("id".into(), json!(path));
    head.insert("selfLink".into(), json!(canonical_url(path)));
    head
}
