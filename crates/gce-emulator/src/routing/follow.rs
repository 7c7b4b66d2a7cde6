//! Keeps a balancer in line with the state of the cloud.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::watch;

use super::{Endpoint, Site, table};
use crate::balancer::{Balancer, ListenError};
use crate::store::Store;

/// How long a port that was taken is left alone before it is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Applies a new table whenever a resource or the fleet changes. Runs until it is dropped, or the
/// store or the fleet has ended.
///
/// `fleet` is whatever the owner of the instances publishes, and `endpoints` reads it.
pub async fn follow<T>(
    balancer: &Balancer,
    store: &Store,
    site: Option<&Site>,
    mut fleet: watch::Receiver<T>,
    endpoints: impl Fn(&T) -> Vec<Endpoint>,
) {
    let mut changes = store.changes();
    let mut applied = None;
    let mut complaints = BTreeSet::new();
    loop {
        // Marked as seen before the state is read: what changes in between wakes us again.
        changes.borrow_and_update();
        let running = endpoints(&fleet.borrow_and_update());
        let table = table(store, &running, site);
        if applied.as_ref() != Some(&table) {
            let failed = balancer.apply(&table).err().unwrap_or_default();
            applied = failed.is_empty().then_some(table);
            complain(&mut complaints, failed);
        }
        let alive = tokio::select! {
            changed = changes.changed() => changed.is_ok(),
            changed = fleet.changed() => changed.is_ok(),
            () = tokio::time::sleep(RETRY), if applied.is_none() => true,
        };
        if !alive {
            return;
        }
    }
}

/// Names each port that cannot be had once, not once a second.
fn complain(known: &mut BTreeSet<String>, failed: Vec<ListenError>) {
    for error in &failed {
        if !known.contains(&error.rule) {
            tracing::warn!(error = %error, source = %error.source, "a forwarding rule is not served");
        }
    }
    *known = failed.into_iter().map(|error| error.rule).collect();
}
