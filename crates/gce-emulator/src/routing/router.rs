//! Keeps a balancer in line with the state of the cloud.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::{Endpoint, Site, table};
use crate::balancer::{Balancer, ListenError, RoutingTable};
use crate::store::Store;

/// How long a port that was taken is left alone before it is tried again.
const RETRY: Duration = Duration::from_secs(1);

type Source = Box<dyn Fn() -> Vec<Endpoint> + Send + Sync>;

/// Turns resources and running instances into the balancer's table, again and again.
pub struct Router {
    balancer: Arc<Balancer>,
    store: Store,
    site: Option<Site>,
    source: OnceLock<Source>,
    /// What was applied last; `None` when not all of it could be.
    applied: Mutex<Option<RoutingTable>>,
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router")
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}

impl Router {
    /// A router without instances; see [`Router::attach`].
    pub fn new(balancer: Arc<Balancer>, store: Store, site: Option<Site>) -> Self {
        let (source, applied) = (OnceLock::new(), Mutex::default());
        Self {
            balancer,
            store,
            site,
            source,
            applied,
        }
    }

    /// Says where to read the running instances. The fleet needs the router in order to drain, so
    /// it comes second; only the first call counts.
    pub fn attach(&self, endpoints: impl Fn() -> Vec<Endpoint> + Send + Sync + 'static) {
        let _ = self.source.set(Box::new(endpoints));
    }

    /// Makes the balancer obey the state as it is now. When this returns, an instance that was
    /// draining before the call gets no new request.
    ///
    /// The state is read under the lock that also covers applying it. Were it handed in by the
    /// caller, an older view could be applied after a newer one, and send requests to an instance
    /// that is about to be ended.
    pub fn refresh(&self) -> Result<(), Vec<ListenError>> {
        let mut applied = self.applied.lock().unwrap_or_else(PoisonError::into_inner);
        let endpoints = self.source.get().map_or_else(Vec::new, |source| source());
        let table = table(&self.store, &endpoints, self.site.as_ref());
        if applied.as_ref() == Some(&table) {
            return Ok(());
        }
        let result = self.balancer.apply(&table);
        *applied = result.is_ok().then_some(table);
        result
    }

    /// Refreshes whenever a resource or the fleet changes, and retries ports that were taken, which
    /// it names in the log. Runs until it is dropped, or the store or the fleet has ended.
    pub async fn follow<T>(&self, mut fleet: watch::Receiver<T>) {
        let mut changes = self.store.changes();
        let mut complaints = Complaints::default();
        loop {
            // Marked as seen before the state is read: what changes in between wakes us again.
            changes.mark_unchanged();
            fleet.mark_unchanged();
            let result = self.refresh();
            let complete = result.is_ok();
            complaints.update(&result.err().unwrap_or_default());
            let alive = tokio::select! {
                changed = changes.changed() => changed.is_ok(),
                changed = fleet.changed() => changed.is_ok(),
                () = tokio::time::sleep(RETRY), if !complete => true,
            };
            if !alive {
                return;
            }
        }
    }
}

/// The rules whose failure has been reported.
#[derive(Debug, Default)]
struct Complaints(BTreeSet<String>);

impl Complaints {
    /// Names each port that cannot be had once, not once a second.
    fn update(&mut self, failed: &[ListenError]) {
        for error in failed.iter().filter(|error| !self.0.contains(&error.rule)) {
            tracing::warn!(%error, source = %error.source, "a forwarding rule is not served");
        }
        self.0 = failed.iter().map(|error| error.rule.clone()).collect();
    }
}
