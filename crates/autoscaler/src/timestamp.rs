use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// An instant on the cloud's clock, in milliseconds since the Unix epoch.
///
/// Arithmetic saturates: a decision must never panic over an absurd instant.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The instant `wait` later.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(millis(wait)))
    }

    /// How long ago `earlier` was; zero when it lies in the future.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let elapsed = self.0.saturating_sub(earlier.0);
        Duration::from_millis(u64::try_from(elapsed).unwrap_or(0))
    }

    /// Hour and minute in UTC, `14:28`, for places that know no time zone.
    #[must_use]
    pub fn utc_clock(self) -> UtcClock {
        UtcClock(self)
    }
}

/// Displays an instant as `14:28`; made by [`Timestamp::utc_clock`].
#[derive(Clone, Copy, Debug)]
pub struct UtcClock(Timestamp);

impl fmt::Display for UtcClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0.0.div_euclid(60_000).rem_euclid(24 * 60);
        write!(f, "{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        assert_eq!(
            Timestamp(i64::MAX).after(Duration::MAX),
            Timestamp(i64::MAX)
        );
        assert_eq!(Timestamp(5).since(Timestamp(9)), Duration::ZERO);
        assert_eq!(
            Timestamp(i64::MIN).since(Timestamp(i64::MAX)),
            Duration::ZERO
        );
        assert_eq!(
            Timestamp(9_000).since(Timestamp(5_000)),
            Duration::from_secs(4)
        );
    }

    #[test]
    fn the_utc_clock_shows_hour_and_minute_even_before_the_epoch() {
        assert_eq!(Timestamp(0).utc_clock().to_string(), "00:00");
        assert_eq!(
            Timestamp(1_795_530_480_000).utc_clock().to_string(),
            "14:28"
        );
        assert_eq!(Timestamp(-60_000).utc_clock().to_string(), "23:59");
    }

    #[test]
    fn it_serialises_as_the_bare_number() {
        assert_eq!(serde_json::json!(Timestamp(7)), serde_json::json!(7));
    }
}
