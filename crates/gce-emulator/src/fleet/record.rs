//! An instance as a resource: Google's JSON, made from its template.

use autoscaler::Timestamp;
use serde_json::{Map, Value, json};

use super::machine::MachineStatus;
use crate::{
    clock::rfc3339,
    resource::{Key, Kind, Resource, Scope, last_segment, scope_url},
    store::Store,
};

/// What a template's properties give to an instance as they are.
const COPIED: [&str; 8] = [
    "canIpForward",
    "description",
    "disks",
    "labels",
    "scheduling",
    "serviceAccounts",
    "shieldedInstanceConfig",
    "tags",
];

/// What an instance is made from.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// The manager that makes it.
    pub(super) group: Key,
    /// The URL of the template.
    pub(super) template: String,
}

/// The resource of an instance that is about to be made. The number of an earlier instance of that
/// name stays, as in Google's repairs.
pub(super) fn instance(store: &Store, key: &Key, origin: &Origin, now: Timestamp) -> Resource {
    let project = store.project();
    let template = Key::from_url(&origin.template).and_then(|key| store.get(&key));
    let empty = Map::new();
    let properties = template
        .as_ref()
        .and_then(|template| template.field("properties")?.as_object());
    let properties = properties.unwrap_or(&empty);
    let mut body: Map<String, Value> = COPIED
        .iter()
        .filter_map(|field| Some(((*field).to_owned(), properties.get(*field)?.clone())))
        .collect();
    let machine_type = properties
        .get("machineType")
        .and_then(Value::as_str)
        .unwrap_or("e2-micro");
    let machine_type = Key::new(
        Kind::MachineType,
        key.scope.clone(),
        last_segment(machine_type),
    );
    body.insert("kind".into(), json!("compute#instance"));
    body.insert("name".into(), json!(key.name));
    body.insert("zone".into(), json!(scope_url(project, &key.scope)));
    body.insert("selfLink".into(), json!(key.url(project)));
    body.insert("machineType".into(), json!(machine_type.url(project)));
    body.insert("creationTimestamp".into(), json!(rfc3339(now)));
    body.insert("status".into(), json!(MachineStatus::Provisioning.as_str()));
    body.insert("metadata".into(), metadata(project, properties, origin));
    body.insert("networkInterfaces".into(), network(project));
    let mut resource = Resource::new(key.clone(), body);
    if let Some(earlier) = store.get(key) {
        resource.id = earlier.id;
    }
    resource
        .body
        .insert("id".into(), json!(resource.id.to_string()));
    resource
}

/// What a running instance takes over from a new template. What somebody wrote to its metadata
/// under other keys stays.
pub(super) fn refresh(body: &mut Map<String, Value>, template: &Resource) {
    for field in ["labels", "tags"] {
        match template.field(&format!("properties/{field}")) {
            Some(value) => _ = body.insert(field.into(), value.clone()),
            None => _ = body.remove(field),
        }
    }
    let given = template.field("properties/metadata/items");
    let mut items = given.and_then(Value::as_array).cloned().unwrap_or_default();
    let own = json!({"key": "instance-template", "value": template.text("selfLink")});
    items.retain(|item| item["key"] != own["key"]);
    items.push(own);
    let old = body
        .get("metadata")
        .and_then(|metadata| metadata.get("items"));
    let old = old.and_then(Value::as_array).into_iter().flatten();
    let is_new = |item: &&Value| items.iter().all(|new| new["key"] != item["key"]);
    let kept: Vec<Value> = old.filter(is_new).cloned().collect();
    items.extend(kept);
    let fingerprint = base64_of(&rand::random::<[u8; 8]>());
    let metadata = json!({"kind": "compute#metadata", "fingerprint": fingerprint, "items": items});
    body.insert("metadata".into(), metadata);
}

/// The machine type of an instance, as its name.
pub(super) fn machine_type(instance: &Resource) -> &str {
    last_segment(instance.text("machineType").unwrap_or_default())
}

/// The value of a metadata key.
pub(super) fn metadata_value<'a>(instance: &'a Resource, key: &str) -> Option<&'a str> {
    let items = instance.field("metadata/items")?.as_array()?;
    items
        .iter()
        .find(|item| item["key"] == key)?
        .get("value")?
        .as_str()
}

/// The template's items, and the two by which an instance learns where it belongs.
fn metadata(project: &str, properties: &Map<String, Value>, origin: &Origin) -> Value {
    let own = [
        ("instance-template", origin.template.clone()),
        ("created-by", origin.group.path(project)),
    ];
    let given = properties
        .get("metadata")
        .and_then(|metadata| metadata.get("items"));
    let given = given.and_then(Value::as_array).into_iter().flatten();
    let mut items: Vec<Value> = given
        .filter(|item| own.iter().all(|(key, _)| item["key"] != *key))
        .cloned()
        .collect();
    items.extend(own.map(|(key, value)| json!({"key": key, "value": value})));
    let fingerprint = base64_of(&rand::random::<[u8; 8]>());
    json!({"kind": "compute#metadata", "fingerprint": fingerprint, "items": items})
}

/// Local instances have no network of their own; they listen on the loopback.
fn network(project: &str) -> Value {
    let network = Key::new(Kind::Network, Scope::Global, "default").url(project);
    json!([{"kind": "compute#networkInterface", "name": "nic0", "network": network,
            "networkIP": "127.0.0.1"}])
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
