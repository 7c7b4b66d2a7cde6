use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// How often, and how patiently, a failed request is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    attempts: u32,
    first_delay: Duration,
    longest_delay: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

impl RetryPolicy {
    /// Four attempts within about two seconds: a person waits for most of our requests.
    pub const fn new() -> Self {
        Self {
            attempts: 4,
            first_delay: Duration::from_millis(250),
            longest_delay: Duration::from_secs(8),
        }
    }

    /// How often a request is sent at most; at least once.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = if attempts == 0 { 1 } else { attempts };
        self
    }

    /// The pause before the second attempt; each further one doubles it.
    #[must_use]
    pub const fn first_delay(mut self, delay: Duration) -> Self {
        self.first_delay = delay;
        self
    }

    /// No pause is longer. A server that asks for a longer one is not asked again.
    #[must_use]
    pub const fn longest_delay(mut self, delay: Duration) -> Self {
        self.longest_delay = delay;
        self
    }

    /// The pause after the failed attempt number `attempt` (from 1), or `None` to give up.
    ///
    /// `hint` is the server's `Retry-After`. Half of our own pause is random, so that the clients
    /// which failed together do not come back together.
    pub(crate) fn pause(&self, attempt: u32, hint: Option<Duration>) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let doubled = self.first_delay.saturating_mul(1 << (attempt - 1).min(16));
        let own = doubled.min(self.longest_delay);
        let own = own.mul_f64(rand::random_range(0.5..=1.0));
        match hint {
            Some(hint) if hint > self.longest_delay => None,
            Some(hint) => Some(own.max(hint)),
            None => Some(own),
        }
    }
}

/// `Retry-After` in seconds. Google sends no dates there.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const POLICY: RetryPolicy = RetryPolicy::new()
        .attempts(3)
        .first_delay(Duration::from_millis(100))
        .longest_delay(Duration::from_secs(2));

    #[test]
    fn pauses_grow_and_then_end() {
        for (attempt, longest) in [(1, 100), (2, 200)] {
            let pause = POLICY.pause(attempt, None).unwrap();
            assert!(pause >= Duration::from_millis(longest / 2));
            assert!(pause <= Duration::from_millis(longest));
        }
        assert_eq!(POLICY.pause(3, None), None);
    }

    #[test]
    fn the_servers_hint_is_a_lower_bound() {
        assert!(POLICY.pause(1, Some(Duration::from_secs(1))).unwrap() >= Duration::from_secs(1));
    }

    #[test]
    fn a_hint_that_is_too_far_away_ends_the_attempts() {
        assert_eq!(POLICY.pause(1, Some(Duration::from_mins(1))), None);
    }
}
