//! What the balancer shall do, as plain data: the input of [`super::Balancer::apply`].

use std::net::SocketAddr;

pub use crate::prober::Check;

/// Every frontend of the local cloud. Applying a table replaces the one before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoutingTable {
    pub frontends: Vec<Frontend>,
}

/// A forwarding rule, followed down to the backends its requests go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frontend {
    /// The forwarding rule's name; it identifies the frontend from one table to the next.
    pub rule: String,
    /// The loopback port to listen on. 0 means any free one, kept for as long as the rule exists.
    pub port: u16,
    /// The name of the target proxy; empty while the rule's target does not exist.
    pub target_proxy: String,
    /// The name of the URL map; empty while the chain is broken before it.
    pub url_map: String,
    /// The URL map's default service. Without one every request is answered with 503.
    pub service: Option<Service>,
}

/// A backend service with the instances behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub name: String,
    /// The longest silence of a backend, before or within its answer (`timeoutSec`). Real time.
    pub timeout: std::time::Duration,
    /// How long an instance that leaves may finish what it has begun. Real time.
    pub draining_timeout: std::time::Duration,
    /// Without a check every backend counts as healthy.
    pub check: Option<Check>,
    pub backends: Vec<Backend>,
}

/// One instance that a backend service may send requests to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backend {
    /// The instance's name, as `x-served-by` shows it.
    pub instance: String,
    /// The name of the instance group it serves for.
    pub group: String,
    /// The group's zone or region, as traffic metrics label it.
    pub zone: String,
    pub addr: SocketAddr,
    /// A draining backend finishes what it has and gets nothing new.
    pub draining: bool,
}

impl RoutingTable {
    /// The services of all frontends; one that several frontends use comes several times.
    pub(super) fn services(&self) -> impl Iterator<Item = &Service> {
        self.frontends
            .iter()
            .filter_map(|frontend| frontend.service.as_ref())
    }
}
