//! The backends of a service, and the choice of one for a request.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::affinity::{Affinity, Wish, score};
use super::custom_headers::CustomHeader;
use super::table::Share;
use super::upstream::{Lease, Upstream};
use crate::prober::Standing;

/// The backends of one service.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) timeout: Duration,
    pub(super) affinity: Affinity,
    pub(super) request_headers: Vec<CustomHeader>,
    pub(super) response_headers: Vec<CustomHeader>,
    pub(super) members: Vec<Member>,
    pub(super) groups: Vec<Group>,
    /// Shared with the pools before and after this one, so that a change of the table does not
    /// start the round again at the first backend.
    pub(super) cursor: Arc<AtomicUsize>,
}

/// A group of backends within a service.
#[derive(Debug)]
pub(super) struct Group {
    /// Where its members are in the pool.
    pub(super) members: Range<usize>,
    pub(super) share: Share,
    /// The round within the group, where groups get shares of their own.
    pub(super) cursor: AtomicUsize,
}

/// A backend within a service.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) upstream: Arc<Upstream>,
    /// `None` when the service has no health check.
    pub(super) standing: Option<Arc<Standing>>,
    /// Which of the pool's groups it belongs to.
    pub(super) group: usize,
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

/// The inverse of the golden ratio. Its multiples, less their whole parts, fill the span from 0 to
/// 1 as evenly as can be, so shares are kept over a few requests and not only over many.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

impl Pool {
    /// The next backend for a request with this wish and these failed tries behind it.
    pub(super) fn choose(&self, wish: Wish, failed: &[Attempt]) -> Option<(usize, Lease)> {
        let turn = self.cursor.fetch_add(1, Ordering::Relaxed);
        loop {
            let best = self.ranks(failed).map(|(_, rank)| rank).min()?;
            let chosen = self
                .wished(wish, best, failed)
                .or_else(|| self.at_turn(turn, best, failed))?;
            // A backend that was closed since it was ranked ranks no more, so the loop ends.
            if let Some(lease) = self.members[chosen].upstream.lease() {
                return Some((chosen, lease));
            }
        }
    }

    /// The backend that affinity asks for, unless there is a better one than it.
    fn wished(&self, wish: Wish, best: Rank, failed: &[Attempt]) -> Option<usize> {
        let mark_of = |index: usize| self.members[index].upstream.mark;
        match wish {
            Wish::Any => None,
            Wish::Marked(mark) => self
                .ranked(0..self.members.len(), best, failed)
                .find(|index| mark_of(*index) == mark),
            Wish::Hashed(hash) => self
                .ranked(0..self.members.len(), best, failed)
                .max_by_key(|index| score(hash, mark_of(*index))),
        }
    }

    /// The backend whose turn it is, among the best.
    fn at_turn(&self, turn: usize, best: Rank, failed: &[Attempt]) -> Option<usize> {
        if self.is_even() {
            return self.nth(0..self.members.len(), turn, best, failed);
        }
        let point = (turn as f64 * GOLDEN).fract();
        let group = self.group_at(point, best, failed)?;
        let turn = group.cursor.fetch_add(1, Ordering::Relaxed);
        self.nth(group.members.clone(), turn, best, failed)
    }

    /// The group at a point from 0 to 1 when all are laid end to end, each as long as its share.
    fn group_at(&self, point: f64, best: Rank, failed: &[Attempt]) -> Option<&Group> {
        let share = |group: &Group| {
            let healthy = self.ranked(group.members.clone(), best, failed).count();
            group.share.of(healthy)
        };
        let mut left = point * self.groups.iter().map(share).sum::<f64>();
        let mut last = None;
        for group in &self.groups {
            let share = share(group);
            if share > 0.0 {
                last = Some(group);
                if left < share {
                    break;
                }
            }
            left -= share;
        }
        last
    }

    /// Counts the eligible first and picks among them: taking the next eligible one from a fixed
    /// place in the ring would give the neighbour of an unhealthy backend a double share.
    fn nth(
        &self,
        members: Range<usize>,
        turn: usize,
        best: Rank,
        failed: &[Attempt],
    ) -> Option<usize> {
        let eligible = || self.ranked(members.clone(), best, failed);
        // A verdict may change between the two passes; the first of what is left will do then.
        let place = turn % eligible().count().max(1);
        eligible().nth(place).or_else(|| eligible().next())
    }

    fn ranked(
        &self,
        members: Range<usize>,
        best: Rank,
        failed: &[Attempt],
    ) -> impl Iterator<Item = usize> {
        members.filter(move |index| self.rank(*index, failed) == Some(best))
    }

    fn ranks(&self, failed: &[Attempt]) -> impl Iterator<Item = (usize, Rank)> {
        (0..self.members.len()).filter_map(move |index| Some((index, self.rank(index, failed)?)))
    }

    /// `None` when this backend is out of the question.
    fn rank(&self, index: usize, failed: &[Attempt]) -> Option<Rank> {
        let member = &self.members[index];
        if self.groups[member.group].share.is_nothing() {
            return None;
        }
        member.rank(index, failed)
    }

    /// Whether an instance counts the same in whichever group it is.
    fn is_even(&self) -> bool {
        let mut used = self.groups.iter().filter(|group| !group.share.is_nothing());
        let Some(first) = used.next() else {
            return true;
        };
        first.share.whole == 0.0 && used.all(|group| group.share == first.share)
    }
}

