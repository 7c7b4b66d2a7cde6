//! A resource as an answer shows it.

use serde_json::{Map, Value, json};

use super::table;
use crate::{
    api::Cloud,
    resource::{Kind, Resource, Scope, canonical_url, scope_url},
};

/// The whole answer: what is stored, what every resource has, and what its kind computes.
pub(super) fn image(cloud: &Cloud, resource: &Resource) -> Map<String, Value> {
    let mut body = resource.body.clone();
    complete(cloud.store().project(), resource, &mut body);
    if let Some(row) = table::row(resource.key.kind) {
        row.behaviour.view(cloud, resource, &mut body);
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

/// The `kind`, `id` and `selfLink` of a list of resources of `kind` under a path.
pub(super) fn list_head(kind: Kind, flavour: &str, path: &str) -> Map<String, Value> {
    let mut head = Map::new();
    head.insert(
        "kind".into(),
        json!(format!("compute#{}{flavour}", kind.json_kind())),
    );
    head.insert("id".into(), json!(path));
    head.insert("selfLink".into(), json!(canonical_url(path)));
    head
}
