use std::sync::atomic::{AtomicI64, Ordering};

use jiff::fmt::rfc2822;
use reqwest::header::{DATE, HeaderMap};

/// The cloud's clock, as far as its answers tell it.
///
/// The local cloud may run many times as fast as the wall clock, so ages are computed from the
/// `Date` of the last answer and never from the wall.
#[derive(Debug, Default)]
pub(crate) struct ServerClock {
    /// Milliseconds since the Unix epoch; 0 until the first answer.
    last: AtomicI64,
}

impl ServerClock {
    pub(crate) fn note(&self, headers: &HeaderMap) {
        let date = headers.get(DATE).and_then(|value| value.to_str().ok());
        // RFC 2822 reads HTTP's dates: the two formats differ only in the spelling of the zone.
        let parsed =
            date.and_then(|text| rfc2822::DateTimeParser::new().parse_timestamp(text).ok());
        if let Some(at) = parsed {
            self.last.store(at.as_millisecond(), Ordering::Relaxed);
        }
    }

    pub(crate) fn now(&self) -> Option<i64> {
        Some(self.last.load(Ordering::Relaxed)).filter(|&at| at != 0)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn the_clock_is_the_date_of_the_last_answer() {
        let clock = ServerClock::default();
        assert_eq!(clock.now(), None);
        let mut headers = HeaderMap::new();
        headers.insert(DATE, "Tue, 24 Nov 2026 03:31:26 GMT".parse().unwrap());
        clock.note(&headers);
        assert_eq!(clock.now(), Some(1_795_491_086_000));
        headers.insert(DATE, "yesterday".parse().unwrap());
        clock.note(&headers);
        assert_eq!(clock.now(), Some(1_795_491_086_000));
    }
}
