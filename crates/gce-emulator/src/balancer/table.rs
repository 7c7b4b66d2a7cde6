//! What the balancer shall do, as plain data: the input of [`super::Balancer::apply`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub use super::affinity::Affinity;
pub use super::certificate::Certificate;
pub use super::custom_headers::CustomHeader;
pub use super::redirect::{Path as RedirectPath, Redirect};
pub use super::url_map::{HostRule, PathRule, UrlMap};
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
    pub targets: UrlMap<Target>,
    /// What a TLS client is shown, the default first. Without one the frontend speaks plain HTTP.
    pub certificates: Vec<Certificate>,
    /// How long an idle connection to a client is kept (`httpKeepAliveTimeoutSec`).
    pub keep_alive: Duration,
    /// The rule that serves the same address with HTTPS.
    pub secure_twin: Option<String>,
}

/// What answers a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Target {
    Service(Arc<Service>),
    Redirect(Redirect),
    /// The chain is broken here: 503.
    #[default]
    Nowhere,
}

/// A backend service with the instances behind it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    pub name: String,
    /// The longest time for a whole answer (`timeoutSec`), from the request to its last byte; for
    /// a web socket the longest silence. Real time.
    pub timeout: Duration,
    /// How long an instance that leaves may finish what it has begun. Real time.
    pub draining_timeout: Duration,
    /// Without a check every backend counts as healthy.
    pub check: Option<Check>,
    pub affinity: Affinity,
    pub request_headers: Vec<CustomHeader>,
    pub response_headers: Vec<CustomHeader>,
    pub groups: Vec<Group>,
}

/// One group of a backend service (Compute v1, `Backend`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    /// Its zone or region, as traffic metrics label it.
    pub zone: String,
    pub share: Share,
    pub instances: Vec<Backend>,
}

/// How much of a service's requests a group gets, beside the other groups': in proportion to
/// `per_instance` times its healthy instances, plus `whole`. Nothing of both means that the group
/// drains.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    pub per_instance: f64,
    pub whole: f64,
}

/// Shares are numbers of requests or parts of one; never NaN.
impl Eq for Share {}

impl Share {
    /// Every instance counts the same.
    pub const EVEN: Self = Self {
        per_instance: 1.0,
        whole: 0.0,
    };

    pub(super) fn of(self, healthy: usize) -> f64 {
        if healthy == 0 {
            return 0.0;
        }
        self.per_instance * healthy as f64 + self.whole
    }

    pub(super) fn is_nothing(self) -> bool {
        self.per_instance <= 0.0 && self.whole <= 0.0
    }
}

/// One instance that a backend service may send requests to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backend {
    /// The instance's name, as `x-served-by` shows it.
    pub instance: String,
    pub addr: SocketAddr,
    /// A draining backend finishes what it has and gets nothing new.
    pub draining: bool,
}

impl RoutingTable {
    /// The services of all frontends; one that is reached in several ways comes several times.
    pub(super) fn services(&self) -> impl Iterator<Item = &Arc<Service>> {
        let targets = self.frontends.iter().flat_map(|f| f.targets.targets());
        targets.filter_map(|target| match target {
            Target::Service(service) => Some(service),
            Target::Redirect(_) | Target::Nowhere => None,
        })
    }
}

impl Service {
    pub(super) fn backends(&self) -> impl Iterator<Item = &Backend> {
        self.groups.iter().flat_map(|group| &group.instances)
    }
}
