//! An instance as the balancer sees it: where it is, whether it may be asked, what it is busy with.

use http::HeaderValue;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::affinity;
use super::http1::Idle;

/// A backend's address and its requests in flight, shared by every route that leads to it.
#[derive(Debug)]
pub(super) struct Upstream {
    /// Its name, as a header shows it.
    pub(super) label: HeaderValue,
    pub(super) addr: SocketAddr,
    pub(super) idle: Idle,
    /// What a cookie calls it, the same in every run.
    pub(super) mark: u64,
    in_flight: AtomicUsize,
    closed: AtomicBool,
}

impl Upstream {
    pub(super) fn new(instance: &str, addr: SocketAddr) -> Self {
        Self {
            // A resource's name is always a legal value.
            label: HeaderValue::from_str(instance).unwrap_or_else(|_| HeaderValue::from_static("")),
            addr,
            idle: Idle::default(),
            mark: affinity::mark(instance.as_bytes()),
            in_flight: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
        }
    }

    /// A closed upstream gets no new requests: it drains, or has left.
    pub(super) fn set_closed(&self, closed: bool) {
        self.closed.store(closed, Ordering::SeqCst);
        self.idle.set_closed(closed);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// Reserves the upstream for one request; `None` when it is closed.
    ///
    /// The count goes up before the look at `closed`, and a reader closes before it looks at the
    /// count. So whoever has closed an upstream and then seen a count of zero can be sure that no
    /// request is on its way to it, and may end the process.
    pub(super) fn lease(self: &Arc<Self>) -> Option<Lease> {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        let lease = Lease(Arc::clone(self));
        (!self.is_closed()).then_some(lease)
    }
}

/// One request in flight at an upstream; dropping it ends the request.
#[derive(Debug)]
pub(super) struct Lease(Arc<Upstream>);

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_upstream_gives_no_lease_and_keeps_those_given() {
        let upstream = Arc::new(Upstream::new("a", ([127, 0, 0, 1], 1).into()));
        let lease = upstream.lease();
        upstream.set_closed(true);
        assert!(upstream.lease().is_none());
        assert_eq!(upstream.in_flight(), 1);
        drop(lease);
        assert_eq!(upstream.in_flight(), 0);
    }
}
