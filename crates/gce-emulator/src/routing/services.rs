//! A `BackendService` resource with the instances behind it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::{Endpoint, check, count, scoped_name, seconds, texts};
use crate::balancer::{Affinity, Backend, CustomHeader, Group, Service, Share};
use crate::resource::{Key, Kind, Resource, Scope};
use crate::store::Store;

/// The longest time that Google gives a backend.
const LONGEST: u32 = 86_400;

/// The share of its capacity up to which a group in mode UTILIZATION is used, unless it says so.
const UTILIZATION: f64 = 0.8;

/// The services that a table needs, each read once however many rules lead to it.
pub(super) struct Services<'a> {
    store: &'a Store,
    endpoints: &'a [Endpoint],
    read: HashMap<Key, Option<Arc<Service>>>,
}

impl<'a> Services<'a> {
    pub(super) fn new(store: &'a Store, endpoints: &'a [Endpoint]) -> Self {
        let read = HashMap::new();
        Self {
            store,
            endpoints,
            read,
        }
    }

    /// The service at `url`, if it exists.
    pub(super) fn get(&mut self, url: &str) -> Option<Arc<Service>> {
        let key = Key::from_url(url).filter(|key| key.kind == Kind::BackendService)?;
        if let Some(known) = self.read.get(&key) {
            return known.clone();
        }
        let found = self.store.get(&key);
        let service = found.map(|resource| Arc::new(self.read(&resource)));
        self.read.insert(key, service.clone());
        service
    }

    fn read(&self, resource: &Resource) -> Service {
        let check_key = resource.reference("healthChecks/0");
        let headers = |field: &str| {
            let lines = texts(resource.body.get(field));
            lines.filter_map(CustomHeader::parse).collect()
        };
        let timeout = count(resource, "timeoutSec", 30).min(LONGEST);
        Service {
            name: scoped_name(&resource.key),
            timeout: Duration::from_secs(u64::from(timeout)),
            draining_timeout: draining_timeout_of(resource),
            check: check_key
                .and_then(|key| self.store.get(&key))
                .map(|found| check(&found)),
            affinity: affinity(resource),
            request_headers: headers("customRequestHeaders"),
            response_headers: headers("customResponseHeaders"),
            groups: self.groups(resource),
        }
    }

    fn groups(&self, service: &Resource) -> Vec<Group> {
        let port = service.text("portName").unwrap_or("http");
        let modes: Vec<&str> = backends(service).map(mode).collect();
        let comparable = modes.iter().all(|mode| *mode == modes[0]);
        let group = |backend: &Value| {
            let key = Key::from_url(backend.get("group")?.as_str()?)?;
            Some(Group {
                name: key.name.clone(),
                zone: place(&key.scope).to_owned(),
                share: share(backend, comparable),
                instances: self.instances(&key, port),
            })
        };
        backends(service).filter_map(group).collect()
    }

    /// The instances of a group, if it has a port of this name.
    fn instances(&self, group: &Key, port: &str) -> Vec<Backend> {
        let Some(named) = self.named_port(group, port) else {
            return Vec::new();
        };
        let port = named["port"].as_u64();
        let port = port.and_then(|port| u16::try_from(port).ok());
        let members = self.endpoints.iter().filter(|e| is_same(&e.group, group));
        members
            .map(|endpoint| Backend {
                instance: endpoint.instance.clone(),
                addr: endpoint.listens.at(port),
                draining: endpoint.draining,
            })
            .collect()
    }

    fn named_port(&self, group: &Key, port: &str) -> Option<Value> {
        let key = Key::new(Kind::InstanceGroup, group.scope.clone(), &*group.name);
        let group = self.store.get(&key)?;
        let mut ports = group.body.get("namedPorts")?.as_array()?.iter();
        ports.find(|named| named["name"] == port).cloned()
    }
}

/// The longest draining time-out of the backend services that send requests to `group`.
pub(super) fn draining_timeout(store: &Store, group: &Key) -> Duration {
    let services = store.list(Kind::BackendService, None);
    let serving = services
        .iter()
        .filter(|service| groups(service).any(|g| is_same(&g, group)));
    serving
        .map(|service| draining_timeout_of(service))
        .max()
        .unwrap_or_default()
}

/// What a backend's balancing mode makes of it beside the others. Rates and utilizations cannot be
/// compared; where a service has both, every instance counts the same.
fn share(backend: &Value, comparable: bool) -> Share {
    let number = |field: &str| backend.get(field).and_then(Value::as_f64);
    let scaler = number("capacityScaler").unwrap_or(1.0);
    let share = match (
        mode(backend),
        number("maxRate"),
        number("maxRatePerInstance"),
    ) {
        _ if !comparable => Share::EVEN,
        ("RATE", Some(whole), _) => Share {
            per_instance: 0.0,
            whole,
        },
        ("RATE", None, Some(per_instance)) => Share {
            per_instance,
            whole: 0.0,
        },
        _ => Share {
            per_instance: number("maxUtilization").unwrap_or(UTILIZATION),
            whole: 0.0,
        },
    };
    Share {
        per_instance: share.per_instance * scaler,
        whole: share.whole * scaler,
    }
}

fn mode(backend: &Value) -> &str {
    let mode = backend.get("balancingMode").and_then(Value::as_str);
    mode.unwrap_or("UTILIZATION")
}

fn affinity(service: &Resource) -> Affinity {
    let ttl = |seconds: i64| u64::try_from(seconds).ok().filter(|ttl| *ttl > 0);
    let ttl = |field: &str| {
        let seconds = service.number(field).and_then(ttl);
        seconds.map(Duration::from_secs)
    };
    let hash = |field: &str| {
        let text = service.text(&format!("consistentHash/{field}"));
        text.unwrap_or_default().to_owned()
    };
    let is_external = service.key.scope == Scope::Global
        && service.text("loadBalancingScheme") != Some("INTERNAL_MANAGED");
    match service.text("sessionAffinity") {
        Some("CLIENT_IP") => Affinity::ClientIp,
        Some("GENERATED_COOKIE") => Affinity::GeneratedCookie {
            name: if is_external { "GCLB" } else { "GCILB" },
            ttl: ttl("affinityCookieTtlSec"),
        },
        Some("HTTP_COOKIE") => Affinity::HttpCookie {
            name: hash("httpCookie/name"),
            path: Some(hash("httpCookie/path"))
                .filter(|path| !path.is_empty())
                .unwrap_or_else(|| "/".to_owned()),
            ttl: ttl("consistentHash/httpCookie/ttl/seconds"),
        },
        Some("HEADER_FIELD") => Affinity::Header(hash("httpHeaderName")),
        _ => Affinity::None,
    }
}

fn backends(service: &Resource) -> impl Iterator<Item = &Value> {
    let backends = service.body.get("backends").and_then(Value::as_array);
    backends.into_iter().flatten()
}

fn groups(service: &Resource) -> impl Iterator<Item = Key> {
    backends(service).filter_map(|backend| Key::from_url(backend.get("group")?.as_str()?))
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
