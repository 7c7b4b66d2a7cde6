use std::time::Duration;

use autoscaler::Timestamp;
use autoscaler::backtest::MINUTE_S;
use gce::monitoring::TimeSeries;

use crate::time;

const MINUTE_MS: i64 = MINUTE_S as i64 * 1000;

/// The minutes of a recording: whole ones, the last of which has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

impl Span {
    pub(super) fn before(now: Timestamp, length: Duration) -> Self {
        let to = now.0.div_euclid(MINUTE_MS) * MINUTE_MS;
        let from = to - length.as_millis() as i64;
        Self {
            from: Timestamp(from.div_euclid(MINUTE_MS) * MINUTE_MS),
            to: Timestamp(to),
        }
    }

    pub(super) fn minutes(&self) -> usize {
        usize::try_from((self.to.0 - self.from.0) / MINUTE_MS).unwrap_or(0)
    }

    /// A column with each point in the minute that it ends; several points of one minute, from
    /// several series, are added up.
    pub(super) fn column(&self, series: &[TimeSeries]) -> Vec<Option<f64>> {
        let mut column = vec![None; self.minutes()];
        for point in series.iter().flat_map(|series| &series.points) {
            let value = point.value.as_f64().filter(|value| value.is_finite());
            let at = time::parse(&point.interval.end_time);
            if let Some((value, index)) = value.zip(at.and_then(|at| self.index(at))) {
                let sum: &mut Option<f64> = &mut column[index];
                *sum = Some(sum.unwrap_or(0.0) + value);
            }
        }
        column
    }

    fn index(&self, at: Timestamp) -> Option<usize> {
        let since = at.0 - self.from.0;
        let minute = (since + MINUTE_MS - 1).div_euclid(MINUTE_MS) - 1;
        let index = usize::try_from(minute).ok()?;
        (index < self.minutes()).then_some(index)
    }
}

#[cfg(test)]
mod tests {
    use gce::monitoring::{Interval, Point, TypedValue};

    use super::*;

    const NOW: Timestamp = Timestamp(1_795_491_086_123);

    fn span() -> Span {
        Span::before(NOW, Duration::from_mins(3))
    }

    fn series(points: &[(i64, f64)]) -> TimeSeries {
        let point = |(ms, value): &(i64, f64)| Point {
            interval: Interval {
                start_time: None,
                end_time: time::format(Timestamp(span().from.0 + ms)),
            },
            value: TypedValue::double(*value),
        };
        TimeSeries {
            points: points.iter().map(point).collect(),
            ..TimeSeries::default()
        }
    }

    #[test]
    fn a_span_holds_whole_minutes_that_have_ended() {
        let span = span();
        assert_eq!(span.minutes(), 3);
        assert_eq!((span.from.0 % MINUTE_MS, span.to.0 % MINUTE_MS), (0, 0));
        assert!(span.to <= NOW && NOW.0 - span.to.0 < MINUTE_MS);
    }

    #[test]
    fn a_point_belongs_to_the_minute_that_it_ends() {
        let column = span().column(&[series(&[
            (180_000, 3.0),
            (60_000, 1.0),
            (0, 9.0),
            (240_000, 9.0),
        ])]);
        assert_eq!(column, [Some(1.0), None, Some(3.0)]);
        let inside = span().column(&[series(&[(59_000, 1.0), (61_000, 2.0)])]);
        assert_eq!(inside, [Some(1.0), Some(2.0), None]);
    }

    #[test]
    fn series_are_added_up() {
        let column = span().column(&[
            series(&[(60_000, 1.0)]),
            series(&[(60_000, 0.5), (120_000, 2.0)]),
        ]);
        assert_eq!(column, [Some(1.5), Some(2.0), None]);
    }
}
