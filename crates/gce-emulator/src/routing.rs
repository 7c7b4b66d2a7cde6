//! From resources to the balancer's routing table:
//!
//! ```text
//! forwarding rule → target proxy → URL map → backend service → group → instances
//!                        └── certificates          └── health check
//! ```
//!
//! Pure: the same resources and instances give the same table. A chain that is broken anywhere (a
//! URL map that does not exist yet) ends in [`Target::Nowhere`], which answers 503.

mod router;
mod services;
pub(crate) mod url_maps;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::balancer::{Certificate, Check, Frontend, RoutingTable, Target, UrlMap};
use crate::resource::{Key, Kind, Resource, Scope};
use crate::store::Store;
pub use router::Router;
use services::Services;

/// How long Google keeps an idle connection to a client.
const CLIENT_KEEP_ALIVE: u32 = 610;

/// A running instance of a group, as routing needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub instance: String,
    /// The group; whether as manager or as plain instance group does not matter.
    pub group: Key,
    pub listens: Listens,
    pub draining: bool,
}

/// Where the programs of an instance listen. At Google every machine has an address of its own; here
/// they share one, so that each port of a machine is another one of this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listens {
    /// The workload's place.
    pub addr: SocketAddr,
    /// By which port of the machine it is known. Where nobody has said that, every port leads to it.
    pub port: Option<u16>,
    /// By which port a second program is known, and its place.
    pub second: Option<(u16, SocketAddr)>,
}

impl Listens {
    /// The place of a port of the machine; one that refuses all connections if nobody listens there.
    fn at(self, port: Option<u16>) -> SocketAddr {
        match (port, self.port, self.second) {
            (Some(port), _, Some((second, addr))) if port == second => addr,
            (Some(port), Some(own), _) if port != own => SocketAddr::new(self.addr.ip(), 0),
            _ => self.addr,
        }
    }
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
    let mut services = Services::new(store, endpoints);
    let mut frontends: Vec<Frontend> = rules
        .iter()
        .map(|rule| {
            let name = frontend_name(&rule.key);
            Frontend {
                port: port_of(&name),
                secure_twin: secure_twin(store, rule),
                ..frontend(store, &mut services, name, rule)
            }
        })
        .collect();
    let missing = |site: &&Site| frontends.iter().all(|frontend| frontend.rule != site.rule);
    frontends.extend(site.filter(missing).map(|site| Frontend {
        port: site.port,
        ..nowhere(site.rule.clone())
    }));
    RoutingTable { frontends }
}

/// The name under which the balancer knows a forwarding rule: `site` for a global one,
/// `us-central1/site` for a regional one, which may bear the same name.
pub fn frontend_name(rule: &Key) -> String {
    scoped_name(rule)
}

/// The longest draining time-out of the backend services that send requests to `group`: how long
/// its instances may take to finish when they have to go. Zero when nobody drains it.
pub fn draining_timeout(store: &Store, group: &Key) -> Duration {
    services::draining_timeout(store, group)
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

/// A frontend that answers 503.
fn nowhere(rule: String) -> Frontend {
    Frontend {
        rule,
        port: 0,
        target_proxy: String::new(),
        url_map: String::new(),
        targets: UrlMap::to(Target::Nowhere),
        certificates: Vec::new(),
        keep_alive: Duration::from_secs(u64::from(CLIENT_KEEP_ALIVE)),
        secure_twin: None,
    }
}

fn frontend(store: &Store, services: &mut Services<'_>, name: String, rule: &Resource) -> Frontend {
    let Some(proxy) = proxy(store, rule) else {
        return nowhere(name);
    };
    let map = proxy
        .reference("urlMap")
        .filter(|key| key.kind == Kind::UrlMap)
        .and_then(|key| store.get(&key));
    let targets = map.as_ref().map(|map| url_maps::read(map, services));
    Frontend {
        target_proxy: proxy.key.name.clone(),
        url_map: map.map_or_else(String::new, |map| map.key.name.clone()),
        targets: targets.unwrap_or_else(|| UrlMap::to(Target::Nowhere)),
        certificates: certificates(store, &proxy),
        keep_alive: seconds(&proxy, "httpKeepAliveTimeoutSec", CLIENT_KEEP_ALIVE),
        ..nowhere(name)
    }
}

fn proxy(store: &Store, rule: &Resource) -> Option<Arc<Resource>> {
    let key = rule.reference("target")?;
    let is_proxy = key.kind == Kind::TargetHttpProxy || is_secure(&key);
    store.get(&key).filter(|_| is_proxy)
}

fn is_secure(proxy: &Key) -> bool {
    proxy.kind == Kind::TargetHttpsProxy
}

/// What a secure proxy shows, in its order. It shows something even if none of its certificates
/// can be found, for a browser learns more from a stranger's certificate than from silence.
fn certificates(store: &Store, proxy: &Resource) -> Vec<Certificate> {
    if !is_secure(&proxy.key) {
        return Vec::new();
    }
    let named = texts(proxy.body.get("sslCertificates"));
    let found = named.filter_map(|url| store.get(&Key::from_url(url)?));
    let mut all: Vec<Certificate> = found.map(|resource| certificate(&resource)).collect();
    if all.is_empty() {
        let domains = Vec::new();
        all.push(Certificate::Managed { domains });
    }
    all
}

fn certificate(resource: &Resource) -> Certificate {
    let pem = |field: &str| {
        let own = resource.text(&format!("selfManaged/{field}"));
        own.or_else(|| resource.text(field)).map(str::to_owned)
    };
    match (pem("certificate"), pem("privateKey")) {
        (Some(chain), Some(key)) => Certificate::Given { chain, key },
        _ => Certificate::Managed {
            domains: texts(resource.field("managed/domains"))
                .map(str::to_owned)
                .collect(),
        },
    }
}

/// The rule that serves the address of a plain one with HTTPS.
fn secure_twin(store: &Store, rule: &Resource) -> Option<String> {
    let address = rule.text("IPAddress")?;
    let serves = |other: &&Arc<Resource>| {
        other.key != rule.key
            && other.text("IPAddress") == Some(address)
            && other
                .reference("target")
                .is_some_and(|target| is_secure(&target))
    };
    let rules = store.list(Kind::ForwardingRule, None);
    rules
        .iter()
        .find(serves)
        .map(|twin| frontend_name(&twin.key))
}

/// A name that is unique among the resources of a kind in all scopes.
fn scoped_name(key: &Key) -> String {
    match &key.scope {
        Scope::Global => key.name.clone(),
        Scope::Region(place) | Scope::Zone(place) => format!("{place}/{}", key.name),
    }
}

/// The texts of a list.
fn texts(list: Option<&Value>) -> impl Iterator<Item = &str> {
    let list = list.and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
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
