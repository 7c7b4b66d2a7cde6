//! What is known about one request while it is under way.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::affinity::Wish;
use super::http1::Fields;
use super::pool::{Attempt, Member, Pool};
use super::route::{Leaf, Route};
use super::traffic::Sample;
use super::upstream::Lease;

/// From here on the connection is the two sides' own.
const SWITCHING_PROTOCOLS: u16 = 101;

#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) route: Arc<Route>,
    pub(super) leaf: Arc<Leaf>,
    began: Instant,
    wish: Wish,
    /// A cookie that the client gets whoever answers.
    new_cookie: Option<String>,
    current: Option<Try>,
    failed: Vec<Attempt>,
    /// The status of an answer that has begun.
    status: u16,
    /// When the answer turned out to be a stream without an end of its own.
    streaming_since: Option<Instant>,
    is_counted: bool,
}

/// The try that is under way or was the last one.
#[derive(Debug)]
struct Try {
    member: usize,
    began: Instant,
    /// Held for its count: the instance is busy with this request until it is dropped.
    _lease: Lease,
}

impl Exchange {
    pub(super) fn begin(route: Arc<Route>) -> Self {
        Self {
            leaf: Arc::clone(&route.targets.default),
            route,
            began: Instant::now(),
            wish: Wish::Any,
            new_cookie: None,
            current: None,
            failed: Vec::new(),
            status: 0,
            streaming_since: None,
            is_counted: false,
        }
    }

    /// Finds out who answers.
    pub(super) fn follow(&mut self, host: &str, path: &str) {
        self.leaf = Arc::clone(self.route.targets.find(host, path));
    }

    pub(super) fn pool(&self) -> Option<&Pool> {
        self.leaf.pool()
    }

    pub(super) fn member(&self) -> Option<&Member> {
        self.pool()?.members.get(self.current.as_ref()?.member)
    }

    pub(super) fn has_failed(&self) -> bool {
        !self.failed.is_empty()
    }

    /// Finds out which backend the client wishes for.
    pub(super) fn wish(&mut self, fields: &Fields<'_>, client: IpAddr) {
        if let Some(pool) = self.leaf.pool() {
            let wish = pool.affinity.wish(fields, client);
            (self.wish, self.new_cookie) = pool.affinity.first_wish(wish);
        }
    }

    /// Takes the request to a backend that has not failed it; false when there is none.
    pub(super) fn try_next(&mut self) -> bool {
        let Some(pool) = self.leaf.pool() else {
            return false;
        };
        let Some((member, lease)) = pool.choose(self.wish, &self.failed) else {
            return false;
        };
        self.current = Some(Try {
            member,
            began: Instant::now(),
            _lease: lease,
        });
        true
    }

    /// The try has failed; the request is no longer in flight there.
    pub(super) fn give_up(&mut self, on_reused_connection: bool) {
        if let Some(Try { member, .. }) = self.current.take() {
            self.failed.push(Attempt {
                member,
                on_reused_connection,
            });
        }
    }

    /// When the answer has to be complete (`timeoutSec`, counted over the whole of it as at Google).
    ///
    /// Silence before an answer ends in 504. An answer that has begun and lasts too long can only be
    /// cut off, in the middle of a chunk if need be.
    pub(super) fn due(&self) -> Instant {
        let began = self
            .current
            .as_ref()
            .map_or(self.began, |current| current.began);
        let timeout = self.pool().map_or(Duration::ZERO, |pool| pool.timeout);
        began + timeout
    }

    /// The answer has begun.
    pub(super) fn answered(&mut self, status: u16, is_stream: bool) {
        self.status = status;
        if is_stream || status == SWITCHING_PROTOCOLS {
            self.streaming_since = Some(Instant::now());
        }
    }

    /// The status of the answer, 0 before it has begun.
    pub(super) fn status(&self) -> u16 {
        self.status
    }

    /// The cookie with which the client will come back.
    pub(super) fn cookie(&self) -> Option<String> {
        let backend = self.member()?.upstream.mark;
        let generated = self.pool()?.affinity.cookie_for(self.wish, backend);
        generated.or_else(|| self.new_cookie.clone())
    }

    /// Counts the request.
    pub(super) fn finish(&mut self, status: u16, request_bytes: u64, response_bytes: u64) {
        self.is_counted = true;
        // A stream lasts as long as its viewer stays, which says nothing about the speed of the
        // backend: it is timed to its beginning.
        let ended = self.streaming_since.unwrap_or_else(Instant::now);
        let current = self.current.as_ref();
        let sample = Sample {
            response_code: status,
            request_bytes,
            response_bytes,
            total: ended.saturating_duration_since(self.began),
            backend: current.map(|t| ended.saturating_duration_since(t.began)),
        };
        let meter = current.map_or(&*self.leaf.unanswered, |t| self.leaf.meter(t.member));
        meter.add(sample);
    }
}

/// A request that is under way when the balancer ends has no later phase in which to be counted.
impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.is_counted && self.status != 0 {
            self.finish(self.status, 0, 0);
        }
    }
}