impl Member {
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
    use crate::balancer::affinity::mark;

    /// A pool of groups of so many members, with their shares.
    fn pool_of(groups: &[(usize, Share)]) -> Pool {
        let mut pool = Pool {
            timeout: Duration::from_secs(30),
            affinity: Affinity::None,
            request_headers: Vec::new(),
            response_headers: Vec::new(),
            members: Vec::new(),
            groups: Vec::new(),
            cursor: Arc::default(),
        };
        for (group, (size, share)) in groups.iter().enumerate() {
            let first = pool.members.len();
            pool.members
                .extend((first..first + size).map(|index| Member {
                    upstream: Arc::new(Upstream::new(
                        &format!("instance-{index}"),
                        ([127, 0, 0, 1], 1 + index as u16).into(),
                    )),
                    standing: None,
                    group,
                }));
            pool.groups.push(Group {
                members: first..first + size,
                share: *share,
                cursor: AtomicUsize::new(0),
            });
        }
        pool
    }

    fn pool(size: usize) -> Pool {
        pool_of(&[(size, Share::EVEN)])
    }

    fn chosen(pool: &Pool, failed: &[Attempt]) -> usize {
        pool.choose(Wish::Any, failed).unwrap().0
    }

    /// How many of so many requests each member gets.
    fn counts(pool: &Pool, requests: usize) -> Vec<usize> {
        let mut counts = vec![0; pool.members.len()];
        for _ in 0..requests {
            counts[chosen(pool, &[])] += 1;
        }
        counts
    }

    const fn per_instance(per_instance: f64) -> Share {
        Share {
            per_instance,
            whole: 0.0,
        }
    }

    const fn whole(whole: f64) -> Share {
        Share {
            per_instance: 0.0,
            whole,
        }
    }

    fn failed(member: usize, on_reused_connection: bool) -> Attempt {
        Attempt {
            member,
            on_reused_connection,
        }
    }

    #[test]
    fn every_backend_gets_its_turn() {
        let pool = pool_of(&[(1, Share::EVEN), (2, Share::EVEN)]);
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
        let failed = [failed(0, false)];
        assert!((0..4).all(|_| chosen(&pool, &failed) == 1));
    }

    #[test]
    fn the_only_backend_is_asked_again_after_a_stale_connection() {
        let pool = pool(1);
        assert_eq!(chosen(&pool, &[failed(0, true)]), 0);
        let twice = [failed(0, true), failed(0, false)];
        assert!(pool.choose(Wish::Any, &twice).is_none());
    }

    #[test]
    fn without_a_verdict_a_checked_backend_is_not_asked() {
        let mut pool = pool(1);
        pool.members[0].standing = Some(Arc::default());
        assert!(pool.choose(Wish::Any, &[]).is_none());
    }

    #[test]
    fn requests_follow_the_shares_of_the_groups() {
        let pool = pool_of(&[(1, whole(300.0)), (2, whole(100.0))]);
        let counts = counts(&pool, 400);
        for (count, share) in counts.iter().zip([300, 50, 50]) {
            assert!(count.abs_diff(share) <= 4, "{counts:?}");
        }
    }

    #[test]
    fn a_share_per_instance_grows_with_the_healthy_ones() {
        let pool = pool_of(&[(2, per_instance(1.0)), (2, per_instance(0.5))]);
        pool.members[1].upstream.set_closed(true);
        let counts = counts(&pool, 400);
        for (count, share) in counts.iter().zip([200, 0, 100, 100]) {
            assert!(count.abs_diff(share) <= 4, "{counts:?}");
        }
    }

    #[test]
    fn a_group_without_a_share_drains() {
        let pool = pool_of(&[(1, per_instance(0.0)), (1, Share::EVEN)]);
        assert_eq!(counts(&pool, 10), [0, 10]);
        let mark = pool.members[0].upstream.mark;
        assert_eq!(pool.choose(Wish::Marked(mark), &[]).unwrap().0, 1);
        assert!(pool_of(&[(1, whole(0.0))]).choose(Wish::Any, &[]).is_none());
    }

    #[test]
    fn a_group_that_is_down_leaves_its_share_to_the_others() {
        let pool = pool_of(&[(1, whole(900.0)), (1, whole(100.0))]);
        pool.members[0].upstream.set_closed(true);
        assert_eq!(counts(&pool, 10), [0, 10]);
    }

    #[test]
    fn a_marked_backend_is_kept_until_it_fails() {
        let pool = pool(3);
        let wish = Wish::Marked(pool.members[1].upstream.mark);
        let choose = |failed: &[Attempt]| pool.choose(wish, failed).unwrap().0;
        assert!((0..5).all(|_| choose(&[]) == 1));
        assert_ne!(choose(&[failed(1, false)]), 1);
        pool.members[1].upstream.set_closed(true);
        assert_ne!(choose(&[]), 1);
    }

    #[test]
    fn a_hash_leads_to_one_backend_and_hashes_to_all() {
        let pool = pool(3);
        let choose = |client: u32| {
            let wish = Wish::Hashed(mark(&client.to_be_bytes()));
            pool.choose(wish, &[]).unwrap().0
        };
        let mut seen = [false; 3];
        for client in 0..50 {
            let first = choose(client);
            assert_eq!(choose(client), first);
            seen[first] = true;
        }
        assert_eq!(seen, [true; 3]);
    }
}
