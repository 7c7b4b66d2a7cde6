//! The two clocks: wall time for sessions, and the cloud's for whatever the cloud dates.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Wall time in whole seconds since the Unix epoch.
pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |age| age.as_secs())
}

/// How long to wait really for `milliseconds` of a cloud whose clock runs `speed` times as fast.
pub(crate) fn real_wait(milliseconds: i64, speed: u32) -> Duration {
    let cloud = u64::try_from(milliseconds).unwrap_or(0);
    Duration::from_micros(cloud.saturating_mul(1000) / u64::from(speed.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_clock_shortens_the_wait_and_the_past_needs_none() {
        assert_eq!(real_wait(60_000, 20), Duration::from_secs(3));
        assert_eq!(real_wait(60_000, 1), Duration::from_mins(1));
        assert_eq!(real_wait(-5, 20), Duration::ZERO);
    }
}
