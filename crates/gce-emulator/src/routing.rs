//! From resources to the balancer's routing table:
//!
//! ```text
//! forwarding rule → target HTTP proxy → URL map → backend service → group → instances
//!                                                        └── health check
//! ```
//!
//! Pure: the same resources and instances give the same table. A chain that is broken anywhere (a
//! URL map that does not exist yet) gives a frontend without a service, which answers 503.

mod router;

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use crate::balancer::{Backend, Check, Frontend, RoutingTable, Service};
use crate::resource::{Key, Kind, Resource, Scope};
use crate::store::Store;
pub use router::Router;

/// A running instance of a group, as routing needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub instance: String,
    /// The group; whether as manager or as plain instance group does not matter.
    pub group: Key,
    /// Where the workload listens.
    pub addr: SocketAddr,
    pub draining: bool,
}

/// The forwarding rule that has a port of its own, the one `up` was asked for. Every other rule
/// gets a free port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    pub rule: String,
    /// 0 for any.
    pub port: u16,
}

/// What the balancer shall do, given all resources and the instances that run.
///
/// The site's port is listened on from the first table on, though its rule may come later: so it
/// is known that the port is free before anything is started for it.
pub fn table(store: &Store, endpoints: &[Endpoint], site: Option<&Site>) -> RoutingTable {
    let port_of = |name: &str| {
        site.filter(|site| site.rule == name)
            .map_or(0, |site| site.port)
    };
    let rules = store.list(Kind::ForwardingRule, None);
    let mut frontends: Vec<Frontend> = rules
        .iter()
        .map(|rule| (frontend_name(&rule.key), rule))
        .map(|(name, rule)| frontend(store, endpoints, port_of(&name), name, rule))
        .collect();
    let missing = |site: &&Site| frontends.iter().all(|frontend| frontend.rule != site.rule);
    frontends.extend(site.filter(missing).map(reserved));
    RoutingTable { frontends }
}

/// The name under which the balancer knows a forwarding rule: `site` for a global one,
/// `us-central1/site` for a regional one, which may bear the same name.
pub fn frontend_name(rule: &Key) -> String {
    match &rule.scope {
        Scope::Global => rule.name.clone(),
        Scope::Region(place) | Scope::Zone(place) => format!("{place}/{}", rule.name),
    }
}

/// The longest draining time-out of the backend services that send requests to `group`: how long
/// its instances may take to finish when they have to go. Zero when nobody drains it.
pub fn draining_timeout(store: &Store, group: &Key) -> Duration {
    let services = store.list(Kind::BackendService, None);
    let serving = services
        .iter()
        .filter(|service| groups(service).any(|g| is_same(&g, group)));
    serving
        .map(|service| draining_timeout_of(service))
        .max()
        .unwrap_or_default()
}

/// A `HealthCheck` resource as probes to make; for backend services and for autohealing alike.
pub fn check(resource: &Resource) -> Check {
    let seconds = |field, default| seconds(resource, field, default);
    let threshold = |field| count(resource, field, 2);
    Check {
        name: resource.key.name.clone(),
        interval: seconds("checkIntervalSec", 5),
        timeout: seconds("timeoutSec", 5),
        healthy_threshold: threshold("healthyThreshold"),
        unhealthy_threshold: threshold("unhealthyThreshold"),
        path: resource
            .text("httpHealthCheck/requestPath")
            .unwrap_or("/")
            .to_owned(),
        host: resource
            .text("httpHealthCheck/host")
            .filter(|h| !h.is_empty())
            .map(str::to_owned),
        // At Google every machine has an address of its own and one port for all. Here they share
        // the address and differ by port, so a fixed port can only mean the serving one.
        port: None,
    }
}

/// A frontend that holds its port and answers 503.
fn reserved(site: &Site) -> Frontend {
    Frontend {
        rule: site.rule.clone(),
        port: site.port,
        target_proxy: String::new(),
        url_map: String::new(),
        service: None,
    }
}

fn frontend(
    store: &Store,
    endpoints: &[Endpoint],
    port: u16,
    name: String,
    rule: &Resource,
) -> Frontend {
    let follow = |from: &Resource, field, kind| {
        let next = from.reference(field).filter(|key: &Key| key.kind == kind)?;
        store.get(&next)
    };
    let proxy = follow(rule, "target", Kind::TargetHttpProxy);
    let map = proxy
        .as_ref()
        .and_then(|proxy| follow(proxy, "urlMap", Kind::UrlMap));
    let backend = map
        .as_ref()
        .and_then(|map| follow(map, "defaultService", Kind::BackendService));
    let name_of = |resource: Option<&Resource>| resource.map_or("", |r| &r.key.name).to_owned();
    Frontend {
        rule: name,
        port,
        target_proxy: name_of(proxy.as_deref()),
        url_map: name_of(map.as_deref()),
        service: backend.map(|backend| service(store, endpoints, &backend)),
    }
}

fn service(store: &Store, endpoints: &[Endpoint], resource: &Resource) -> Service {
    let check_key = resource.reference("healthChecks/0");
    Service {
        name: resource.key.name.clone(),
        timeout: seconds(resource, "timeoutSec", 30),
        draining_timeout: draining_timeout_of(resource),
        check: check_key
            .and_then(|key| store.get(&key))
            .map(|found| check(&found)),
        backends: groups(resource)
            .flat_map(|group| backends(endpoints, &group))
            .collect(),
    }
}

fn backends(endpoints: &[Endpoint], group: &Key) -> Vec<Backend> {
    let members = endpoints
        .iter()
        .filter(|endpoint| is_same(&endpoint.group, group));
    members
        .map(|endpoint| Backend {
            instance: endpoint.instance.clone(),
            group: group.name.clone(),
            zone: place(&group.scope).to_owned(),
            addr: endpoint.addr,
            draining: endpoint.draining,
        })
        .collect()
}

fn groups(service: &Resource) -> impl Iterator<Item = Key> {
    let backends = service.body.get("backends").and_then(Value::as_array);
    backends
        .into_iter()
        .flatten()
        .filter_map(|backend| Key::from_url(backend.get("group")?.as_str()?))
}

/// A managed group and its manager are two resources of one name.
fn is_same(one: &Key, other: &Key) -> bool {
    one.scope == other.scope && one.name == other.name
}

fn place(scope: &Scope) -> &str {
    match scope {
        Scope::Global => "global",
        Scope::Region(name) | Scope::Zone(name) => name,
    }
}

fn draining_timeout_of(service: &Resource) -> Duration {
    seconds(service, "connectionDraining/drainingTimeoutSec", 0)
}

fn seconds(resource: &Resource, field: &str, default: u32) -> Duration {
    Duration::from_secs(u64::from(count(resource, field, default)))
}

/// A whole number that is not negative; anything else reads as the default.
fn count(resource: &Resource, field: &str, default: u32) -> u32 {
    resource
        .number(field)
        .and_then(|number| u32::try_from(number).ok())
        .unwrap_or(default)
}

#[cfg(test)]
mod tests;
