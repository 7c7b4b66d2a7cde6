//! Durations of the last while: how many there were, and the one that 95 of 100 stay below.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A window moves by a sixtieth of its length.
const SLOTS: u32 = 60;
/// Each bucket ends 8 % above its beginning, so that its middle is at most 4 % off.
const GROWTH: f64 = 1.08;
/// What is shorter is as good as nothing.
const SHORTEST_MS: f64 = 0.01;
/// From a hundredth of a millisecond to more than a minute; what takes longer counts as that.
const BUCKETS: usize = 208;

/// Durations that were noted within a span that ends now.
#[derive(Debug)]
pub(crate) struct Window {
    slot: Duration,
    began: Instant,
    slots: Mutex<Vec<Slot>>,
}

/// What a window holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reading {
    /// How many came in a second of real time.
    pub(crate) per_second: f64,
    /// What 95 of 100 took at most, in milliseconds; 0 if there were none.
    pub(crate) p95_ms: f64,
}

/// The durations of one slot, under the turn in which it was filled.
#[derive(Clone, Debug)]
struct Slot {
    turn: u128,
    counts: [u32; BUCKETS],
}

impl Window {
    /// A window of this length that begins at `began`.
    pub(crate) fn new(span: Duration, began: Instant) -> Self {
        let empty = Slot {
            turn: 0,
            counts: [0; BUCKETS],
        };
        Self {
            slot: span / SLOTS,
            began,
            slots: Mutex::new(vec![empty; SLOTS as usize]),
        }
    }

    /// Notes something that took `took` and ended at `now`.
    pub(crate) fn record(&self, now: Instant, took: Duration) {
        let turn = self.turn(now);
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = &mut slots[(turn % u128::from(SLOTS)) as usize];
        if slot.turn != turn {
            *slot = Slot {
                turn,
                counts: [0; BUCKETS],
            };
        }
        let count = &mut slot.counts[bucket(took)];
        *count = count.saturating_add(1);
    }

    /// What the window holds at `now`.
    pub(crate) fn read(&self, now: Instant) -> Reading {
        let counts = self.counts(self.turn(now));
        let total: u64 = counts.iter().sum();
        Reading {
            per_second: total as f64 / self.covered(now).as_secs_f64(),
            p95_ms: p95_ms(&counts, total),
        }
    }

    /// The counts of all slots that are not too old.
    fn counts(&self, turn: u128) -> [u64; BUCKETS] {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sums = [0; BUCKETS];
        for slot in slots
            .iter()
            .filter(|slot| slot.turn + u128::from(SLOTS) > turn)
        {
            for (sum, count) in sums.iter_mut().zip(slot.counts) {
                *sum += u64::from(count);
            }
        }
        sums
    }

    /// The time that the slots stand for: the newest one is not over yet, and a young window was
    /// never whole.
    fn covered(&self, now: Instant) -> Duration {
        let lived = now.saturating_duration_since(self.began);
        let newest = Duration::from_nanos((lived.as_nanos() % self.slot.as_nanos()) as u64);
        lived.min(self.slot * (SLOTS - 1) + newest).max(self.slot)
    }

    fn turn(&self, now: Instant) -> u128 {
        now.saturating_duration_since(self.began).as_nanos() / self.slot.as_nanos()
    }
}

fn bucket(took: Duration) -> usize {
    let ms = took.as_secs_f64() * 1000.0;
    if ms < SHORTEST_MS {
        return 0;
    }
    let steps = (ms / SHORTEST_MS).ln() / GROWTH.ln();
    (steps as usize + 1).min(BUCKETS - 1)
}

/// The middle of a bucket, as far from its beginning as from its end by ratio.
fn middle_ms(bucket: usize) -> f64 {
    match bucket {
        0 => 0.0,
        bucket => SHORTEST_MS * GROWTH.powf(bucket as f64 - 0.5),
    }
}

/// By the nearest rank: the smallest value that at least 95 of 100 do not exceed.
fn p95_ms(counts: &[u64; BUCKETS], total: u64) -> f64 {
    let rank = (total * 95).div_ceil(100);
    let mut seen = 0;
    let found = counts.iter().position(|count| {
        seen += count;
        seen >= rank
    });
    found.map_or(0.0, middle_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    /// A window, and the instant that lies so many milliseconds after its beginning.
    fn window() -> (Window, impl Fn(u64) -> Instant) {
        let began = Instant::now();
        let at = move |ms| began + Duration::from_millis(ms);
        (Window::new(MINUTE, began), at)
    }

    #[test]
    fn nothing_is_no_rate_and_no_latency() {
        let (window, at) = window();
        let nothing = Reading {
            per_second: 0.0,
            p95_ms: 0.0,
        };
        assert_eq!(window.read(at(0)), nothing);
        assert_eq!(window.read(at(300_000)), nothing);
    }

    #[test]
    fn the_95th_of_a_hundred_is_told_within_five_percent() {
        for scale_us in [20, 1_000, 40_000, 500_000] {
            let (window, at) = window();
            for step in 1..=100 {
                window.record(at(500), Duration::from_micros(scale_us * step));
            }
            let exact_ms = scale_us as f64 * 95.0 / 1000.0;
            let error = window.read(at(1000)).p95_ms / exact_ms - 1.0;
            assert!(error.abs() < 0.05, "{scale_us}: {error}");
        }
    }

    #[test]
    fn one_slow_request_in_a_hundred_is_not_the_95th() {
        let (window, at) = window();
        for _ in 0..99 {
            window.record(at(10), Duration::from_millis(2));
        }
        window.record(at(10), Duration::from_secs(30));
        assert!(window.read(at(20)).p95_ms < 2.1);
    }

    #[test]
    fn a_steady_rate_is_told_as_it_is_from_the_first_seconds_on() {
        let (window, at) = window();
        for ms in (0..180_000).step_by(50) {
            window.record(at(ms), Duration::from_millis(1));
            if ms > 2_000 {
                let rate = window.read(at(ms)).per_second;
                assert!((rate - 20.0).abs() < 0.6, "{rate} after {ms} ms");
            }
        }
    }

    #[test]
    fn what_is_older_than_the_window_is_forgotten() {
        let (window, at) = window();
        window.record(at(100), Duration::from_secs(1));
        assert!(window.read(at(59_000)).p95_ms > 900.0);
        assert_eq!(window.read(at(61_000)).p95_ms, 0.0);
        // The same slot, a whole turn later, holds nothing of the first.
        window.record(at(60_100), Duration::from_millis(1));
        assert!(window.read(at(60_200)).p95_ms < 1.1);
    }

    #[test]
    fn what_takes_longer_than_all_buckets_is_the_longest() {
        let (window, at) = window();
        window.record(at(1), Duration::from_hours(1));
        assert!(window.read(at(2)).p95_ms > 60_000.0);
    }
}
