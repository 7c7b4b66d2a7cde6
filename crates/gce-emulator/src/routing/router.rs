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
    applied: Mutex<Applied>,
}

/// What the last refresh has led to.
#[derive(Debug, Default)]
struct Applied {
    /// `None` when not all of it could be applied.
    table: Option<RoutingTable>,
    /// The rules whose failure has been reported.
    complaints: BTreeSet<String>,
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
        if applied.table.as_ref() == Some(&table) {
            return Ok(());
        }
        let result = self.balancer.apply(&table);
        applied.table = result.is_ok().then_some(table);
        applied.complain(result.as_ref().err().map_or(&[], Vec::as_slice));
        result
    }

    /// Refreshes whenever a resource or the fleet changes, and retries ports that were taken. Runs
    /// until it is dropped, or the store or the fleet has ended.
    pub async fn follow<T>(&self, mut fleet: watch::Receiver<T>) {
        let mut changes = self.store.changes();
        loop {
            // Marked as seen before the state is read: what changes in between wakes us again.
            changes.mark_unchanged();
            fleet.mark_unchanged();
            let complete = self.refresh().is_ok();
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

impl Applied {
    /// Names each port that cannot be had once, not once a second.
    fn complain(&mut self, failed: &[ListenError]) {
        for error in failed
            .iter()
            .filter(|error| !self.complaints.contains(&error.rule))
        {
            tracing::warn!(%error, source = %error.source, "a forwarding rule is not served");
        }
        self.complaints = failed.iter().map(|error| error.rule.clone()).collect();
    }
}
