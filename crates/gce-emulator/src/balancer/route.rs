//! What a frontend does with a request: the routing table, ready to be used.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::pool::Pool;
use super::redirect::Redirect;
use super::traffic::Meter;
use super::url_map::UrlMap;

/// A frontend's routing, replaced as a whole when the table changes: a request keeps the one it
/// began with.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) targets: UrlMap<Arc<Leaf>>,
    pub(super) keep_alive: Duration,
    /// The loopback port behind which the same address is served with HTTPS.
    pub(super) secure_port: Option<u16>,
}

/// Where a request ends.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) outlet: Outlet,
    /// The path of the rule that leads here.
    pub(super) rule: Option<String>,
    /// Counts the requests that no backend answered.
    pub(super) unanswered: Arc<Meter>,
}

#[derive(Debug)]
pub(super) enum Outlet {
    Backends {
        pool: Pool,
        /// One for each of the pool's groups.
        meters: Vec<Arc<Meter>>,
    },
    Redirect(Redirect),
    Nowhere,
}

impl Route {
    /// Closes idle connections to backends that have grown old or were closed over there.
    pub(super) fn sweep(&self) {
        let pools = self.targets.targets().filter_map(|leaf| leaf.pool());
        for member in pools.flat_map(|pool| &pool.members) {
            member.upstream.idle.sweep();
        }
    }
}

impl Leaf {
    pub(super) fn pool(&self) -> Option<&Pool> {
        match &self.outlet {
            Outlet::Backends { pool, .. } => Some(pool),
            Outlet::Redirect(_) | Outlet::Nowhere => None,
        }
    }

    /// What counts the requests that a member of the pool has answered.
    pub(super) fn meter(&self, member: usize) -> &Meter {
        match &self.outlet {
            Outlet::Backends { pool, meters } => &meters[pool.members[member].group],
            Outlet::Redirect(_) | Outlet::Nowhere => &self.unanswered,
        }
    }
}

/// The one place where a frontend's current route is found and replaced.
#[derive(Debug)]
pub(super) struct RouteCell(RwLock<Arc<Route>>);

impl RouteCell {
    pub(super) fn new(route: Arc<Route>) -> Self {
        Self(RwLock::new(route))
    }

    pub(super) fn get(&self) -> Arc<Route> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn set(&self, route: Arc<Route>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = route;
    }
}
