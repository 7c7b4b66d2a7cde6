//! The recent points of a series, and what they say at an instant.

use std::time::Duration;

use autoscaler::{Absence, Observed, Timestamp};

use crate::metrics::{Aggregate, MetricKind, Point, Selected};

/// "The last couple of minutes", on the cloud's clock: what Google averages a metric over.
pub(super) const WINDOW: Duration = Duration::from_mins(2);

/// So long after its last point a metric is sparse, and then it is silent.
const SPARSE_FOR: u32 = 5;

/// Which points count. The programs that write metrics are real, so on a fast clock their points are
/// minutes apart: then the last one counts, as long as it is fresh in real time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) now: Timestamp,
    /// [`WINDOW`] in real time, on the cloud's clock.
    fresh_for: Duration,
}

impl Span {
    pub(super) fn new(now: Timestamp, speed: u32) -> Self {
        Self {
            now,
            fresh_for: WINDOW * speed.max(1),
        }
    }

    /// The beginning of what has to be read.
    pub(super) fn from(&self) -> Timestamp {
        let reach = self.fresh_for * SPARSE_FOR;
        Timestamp(self.now.0 - reach.as_millis() as i64)
    }

    /// The points that count, oldest first, and how long they cover.
    fn counting<'a>(&self, points: &'a [Point], least: usize) -> &'a [Point] {
        let first = points.partition_point(|point| self.now.since(point.end) >= WINDOW);
        let first = first.min(points.len().saturating_sub(least));
        &points[first..]
    }

    fn is_fresh(&self, points: &[Point]) -> bool {
        points
            .last()
            .is_some_and(|point| self.now.since(point.end) < self.fresh_for)
    }
}

/// The mean of a series' values.
pub(super) fn level(series: &Selected, span: Span) -> Observed {
    let Err(absence) = usable(series, span) else {
        let points = span.counting(&series.points, 1);
        let means = points.iter().filter_map(|point| mean(&point.value));
        return autoscaler::mean(means).into();
    };
    Observed::Absent(absence)
}

/// How much a series grows in a second.
pub(super) fn rate(series: &Selected, span: Span) -> Observed {
    if let Err(absence) = usable(series, span) {
        return Observed::Absent(absence);
    }
    match series.key.kind {
        MetricKind::Delta => rate_of_deltas(span.counting(&series.points, 1)),
        MetricKind::Gauge | MetricKind::Cumulative => {
            rate_of_values(span.counting(&series.points, 2))
        }
    }
}

/// Each point is what came since the one before.
fn rate_of_deltas(points: &[Point]) -> Observed {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Observed::default();
    };
    let seconds = last.end.since(first.start).as_secs_f64();
    let sum: f64 = points.iter().filter_map(|point| sum(&point.value)).sum();
    (seconds > 0.0).then(|| sum / seconds).into()
}

/// Each point is a count since some start; a count that falls has started over.
fn rate_of_values(points: &[Point]) -> Observed {
    let values: Vec<f64> = points
        .iter()
        .filter_map(|point| last(&point.value))
        .collect();
    let (Some(first), Some(newest)) = (points.first(), points.last()) else {
        return Observed::default();
    };
    let seconds = newest.end.since(first.end).as_secs_f64();
    if seconds <= 0.0 {
        return Observed::Absent(Absence::TooSparse);
    }
    let growth = |pair: &[f64]| {
        if pair[1] >= pair[0] {
            pair[1] - pair[0]
        } else {
            pair[1]
        }
    };
    let grown: f64 = values.windows(2).map(growth).sum();
    Observed::Value(grown / seconds)
}

fn usable(series: &Selected, span: Span) -> Result<(), Absence> {
    let is_number = |point: &Point| matches!(point.value, Aggregate::Numbers(_));
    match series.points.last() {
        None => Err(Absence::NoData),
        Some(newest) if !is_number(newest) => Err(Absence::Invalid),
        Some(_) if !span.is_fresh(&series.points) => Err(Absence::TooSparse),
        Some(_) => Ok(()),
    }
}

