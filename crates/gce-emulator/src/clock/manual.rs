//! A clock that stands still until somebody advances it.
//!
//! Whoever waits for the cloud's time does so with a [`Timer`](super::Timer). It is *busy* from its
//! beginning, except while it waits or rests. Advancing goes from one due instant to the next, and
//! on only when nobody is busy: so what is due happens in order, and each step sees what the one
//! before it has done.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use autoscaler::Timestamp;
use tokio::sync::{oneshot, watch};

/// How long, in real time, a step waits for real software that somebody is busy with.
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub(super) struct Manual {
    state: Mutex<State>,
    busy: watch::Sender<usize>,
    /// One at a time advances the clock.
    advancing: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct State {
    now: Timestamp,
    waiting: BTreeMap<(Timestamp, u64), oneshot::Sender<()>>,
    last: u64,
}

impl Manual {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            state: Mutex::new(State {
                now,
                waiting: BTreeMap::new(),
                last: 0,
            }),
            busy: watch::Sender::new(0),
            advancing: tokio::sync::Mutex::new(()),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.state().now
    }

    pub(super) fn begin(&self) {
        self.busy.send_modify(|busy| *busy += 1);
    }

    pub(super) fn end(&self) {
        self.busy.send_modify(|busy| *busy = busy.saturating_sub(1));
    }

    /// Waits until so much time has passed. Whoever waits is not busy meanwhile, and busy again
    /// when this ends, also if it is dropped.
    pub(super) async fn sleep(&self, duration: Duration) {
        let (sender, woken) = oneshot::channel();
        let key = {
            let mut state = self.state();
            state.last += 1;
            let key = (state.now.after(duration), state.last);
            state.waiting.insert(key, sender);
            key
        };
        self.end();
        let waiting = Waiting { manual: self, key };
        // The sender is dropped only together with the clock.
        woken.await.ok();
        drop(waiting);
    }

    /// Advances by so much; `settle` is called before each step to let happen at once what can.
    pub(super) async fn advance(&self, duration: Duration, settle: impl Fn()) {
        let _alone = self.advancing.lock().await;
        let target = self.now().after(duration);
        loop {
            self.settle(&settle).await;
            if !self.step(target) {
                break;
            }
        }
        self.settle(&settle).await;
    }

    /// Goes to the next due instant up to `target` and wakes who waits for it; false when it has
    /// gone to the target and nobody waited on the way.
    fn step(&self, target: Timestamp) -> bool {
        let mut state = self.state();
        let next = state.waiting.first_key_value().map(|((due, _), _)| *due);
        let Some(due) = next.filter(|due| *due <= target) else {
            state.now = target;
            return false;
        };
        state.now = state.now.max(due);
        while let Some(entry) = state.waiting.first_entry() {
            if entry.key().0 > due {
                break;
            }
            let woken = entry.remove();
            // Busy before it knows, or the next step could begin without it. Who is just giving up
            // waiting counts as well: its entry is gone, so it will not count itself.
            self.begin();
            woken.send(()).ok();
        }
        true
    }

    async fn settle(&self, settle: &impl Fn()) {
        loop {
            settle();
            let mut busy = self.busy.subscribe();
            let idle = busy.wait_for(|busy| *busy == 0);
            if tokio::time::timeout(PATIENCE, idle).await.is_err() {
                tracing::warn!("the clock goes on although something is still being done");
                return;
            }
            settle();
            if *self.busy.borrow() == 0 {
                return;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits; whoever gives up waiting is busy again.
struct Waiting<'a> {
    manual: &'a Manual,
    key: (Timestamp, u64),
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.manual.state();
        if state.waiting.remove(&self.key).is_some() {
            self.manual.begin();
        }
    }
}
