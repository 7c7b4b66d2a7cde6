use std::collections::BTreeMap;

use autoscaler::Timestamp;

use super::{Series, Window};

/// The instants at which a chart has points.
///
/// They are multiples of the step and not distances from now, so that a line does not wobble from one
/// refresh to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    /// The first instant; what Monitoring reads begins just after it.
    pub(crate) from: Timestamp,
    /// The end of the step that is running: not earlier than now.
    pub(crate) end: Timestamp,
    pub(crate) now: Timestamp,
    pub(crate) step_ms: i64,
}

impl Grid {
    pub(crate) fn new(window: Window, now: Timestamp) -> Self {
        let step_ms = window.step().as_millis() as i64;
        let end = now.0.div_euclid(step_ms) * step_ms + step_ms;
        let from = end - step_ms - window.length().as_millis() as i64;
        Self {
            from: Timestamp(from),
            end: Timestamp(end),
            now,
            step_ms,
        }
    }

    /// Oldest first, one point at most for each instant, and none after now: the point of the step
    /// that is running stands at now.
    pub(crate) fn fit(&self, points: impl Iterator<Item = (Timestamp, f64)>) -> Series {
        let inside = points.filter(|(at, _)| *at >= self.from && *at <= self.end);
        let fitted = inside.map(|(at, value)| (at.min(self.now), value));
        fitted.collect::<BTreeMap<_, _>>().into_iter().collect()
    }

    /// The same for rates. Monitoring divides by the whole step also when only a part of it has
    /// passed, so the newest rate is too small by that part; while hardly anything has passed, it
    /// says nothing yet and is left out.
    ///
    /// With a step of 60 s of which 30 s have passed, 300 requests are reported as 5 a second; they
    /// were 10.
    pub(crate) fn fit_rate(&self, points: impl Iterator<Item = (Timestamp, f64)>) -> Series {
        let mut series = self.fit(points);
        let passed = self.step_ms - (self.end.0 - self.now.0);
        if let Some((_, rate)) = series.pop_if(|(at, _)| *at == self.now)
            && passed * LEAST_PART >= self.step_ms
        {
            series.push((self.now, rate * self.step_ms as f64 / passed as f64));
        }
        series
    }
}

/// A rate needs a sixth of its step: ten seconds of a minute.
const LEAST_PART: i64 = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::MAX_POINTS;

    const NOW: Timestamp = Timestamp(1_795_491_086_123);

    #[test]
    fn a_grid_stays_where_it_is_while_time_goes_on() {
        for window in Window::ALL {
            let grid = Grid::new(window, NOW);
            assert_eq!(grid.from.0 % grid.step_ms, 0);
            assert_eq!(grid.end.0 % grid.step_ms, 0);
            assert!(grid.end > NOW && grid.end.0 - NOW.0 <= grid.step_ms);
            assert!(NOW.0 - grid.from.0 >= window.length().as_millis() as i64);
            let instants = (grid.end.0 - grid.from.0) / grid.step_ms + 1;
            assert!(instants as usize <= MAX_POINTS, "{window}: {instants}");
        }
    }

    #[test]
    fn points_come_oldest_first_and_the_running_step_ends_now() {
        let grid = Grid::new(Window::Hour1, NOW);
        let newest_first = [(grid.end, 3.0), (grid.from, 1.0), (Timestamp(0), 9.0)];
        assert_eq!(
            grid.fit(newest_first.into_iter()),
            [(grid.from, 1.0), (NOW, 3.0)]
        );
    }

    #[test]
    fn the_rate_of_a_running_step_is_that_of_the_part_that_has_passed() {
        let minute = 1_795_491_060_000;
        let newest = |passed: i64| {
            let grid = Grid::new(Window::Hour1, Timestamp(minute + passed));
            grid.fit_rate([(grid.end, 5.0), (Timestamp(minute), 7.0)].into_iter())
        };
        let ended = (Timestamp(minute), 7.0);
        assert_eq!(newest(30_000), [ended, (Timestamp(minute + 30_000), 10.0)]);
        assert_eq!(newest(9_000), [ended]);
    }
}
