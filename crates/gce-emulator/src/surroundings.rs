//! What the balancer and the metadata server do for the fleet.

use std::{
    any::Any,
    io,
    net::SocketAddr,
    sync::{Arc, Weak},
};

use crate::{
    apis::held,
    balancer::Balancer,
    clock::Clock,
    fleet::{Machine, Surroundings},
    metadata_server,
    resource::Key,
    routing::Router,
    store::Store,
};

/// Holds the balancer weakly: its owner decides when it ends, not the fleet.
pub(crate) struct Around {
    store: Store,
    clock: Clock,
    router: Weak<Router>,
    balancer: Weak<Balancer>,
}

impl Around {
    pub(crate) fn new(
        store: Store,
        clock: Clock,
        router: &Arc<Router>,
        balancer: &Arc<Balancer>,
    ) -> Arc<Self> {
        let (router, balancer) = (Arc::downgrade(router), Arc::downgrade(balancer));
        Arc::new(Self {
            store,
            clock,
            router,
            balancer,
        })
    }
}

impl Surroundings for Around {
    fn route(&self, _machines: &[Machine]) {
        // The router reads the machines itself, under its lock: the slice may be overtaken.
        if let Some(router) = self.router.upgrade() {
            // A port that is taken is reported and tried again by the router.
            _ = router.refresh();
        }
    }

    fn in_flight(&self, instance: &str) -> usize {
        self.balancer
            .upgrade()
            .map_or(0, |balancer| balancer.in_flight(instance))
    }

    fn open_metadata(
        &self,
        instance: &Key,
    ) -> io::Result<(SocketAddr, Box<dyn Any + Send + Sync>)> {
        let (store, clock) = (self.store.clone(), self.clock.clone());
        let listener = metadata_server::open(store, clock, instance.clone())?;
        Ok((listener.addr, Box::new(listener)))
    }

    fn secret(&self, secret: &str, version: u64) -> Option<Vec<u8>> {
        held(&self.store, secret, version)
    }
}
