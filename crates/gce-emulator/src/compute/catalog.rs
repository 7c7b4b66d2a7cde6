//! What is there without anybody having made it: regions, zones, machine types, and the default
//! network with its subnetworks. Small tables; nothing of it is stored.

use std::hash::Hasher;

use serde_json::{Map, Value, json};

use crate::resource::{Key, Kind, PROJECT_NUMBER, Resource, Scope};

/// Regions, the letters of their zones, and the second byte of the range that Google's automatic
/// networks have there: 10.128.0.0/20.
const REGIONS: [(&str, &str, u8); 6] = [
    ("asia-east1", "abc", 140),
    ("europe-west1", "bcd", 132),
    ("europe-west4", "abc", 164),
    ("us-central1", "abcf", 128),
    ("us-east1", "bcd", 142),
    ("us-west1", "abc", 138),
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

/// The day on which everything here came to be.
pub(crate) const CREATED: &str = "2024-01-01T00:00:00.000Z";

/// Whether a kind is served from here.
pub(super) fn serves(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Region
            | Kind::Zone
            | Kind::MachineType
            | Kind::Network
            | Kind::Subnetwork
            | Kind::Image
    )
}

/// Whether a kind of the catalogue lives in a scope.
pub(super) fn serves_in(kind: Kind, scope: &Scope) -> bool {
    match kind {
        Kind::MachineType => matches!(scope, Scope::Zone(_)),
        Kind::Subnetwork => matches!(scope, Scope::Region(_)),
        _ => serves(kind) && *scope == Scope::Global,
    }
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
        (Kind::Region, Scope::Global) => REGIONS.iter().map(|(name, ..)| region(name)).collect(),
        (Kind::Zone, Scope::Global) => zones()
            .map(|(region, zone)| zone_body(region, &zone))
            .collect(),
        (Kind::MachineType, Scope::Zone(zone)) if is_zone(zone) => MACHINE_TYPES
            .iter()
            .map(|machine| machine_type(zone, *machine))
            .collect(),
        (Kind::Network, Scope::Global) => vec![network()],
        (Kind::Subnetwork, Scope::Region(name)) => REGIONS
            .iter()
            .filter(|(region, ..)| region == name)
            .map(|(region, _, range)| subnetwork(region, *range))
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether a scope is one that exists.
pub(crate) fn knows(scope: &Scope) -> bool {
    match scope {
        Scope::Global => true,
        Scope::Region(name) => REGIONS.iter().any(|(region, ..)| region == name),
        Scope::Zone(name) => is_zone(name),
    }
}

/// All scopes, as aggregated lists name them.
pub(super) fn scopes() -> impl Iterator<Item = Scope> {
    let regions = REGIONS
        .iter()
        .map(|(name, ..)| Scope::Region((*name).to_owned()));
    let zones = zones().map(|(_, zone)| Scope::Zone(zone));
    std::iter::once(Scope::Global).chain(regions).chain(zones)
}

/// The region that a scope is or lies in.
pub(super) fn region_of(scope: &Scope) -> Option<&str> {
    match scope {
        Scope::Global => None,
        Scope::Region(name) => Some(name),
        Scope::Zone(name) => name.rsplit_once('-').map(|(region, _)| region),
    }
}

/// The zones of a region, by name.
pub(crate) fn zones_of(region: &str) -> Vec<String> {
    zones()
        .filter(|(of, _)| *of == region)
        .map(|(_, zone)| zone)
        .collect()
}

fn zones() -> impl Iterator<Item = (&'static str, String)> {
    REGIONS.iter().flat_map(|(region, letters, _)| {
        letters
            .chars()
            .map(move |letter| (*region, format!("{region}-{letter}")))
    })
}

fn is_zone(name: &str) -> bool {
    zones().any(|(_, zone)| zone == name)
}

/// References in the catalogue are bare names of scopes; an answer gives their URLs.
fn region(name: &str) -> Resource {
    let body = json!({"description": name, "status": "UP", "zones": zones_of(name)});
    resource(Key::global(Kind::Region, name), body)
}

fn zone_body(region: &str, zone: &str) -> Resource {
    let body = json!({"description": zone, "status": "UP", "region": region});
    resource(Key::global(Kind::Zone, zone), body)
}

fn network() -> Resource {
    let routing = json!({"routingMode": "REGIONAL"});
    let body = json!({"description": "Default network for the project",
        "autoCreateSubnetworks": true, "routingConfig": routing,
        "networkFirewallPolicyEnforcementOrder": "AFTER_CLASSIC_FIREWALL"});
    resource(Key::global(Kind::Network, "default"), body)
}

/// The keys of the default network's subnetworks.
pub(super) fn subnetworks() -> impl Iterator<Item = Key> {
    let key = |name: &str| Key::new(Kind::Subnetwork, Scope::Region(name.to_owned()), "default");
    REGIONS.iter().map(move |(name, ..)| key(name))
}

fn subnetwork(region: &str, range: u8) -> Resource {
    let key = Key::new(
        Kind::Subnetwork,
        Scope::Region(region.to_owned()),
        "default",
    );
    let body = json!({"ipCidrRange": format!("10.{range}.0.0/20"),
        "gatewayAddress": format!("10.{range}.0.1"), "privateIpGoogleAccess": false,
        "purpose": "PRIVATE", "stackType": "IPV4_ONLY"});
    resource(key, body)
}

fn machine_type(zone: &str, machine: (&str, u32, u32, bool)) -> Resource {
    let (name, cpus, memory, shared) = machine;
    let body = json!({"guestCpus": cpus, "memoryMb": memory, "isSharedCpu": shared,
        "maximumPersistentDisks": 16, "maximumPersistentDisksSizeGb": "3072", "imageSpaceGb": 0,
        "architecture": "X86_64", "description": format!("{cpus} vCPUs, {memory} MB")});
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
pub(super) fn id(path: &str) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(path.as_bytes());
    hasher.finish() >> 4
}

/// The project as a resource of its own.
pub(super) fn project(name: &str) -> Value {
    json!({
        "kind": "compute#project", "id": PROJECT_NUMBER, "name": name,
        "creationTimestamp": CREATED,
        "selfLink": crate::resource::canonical_url(&format!("projects/{name}")),
        "defaultServiceAccount": format!("{PROJECT_NUMBER}-compute@developer.gserviceaccount.com"),
        "defaultNetworkTier": "PREMIUM", "xpnProjectStatus": "UNSPECIFIED_XPN_PROJECT_STATUS",
        "commonInstanceMetadata": {"kind": "compute#metadata", "fingerprint": "AAAAAAAAAAA="},
    })
}
