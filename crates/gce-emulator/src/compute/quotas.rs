//! Quotas: how much of what the project may have, and how much it has. The limits are those of a
//! young project at Google; only the one on instances is enforced, and only by a fault.

use serde_json::{Value, json};

use super::catalog;
use crate::{
    api::Cloud,
    resource::{Key, Kind, Resource, Scope, last_segment},
};

/// What a quota counts.
enum Counted {
    /// Resources of a kind in zones and regions, or those that are global.
    Kind(Kind),
    /// Virtual CPUs of instances.
    Cpus,
    /// Addresses of instances.
    ExternalAddresses,
}

const REGIONAL: [(&str, f64, Counted); 8] = [
    ("AUTOSCALERS", 50.0, Counted::Kind(Kind::Autoscaler)),
    ("CPUS", 72.0, Counted::Cpus),
    ("INSTANCES", 72.0, Counted::Kind(Kind::Instance)),
    ("INSTANCE_GROUPS", 100.0, Counted::Kind(Kind::InstanceGroup)),
    (
        "INSTANCE_GROUP_MANAGERS",
        100.0,
        Counted::Kind(Kind::InstanceGroupManager),
    ),
    ("IN_USE_ADDRESSES", 16.0, Counted::ExternalAddresses),
    (
        "REGIONAL_AUTOSCALERS",
        50.0,
        Counted::Kind(Kind::Autoscaler),
    ),
    ("STATIC_ADDRESSES", 8.0, Counted::Kind(Kind::Address)),
];

const GLOBAL: [(&str, f64, Counted); 12] = [
    (
        "BACKEND_SERVICES",
        50.0,
        Counted::Kind(Kind::BackendService),
    ),
    ("CPUS_ALL_REGIONS", 144.0, Counted::Cpus),
    ("FIREWALLS", 100.0, Counted::Kind(Kind::Firewall)),
    (
        "FORWARDING_RULES",
        50.0,
        Counted::Kind(Kind::ForwardingRule),
    ),
    ("HEALTH_CHECKS", 75.0, Counted::Kind(Kind::HealthCheck)),
    (
        "INSTANCE_TEMPLATES",
        100.0,
        Counted::Kind(Kind::InstanceTemplate),
    ),
    (
        "SSL_CERTIFICATES",
        50.0,
        Counted::Kind(Kind::SslCertificate),
    ),
    ("SSL_POLICIES", 50.0, Counted::Kind(Kind::SslPolicy)),
    ("STATIC_ADDRESSES", 8.0, Counted::Kind(Kind::Address)),
    (
        "TARGET_HTTPS_PROXIES",
        50.0,
        Counted::Kind(Kind::TargetHttpsProxy),
    ),
    (
        "TARGET_HTTP_PROXIES",
        50.0,
        Counted::Kind(Kind::TargetHttpProxy),
    ),
    ("URL_MAPS", 50.0, Counted::Kind(Kind::UrlMap)),
];

/// The quotas of a region.
pub(super) fn of_region(cloud: &Cloud, region: &str) -> Value {
    let inside = |resource: &Resource| catalog::region_of(&resource.key.scope) == Some(region);
    shown(cloud, &REGIONAL, inside)
}

/// The quotas of the whole project: CPUs everywhere, everything else that is global.
pub(super) fn of_project(cloud: &Cloud) -> Value {
    let inside = |resource: &Resource| {
        resource.key.kind == Kind::Instance || resource.key.scope == Scope::Global
    };
    shown(cloud, &GLOBAL, inside)
}

fn shown(
    cloud: &Cloud,
    quotas: &[(&str, f64, Counted)],
    inside: impl Fn(&Resource) -> bool,
) -> Value {
    let list = |kind: Kind| {
        let all = cloud.store().list(kind, None);
        all.into_iter().filter(|resource| inside(resource))
    };
    let usage = |counted: &Counted| match counted {
        Counted::Kind(kind) => list(*kind).count() as f64,
        Counted::Cpus => list(Kind::Instance).map(|instance| cpus(&instance)).sum(),
        Counted::ExternalAddresses => list(Kind::Instance)
            .filter(|instance| {
                instance
                    .field("networkInterfaces/0/accessConfigs/0")
                    .is_some()
            })
            .count() as f64,
    };
    quotas
        .iter()
        .map(|(metric, limit, counted)| {
            json!({"metric": metric, "limit": limit, "usage": usage(counted)})
        })
        .collect()
}

/// The virtual CPUs that an instance shows, however small its share of them is.
fn cpus(instance: &Resource) -> f64 {
    let machine = instance.text("machineType").map(last_segment);
    let key = machine.map(|name| Key::new(Kind::MachineType, instance.key.scope.clone(), name));
    let found = key.and_then(|key| catalog::find(&key));
    found
        .and_then(|machine| machine.number("guestCpus"))
        .unwrap_or_default() as f64
}
