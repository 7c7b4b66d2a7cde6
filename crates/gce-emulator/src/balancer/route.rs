//! What a frontend does with a request, and the choice of the backend.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::traffic::Meter;
use super::upstream::{Lease, Upstream};
use crate::prober::Standing;

/// A frontend's routing, replaced as a whole when the table changes: a request keeps the one it
/// began with.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) service: Option<Pool>,
    /// Counts the requests that no backend answered.
    pub(super) unanswered: Arc<Meter>,
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

/// The backends of one service.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) timeout: Duration,
    pub(super) members: Vec<Member>,
    /// Shared with the pools before and after this one, so that a change of the table does not
    /// start the round again at the first backend.
    pub(super) cursor: Arc<AtomicUsize>,
}

/// A backend within a service.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) upstream: Arc<Upstream>,
    /// `None` when the service has no health check.
    pub(super) standing: Option<Arc<Standing>>,
    pub(super) meter: Arc<Meter>,
}

/// A failed try of a request.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) member: usize,
    /// The connection had served before: the backend may just have closed it for idleness.
    pub(super) on_reused_connection: bool,
}

/// How good a choice a backend is for this request; lower is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Fresh,
    /// It refused a connection and no probe has got through since. With nobody else left, asking
    /// once more beats giving up: it may be back already.
    Refused,
    /// It closed a pooled connection under this very request, which proves little.
    Again,
}

/// How often one request may come back to a backend that closed pooled connections under it.
const REUSED_FAILURES: usize = 3;

impl Pool {
    /// The next backend in the round for a request with these failed tries behind it.
    pub(super) fn choose(&self, failed: &[Attempt]) -> Option<(usize, Lease)> {
        let turn = self.cursor.fetch_add(1, Ordering::Relaxed);
        loop {
            let chosen = self.at_turn(turn, failed)?;
            // A backend that was closed since it was ranked ranks no more, so the loop ends.
            if let Some(lease) = self.members[chosen].upstream.lease() {
                return Some((chosen, lease));
            }
        }
    }

    /// Counts the eligible first and picks among them: taking the next eligible one from a fixed
    /// place in the ring would give the neighbour of an unhealthy backend a double share.
    fn at_turn(&self, turn: usize, failed: &[Attempt]) -> Option<usize> {
        let best = self.ranks(failed).map(|(_, rank)| rank).min()?;
        let eligible = || self.ranks(failed).filter(|(_, rank)| *rank == best);
        // A verdict may change between the two passes; the first of what is left will do then.
        let place = turn % eligible().count().max(1);
        eligible()
            .nth(place)
            .or_else(|| eligible().next())
            .map(|(index, _)| index)
    }

    fn ranks(&self, failed: &[Attempt]) -> impl Iterator<Item = (usize, Rank)> {
        self.members
            .iter()
            .enumerate()
            .filter_map(move |(index, member)| Some((index, member.rank(index, failed)?)))
    }
}

impl Member {
    /// `None` when this backend is out of the question.
    fn rank(&self, index: usize, failed: &[Attempt]) -> Option<Rank> {
        let standing = self.standing.as_deref();
        if self.upstream.is_closed() || standing.is_some_and(|standing| !standing.is_healthy()) {
            return None;
        }
        let mut before = failed
            .iter()
            .filter(|attempt| attempt.member == index)
            .peekable();
        if before.peek().is_some() {
            let count = before.clone().count();
            let may_repeat = before.all(|attempt| attempt.on_reused_connection);
            return (may_repeat && count <= REUSED_FAILURES).then_some(Rank::Again);
        }
        let refused = standing.is_some_and(Standing::has_refused);
        Some(if refused { Rank::Refused } else { Rank::Fresh })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    fn pool(size: u16) -> Pool {
        let member = |port| Member {
            upstream: Arc::new(Upstream::new("instance", ([127, 0, 0, 1], port).into())),
            standing: None,
            meter: Arc::default(),
        };
        Pool {
            timeout: Duration::from_secs(30),
            members: (1..=size).map(member).collect(),
            cursor: Arc::default(),
        }
    }

    fn chosen(pool: &Pool, failed: &[Attempt]) -> usize {
        pool.choose(failed).unwrap().0
    }

    #[test]
    fn every_backend_gets_its_turn() {
        let pool = pool(3);
        let round: Vec<usize> = (0..6).map(|_| chosen(&pool, &[])).collect();
        assert_eq!(round, [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn the_neighbour_of_a_closed_backend_gets_no_double_share() {
        let pool = pool(3);
        pool.members[1].upstream.set_closed(true);
        let round: Vec<usize> = (0..4).map(|_| chosen(&pool, &[])).collect();
        assert_eq!(round, [0, 2, 0, 2]);
    }

    #[test]
    fn a_backend_that_failed_a_request_is_not_asked_again() {
        let pool = pool(2);
        let failed = [Attempt {
            member: 0,
            on_reused_connection: false,
        }];
        assert!((0..4).all(|_| chosen(&pool, &failed) == 1));
    }

    #[test]
    fn the_only_backend_is_asked_again_after_a_stale_connection() {
        let pool = pool(1);
        let stale = || Attempt {
            member: 0,
            on_reused_connection: true,
        };
        assert_eq!(chosen(&pool, &[stale()]), 0);
        let fresh = Attempt {
            member: 0,
            on_reused_connection: false,
        };
        assert!(pool.choose(&[stale(), fresh]).is_none());
    }

    #[test]
    fn without_a_verdict_a_checked_backend_is_not_asked() {
        let mut pool = pool(1);
        pool.members[0].standing = Some(Arc::default());
        assert!(pool.choose(&[]).is_none());
    }
}
