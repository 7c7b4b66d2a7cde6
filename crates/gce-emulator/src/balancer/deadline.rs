//! The end of a backend's time (`timeoutSec`), counted over the whole answer as Google does.
//!
//! Silence before an answer ends in 504, which Pingora's own time-out for reads sees to. An answer
//! that has begun and lasts too long can only be cut off, in the middle of a chunk if need be, and
//! that is what a connection's deadline is for.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// How long the watcher sleeps when nothing is due; setting a deadline wakes it.
const IDLE: Duration = Duration::from_hours(1);

/// When a client's connection will be cut off, unless what it waits for ends before.
#[derive(Debug, Default)]
pub(super) struct Deadline {
    times: Mutex<Times>,
    sooner: Notify,
}

#[derive(Debug, Clone, Copy, Default)]
struct Times {
    /// When the answer under way has to be complete.
    due: Option<Instant>,
    /// Until when the watcher sleeps.
    awake: Option<Instant>,
}

impl Deadline {
    /// Sets when the answer under way has to be complete.
    ///
    /// The watcher is woken only if it would sleep too long. As a rule it would not: it has been
    /// sleeping since an earlier request, so its time is up before this one's.
    pub(super) fn set(&self, due: Instant) {
        let mut times = self.lock();
        times.due = Some(due);
        let sleeps_too_long = times.awake.is_none_or(|awake| awake > due);
        drop(times);
        if sleeps_too_long {
            self.sooner.notify_one();
        }
    }

    /// The answer is complete.
    pub(super) fn clear(&self) {
        self.lock().due = None;
    }

    /// Returns once a deadline has passed. Best kept from one request to the next, see
    /// [`Deadline::set`].
    pub(super) async fn passed(&self) {
        loop {
            let now = Instant::now();
            let until = {
                let mut times = self.lock();
                match times.due {
                    Some(due) if due <= now => return,
                    due => *times.awake.insert(due.unwrap_or(now + IDLE)),
                }
            };
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                () = self.sooner.notified() => {}
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Whether the deadline passes before `wait` is over.
    async fn passes(deadline: &Deadline, wait: Duration) -> bool {
        tokio::time::timeout(wait, deadline.passed()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn it_passes_when_it_is_due_and_not_before() {
        let deadline = Deadline::default();
        deadline.set(Instant::now() + 5 * SECOND);
        assert!(!passes(&deadline, 4 * SECOND).await);
        assert!(passes(&deadline, 2 * SECOND).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_complete_answer_has_none() {
        let deadline = Deadline::default();
        deadline.set(Instant::now() + SECOND);
        deadline.clear();
        assert!(!passes(&deadline, 9 * SECOND).await);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_set_while_a_later_one_is_awaited_is_noticed() {
        let deadline = std::sync::Arc::new(Deadline::default());
        let began = Instant::now();
        let setter = std::sync::Arc::clone(&deadline);
        tokio::spawn(async move {
            tokio::time::sleep(SECOND).await;
            setter.set(began + 2 * SECOND);
        });
        deadline.passed().await;
        assert_eq!(began.elapsed(), 2 * SECOND);
    }
}
