//! What somebody is told who waits: what is new, and now and then what is not.

use std::time::{Duration, Instant};

/// Lines about something that is waited for.
pub(super) struct Teller {
    started: Instant,
    /// What has not changed is said again after so long.
    say_every: Duration,
    last: Option<(Instant, String)>,
}

impl Teller {
    pub(super) fn new(say_every: Duration) -> Self {
        Self {
            started: Instant::now(),
            say_every,
            last: None,
        }
    }

    pub(super) fn has_told(&self) -> bool {
        self.last.is_some()
    }

    pub(super) fn tell(&mut self, line: &str) {
        let is_known =
            |(at, last): &(Instant, String)| last == line && at.elapsed() <= self.say_every;
        if !self.last.as_ref().is_some_and(is_known) {
            println!("{line} ({:.0} s)", self.started.elapsed().as_secs_f64());
            self.last = Some((Instant::now(), line.to_owned()));
        }
    }
}
