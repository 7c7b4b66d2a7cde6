//! What is there without anybody having made it: regions, zones, machine types, the default network
//! and the public images. Small tables; nothing of it is stored.

use std::{collections::HashSet, hash::Hasher};

use serde_json::{Map, Value, json};

use crate::resource::{Key, Kind, Resource, Scope, canonical_url};

/// Regions and the letters of their zones.
const REGIONS: [(&str, &str); 6] = [
    ("asia-east1", "abc"),
    ("europe-west1", "bcd"),
    ("europe-west4", "abc"),
    ("us-central1", "abcf"),
    ("us-east1", "bcd"),
    ("us-west1", "abc"),
];

/// Machine types: name, visible CPUs, memory in MB, whether the core is shared.
const MACHINE_TYPES: [(&str, u32, u32, bool); 7] = [
    ("e2-medium", 2, 4096, true),
    ("e2-micro", 2, 1024, true),
    ("e2-small", 2, 2048, true),
    ("e2-standard-2", 2, 8192, false),
    ("e2-standard-4", 4, 16_384, false),
    ("n2-standard-2", 2, 8192, false),
    ("n2-standard-4", 4, 16_384, false),
];

/// Image projects, their families, and the image that each family stands for today.
const FAMILIES: [(&str, &str, &str); 5] = [
    ("cos-cloud", "cos-stable", "cos-stable-125-19216-0-0"),
    ("cos-cloud", "cos-125-lts", "cos-125-19216-0-0"),
    ("cos-cloud", "cos-121-lts", "cos-121-18867-0-0"),
    ("debian-cloud", "debian-12", "debian-12-bookworm-v20261110"),
    ("debian-cloud", "debian-13", "debian-13-trixie-v20261110"),
];

/// The day on which everything here came to be.
const CREATED: &str = "2024-01-01T00:00:00.000Z";

/// Whether a kind is served from here.
pub(super) fn serves(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Region | Kind::Zone | Kind::MachineType | Kind::Network
    )
}

pub(super) fn has(key: &Key) -> bool {
    find(key).is_some()
}

pub(super) fn find(key: &Key) -> Option<Resource> {
    list(key.kind, &key.scope)
        .into_iter()
        .find(|resource| resource.key == *key)
}

/// Everything of a kind in a scope, by name.
pub(super) fn list(kind: Kind, scope: &Scope) -> Vec<Resource> {
    match (kind, scope) {
        (Kind::Region, Scope::Global) => REGIONS.iter().map(|(name, _)| region(name)).collect(),
        (Kind::Zone, Scope::Global) => zones()
            .map(|(region, zone)| zone_body(region, &zone))
            .collect(),
        (Kind::MachineType, Scope::Zone(zone)) if is_zone(zone) => MACHINE_TYPES
            .iter()
            .map(|machine| machine_type(zone, *machine))
            .collect(),
        (Kind::Network, Scope::Global) => {
            let body = json!({"autoCreateSubnetworks": true, "routingConfig": {"routingMode": "REGIONAL"}});
            vec![resource(Key::global(Kind::Network, "default"), body)]
        }
        _ => Vec::new(),
    }
}

/// Whether a scope is one that exists.
pub(super) fn knows(scope: &Scope) -> bool {
    match scope {
        Scope::Global => true,
        Scope::Region(name) => REGIONS.iter().any(|(region, _)| region == name),
        Scope::Zone(name) => is_zone(name),
    }
}

/// All scopes, as aggregated lists name them.
pub(super) fn scopes() -> impl Iterator<Item = Scope> {
    let regions = REGIONS
        .iter()
        .map(|(name, _)| Scope::Region((*name).to_owned()));
    let zones = zones().map(|(_, zone)| Scope::Zone(zone));
    std::iter::once(Scope::Global).chain(regions).chain(zones)
}

/// A public image, by `family/NAME` or by its own name; its project is not ours.
pub(super) fn image(project: &str, name: &str) -> Option<Value> {
    let wanted = |(owner, family, image): &&(&str, &str, &str)| {
        *owner == project
            && name
                .strip_prefix("family/")
                .map_or(*image == name, |name| *family == name)
    };
    let (_, family, image) = FAMILIES.iter().find(wanted)?;
    let path = format!("projects/{project}/global/images/{image}");
    Some(json!({
        "kind": "compute#image", "id": id(&path).to_string(), "name": image, "family": family,
        "creationTimestamp": CREATED, "selfLink": canonical_url(&path), "status": "READY",
        "diskSizeGb": "10", "archiveSizeBytes": "1000000000", "sourceType": "RAW",
    }))
}

/// Whether a project is one of those that publish images.
pub(super) fn publishes_images(project: &str) -> bool {
    FAMILIES
        .iter()
        .map(|(owner, ..)| *owner)
        .collect::<HashSet<_>>()
        .contains(project)
}

fn zones() -> impl Iterator<Item = (&'static str, String)> {
    REGIONS.iter().flat_map(|(region, letters)| {
        letters
            .chars()
            .map(move |letter| (*region, format!("{region}-{letter}")))
    })
}

fn is_zone(name: &str) -> bool {
    zones().any(|(_, zone)| zone == name)
}

fn region(name: &str) -> Resource {
    resource(
        Key::global(Kind::Region, name),
        json!({"description": name, "status": "UP"}),
    )
}

fn zone_body(region: &str, zone: &str) -> Resource {
    let body = json!({"description": zone, "status": "UP", "region": region});
    resource(Key::global(Kind::Zone, zone), body)
}

fn machine_type(zone: &str, machine: (&str, u32, u32, bool)) -> Resource {
    let (name, cpus, memory, shared) = machine;
    let body = json!({"guestCpus": cpus, "memoryMb": memory, "isSharedCpu": shared,
        "maximumPersistentDisks": 16, "description": format!("{cpus} vCPUs, {memory} MB")});
    resource(Key::zonal(Kind::MachineType, zone, name), body)
}

fn resource(key: Key, body: Value) -> Resource {
    let mut body = match body {
        Value::Object(body) => body,
        _ => Map::new(),
    };
    body.insert("creationTimestamp".into(), json!(CREATED));
    let id = id(&key.path(""));
    Resource { key, id, body }
}

/// A number that is the same in every run.
fn id(path: &str) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(path.as_bytes());
    hasher.finish() >> 4
}
