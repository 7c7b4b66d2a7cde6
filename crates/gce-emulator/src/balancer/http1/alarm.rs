//! The time at which a connection's patience ends.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::{Instant, Sleep, sleep_until};

/// One timer for all that a connection waits for in its life.
///
/// Putting the time off costs nothing: the timer fires at the old time, sees that it is too early,
/// and goes on. As a rule each request only puts it off, so that a busy connection touches Tokio's
/// timers once in a while and not once a request.
#[derive(Debug)]
pub(super) struct Alarm {
    timer: Pin<Box<Sleep>>,
    due: Instant,
}

impl Alarm {
    pub(super) fn new(due: Instant) -> Self {
        Self {
            timer: Box::pin(sleep_until(due)),
            due,
        }
    }

    pub(super) fn set(&mut self, due: Instant) {
        self.due = due;
        if due < self.timer.deadline() {
            self.timer.as_mut().reset(due);
        }
    }

    /// Returns once the time has come.
    pub(super) async fn rings(&mut self) {
        poll_fn(|context| self.poll(context)).await;
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.timer.as_mut().poll(context));
            if self.due <= Instant::now() {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(self.due);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// When an alarm rings that was set to the second `from` and then to the second `to`.
    async fn rings_at(from: u32, to: u32) -> Duration {
        let began = Instant::now();
        let mut alarm = Alarm::new(began + from * SECOND);
        alarm.set(began + to * SECOND);
        alarm.rings().await;
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn it_rings_at_the_time_that_was_set_last() {
        assert_eq!(rings_at(2, 7).await, 7 * SECOND);
        assert_eq!(rings_at(7, 2).await, 2 * SECOND);
    }
}