fn mean(value: &Aggregate) -> Option<f64> {
    match value {
        Aggregate::Numbers(numbers) => Some(numbers.mean()),
        Aggregate::Distribution(_) => None,
    }
}

fn sum(value: &Aggregate) -> Option<f64> {
    match value {
        Aggregate::Numbers(numbers) => Some(numbers.sum),
        Aggregate::Distribution(_) => None,
    }
}

fn last(value: &Aggregate) -> Option<f64> {
    match value {
        Aggregate::Numbers(numbers) => Some(numbers.last),
        Aggregate::Distribution(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use super::*;
    use crate::metrics::{Distribution, Numbers, SeriesKey, ValueType};

    const NOW: i64 = 1_000_000;

    /// A series of points that end so many seconds ago.
    fn series(kind: MetricKind, points: &[(i64, f64)]) -> Selected {
        let mut start = Timestamp(NOW - 600_000);
        let points = points.iter().map(|(ago, value)| {
            let end = Timestamp(NOW - ago * 1000);
            let point = Point {
                start,
                end,
                value: Aggregate::Numbers(Numbers::one(*value)),
            };
            start = end;
            point
        });
        Selected {
            points: points.collect(),
            value_type: ValueType::Double,
            key: Arc::new(SeriesKey {
                metric_type: "custom.googleapis.com/m".into(),
                metric_labels: BTreeMap::new(),
                resource_type: "global".into(),
                resource_labels: BTreeMap::new(),
                system_labels: BTreeMap::new(),
                kind,
            }),
        }
    }

    fn span() -> Span {
        Span::new(Timestamp(NOW), 1)
    }

    #[test]
    fn a_level_is_the_mean_of_the_last_two_minutes() {
        let series = series(MetricKind::Gauge, &[(180, 9.0), (90, 4.0), (30, 2.0)]);
        assert_eq!(level(&series, span()), Observed::Value(3.0));
    }

    #[test]
    fn a_rate_is_what_came_over_how_long_it_took() {
        let counts = [(180, 9.0), (110, 100.0), (60, 130.0), (10, 200.0)];
        let counter = series(MetricKind::Cumulative, &counts);
        assert_eq!(rate(&counter, span()), Observed::Value(1.0));
        let restarted = series(
            MetricKind::Cumulative,
            &[(110, 100.0), (60, 10.0), (10, 100.0)],
        );
        assert_eq!(rate(&restarted, span()), Observed::Value(1.0));
        let deltas = series(MetricKind::Delta, &[(130, 9.0), (70, 30.0), (10, 30.0)]);
        assert_eq!(rate(&deltas, span()), Observed::Value(0.5));
        let lonely = series(MetricKind::Cumulative, &[(10, 9.0)]);
        assert_eq!(rate(&lonely, span()), Observed::Absent(Absence::TooSparse));
    }

    #[test]
    fn old_points_are_sparse_and_none_are_none() {
        let old = series(MetricKind::Gauge, &[(300, 4.0)]);
        assert_eq!(level(&old, span()), Observed::Absent(Absence::TooSparse));
        let none = series(MetricKind::Gauge, &[]);
        assert_eq!(rate(&none, span()), Observed::Absent(Absence::NoData));
    }

    #[test]
    fn on_a_fast_clock_the_last_point_counts_while_it_is_fresh_in_real_time() {
        let fast = Span::new(Timestamp(NOW), 20);
        let old = series(MetricKind::Gauge, &[(900, 9.0), (300, 4.0)]);
        assert_eq!(level(&old, fast), Observed::Value(4.0));
        let counter = series(MetricKind::Cumulative, &[(900, 0.0), (300, 600.0)]);
        assert_eq!(rate(&counter, fast), Observed::Value(1.0));
    }

    #[test]
    fn a_distribution_is_no_number() {
        let mut odd = series(MetricKind::Gauge, &[(10, 1.0)]);
        odd.points[0].value = Aggregate::Distribution(Distribution::empty(vec![1.0]));
        assert_eq!(level(&odd, span()), Observed::Absent(Absence::Invalid));
    }
}
