//! A resource as an answer shows it.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{catalog, labels, paths, quotas, table};
use crate::{
    api::Cloud,
    resource::{Kind, Resource, Scope, canonical_url, scope_url},
};

/// An answer's fields. What is only stored is borrowed: a list of a thousand resources copies
/// nothing but what it adds to them.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Image<'r>(BTreeMap<Cow<'r, str>, Cow<'r, Value>>);

impl<'r> Image<'r> {
    fn of(resource: &'r Resource) -> Self {
        let fields = resource.body.iter();
        Self(
            fields
                .map(|(name, value)| (Cow::from(name.as_str()), Cow::Borrowed(value)))
                .collect(),
        )
    }

    pub(crate) fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field).map(Cow::as_ref)
    }

    /// A field to be changed in this answer only.
    pub(crate) fn get_mut(&mut self, field: &str) -> Option<&mut Value> {
        self.0.get_mut(field).map(Cow::to_mut)
    }

    pub(crate) fn insert(&mut self, field: &'static str, value: Value) {
        self.0.insert(field.into(), Cow::Owned(value));
    }

    /// The field, which is made if it is not there.
    pub(crate) fn entry(&mut self, field: &'static str, make: fn() -> Value) -> &mut Value {
        let value = self.0.entry(field.into());
        value.or_insert_with(|| Cow::Owned(make())).to_mut()
    }

    pub(crate) fn remove(&mut self, field: &str) {
        self.0.remove(field);
    }

    /// Leaves out what is at a path of keys.
    fn hide(&mut self, path: &str) {
        match path.split_once('/') {
            None => self.remove(path),
            Some((field, inner)) => {
                let around = self.get_mut(field).and_then(Value::as_object_mut);
                _ = around.and_then(|around| paths::remove(around, inner));
            }
        }
    }

    /// The image as a value of its own.
    pub(crate) fn to_value(&self) -> Value {
        let fields = self.0.iter();
        fields
            .map(|(name, value)| (name.to_string(), Value::clone(value)))
            .collect()
    }
}

impl From<Map<String, Value>> for Image<'_> {
    fn from(body: Map<String, Value>) -> Self {
        let fields = body.into_iter();
        Self(
            fields
                .map(|(name, value)| (Cow::Owned(name), Cow::Owned(value)))
                .collect(),
        )
    }
}

/// The whole answer: what is stored, what every resource has, and what its kind computes.
pub(super) fn image<'r>(cloud: &Cloud, resource: &'r Resource) -> Image<'r> {
    let mut image = completed(cloud.store().project(), resource);
    if let Some(row) = table::row(resource.key.kind) {
        for path in row.secret {
            image.hide(path);
        }
        if row.labels {
            image.insert("labelFingerprint", labels::fingerprint(resource));
        }
        row.behaviour.view(cloud, resource, &mut image);
    }
    if resource.key.kind == Kind::Subnetwork {
        let network = crate::resource::Key::global(Kind::Network, "default");
        image.insert("network", json!(cloud.store().url(&network)));
    }
    if resource.key.kind == Kind::Region {
        let quotas = quotas::of_region(cloud, &resource.key.name);
        image.insert("quotas", quotas);
    }
    image
}

/// What is stored is complete, with a link to itself; what the catalogue makes is not yet.
fn completed<'r>(project: &str, resource: &'r Resource) -> Image<'r> {
    if resource.body.contains_key("selfLink") {
        return Image::of(resource);
    }
    let mut body = resource.body.clone();
    complete(project, resource, &mut body);
    body.into()
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
