use std::collections::VecDeque;
use std::time::Duration;

use crate::Timestamp;

/// A size, and the last instant at which it was needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peak {
    pub(crate) at: Timestamp,
    pub(crate) size: u32,
}

/// The maximum over a trailing window, as a monotonic deque.
///
/// A size that a later, greater or equal one follows can never be the maximum again, so it is
/// dropped at once. What is left falls from front to back: the front is the maximum, recording
/// costs one step on average, and there are never more entries than different sizes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peaks {
    falling: VecDeque<Peak>,
}

impl Peaks {
    /// A clock that steps back is taken to stand still.
    pub(crate) fn record(&mut self, now: Timestamp, size: u32) {
        let latest = self.falling.back().map_or(now, |peak| peak.at);
        while self.falling.back().is_some_and(|peak| peak.size <= size) {
            self.falling.pop_back();
        }
        self.falling.push_back(Peak {
            at: now.max(latest),
            size,
        });
    }

    /// Forgets what is `span` old; a span of zero forgets all.
    pub(crate) fn forget(&mut self, now: Timestamp, span: Duration) {
        while self
            .falling
            .front()
            .is_some_and(|peak| now.since(peak.at) >= span)
        {
            self.falling.pop_front();
        }
    }

    pub(crate) fn max(&self) -> Option<Peak> {
        self.falling.front().copied()
    }

    /// The last time that `size` or more was needed.
    pub(crate) fn last_at_least(&self, size: u32) -> Option<Peak> {
        let count = self.falling.partition_point(|peak| peak.size >= size);
        count
            .checked_sub(1)
            .and_then(|index| self.falling.get(index))
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1000)
    }

    fn max_size(peaks: &Peaks) -> Option<u32> {
        peaks.max().map(|peak| peak.size)
    }

    #[test]
    fn the_maximum_of_the_window_slides() {
        let mut peaks = Peaks::default();
        for (second, size) in [(0, 3), (10, 5), (20, 4), (30, 2)] {
            peaks.record(at(second), size);
        }
        let span = Duration::from_mins(1);
        for (now, expected) in [(30, Some(5)), (69, Some(5)), (70, Some(4)), (89, Some(2))] {
            peaks.forget(at(now), span);
            assert_eq!(max_size(&peaks), expected, "at {now} s");
        }
        peaks.forget(at(90), span);
        assert_eq!(max_size(&peaks), None);
    }

    #[test]
    fn an_equal_size_renews_the_peak() {
        let mut peaks = Peaks::default();
        peaks.record(at(0), 4);
        peaks.record(at(50), 4);
        peaks.forget(at(60), Duration::from_mins(1));
        assert_eq!(
            peaks.max(),
            Some(Peak {
                at: at(50),
                size: 4
            })
        );
        assert_eq!(peaks.falling.len(), 1);
    }

    #[test]
    fn a_span_of_zero_remembers_nothing() {
        let mut peaks = Peaks::default();
        peaks.record(at(5), 4);
        peaks.forget(at(5), Duration::ZERO);
        assert_eq!(peaks.max(), None);
    }

    #[test]
    fn a_clock_that_steps_back_stands_still() {
        let mut peaks = Peaks::default();
        peaks.record(at(50), 4);
        peaks.record(at(10), 2);
        peaks.forget(at(60), Duration::from_secs(20));
        assert_eq!(
            peaks.max(),
            Some(Peak {
                at: at(50),
                size: 4
            })
        );
        peaks.forget(at(70), Duration::from_secs(20));
        assert_eq!(peaks.max(), None);
    }

    #[test]
    fn the_last_time_that_a_size_was_needed_is_known() {
        let mut peaks = Peaks::default();
        for (second, size) in [(0, 6), (10, 5), (20, 3)] {
            peaks.record(at(second), size);
        }
        for (size, expected) in [
            (7, None),
            (6, Some(at(0))),
            (4, Some(at(10))),
            (1, Some(at(20))),
        ] {
            assert_eq!(
                peaks.last_at_least(size).map(|peak| peak.at),
                expected,
                "{size}"
            );
        }
    }
}
