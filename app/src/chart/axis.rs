//! Round numbers for the axes.

use super::model::{Chart, Unit};
use crate::text;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Distances between labels of the time axis that people count in.
const TIME_STEPS: [i64; 12] = [
    MINUTE,
    2 * MINUTE,
    3 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    12 * HOUR,
    DAY,
];
/// A number that is a multiple of a step but for its last digits is one.
const ROUNDING: f64 = 1e-9;
/// More labels than this run into each other on a phone.
const MOST_LABELS: i64 = 6;

/// A label and its place, 0 at the start of the axis and 1 at its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Where it is.
    pub place: f64,
    /// What it says.
    pub label: String,
}

/// The value axis from zero: its end, and the labels on it.
pub(super) struct ValueAxis {
    pub(super) top: f64,
    pub(super) ticks: Vec<Tick>,
}

/// An axis that ends at the first round number at or above the chart's peak.
pub(super) fn values(chart: &Chart) -> ValueAxis {
    let peak = match chart.unit {
        Unit::Count => chart.peak().max(2.0) + 0.5,
        Unit::Percent => chart.peak().max(0.6),
        Unit::Rate | Unit::Milliseconds => chart.peak().max(1.0),
    };
    let step = round_step(peak / 4.0, chart.unit == Unit::Count);
    let steps = (peak / step).ceil().max(1.0);
    let top = step * steps;
    let ticks = (0..=steps as u32)
        .map(|index| {
            let value = step * f64::from(index);
            Tick {
                place: value / top,
                label: chart.unit.show(value),
            }
        })
        .collect();
    ValueAxis { top, ticks }
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `rough`.
fn round_step(rough: f64, whole: bool) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough)
        .unwrap_or(10.0 * power);
    if whole { step.max(1.0).round() } else { step }
}

/// At least two round numbers, the first not above `low` and the last not below `high`, which are
/// about as many steps apart as `parts`.
pub fn round_ticks(low: f64, high: f64, parts: f64) -> Vec<f64> {
    // Values that are all the same get an axis around them.
    let spread = if high > low {
        high - low
    } else if high > 0.0 {
        high / 10.0
    } else {
        1.0
    };
    let step = round_step(spread / parts, false);
    let first = (low / step + ROUNDING).floor() as i64;
    let last = ((low + spread) / step - ROUNDING).ceil() as i64;
    (first..=last).map(|index| index as f64 * step).collect()
}

/// Labels at round times.
pub(super) fn times(chart: &Chart) -> Vec<Tick> {
    let span = chart.span();
    let step = TIME_STEPS
        .into_iter()
        .find(|step| span / step <= MOST_LABELS)
        .unwrap_or(span / MOST_LABELS + 1);
    let first = chart.from.div_euclid(step) * step + step;
    let labels = (chart.to - first + step - 1) / step;
    (0..labels)
        .map(|index| first + index * step)
        .map(|at| Tick {
            place: (at - chart.from) as f64 / span as f64,
            label: if step >= DAY { day(at) } else { minute(at) },
        })
        .collect()
}

fn minute(at: i64) -> String {
    text::clock_time(at).chars().take(5).collect()
}

fn day(at: i64) -> String {
    text::date_time(at)
        .split_whitespace()
        .take(2)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::{
        super::model::{Look, Series},
        *,
    };

    fn chart(unit: Unit, span: i64, peak: f64) -> Chart {
        Chart {
            title: String::new(),
            caption: String::new(),
            unit,
            from: 1_795_530_485_000,
            to: 1_795_530_485_000 + span,
            step: 1_000,
            series: vec![Series {
                name: String::new(),
                look: Look::Size,
                segments: vec![vec![(0, peak)]],
            }],
            marks: Vec::new(),
        }
    }

    #[test]
    fn sizes_have_whole_labels_and_head_room() {
        let axis = values(&chart(Unit::Count, 900_000, 6.0));
        let labels: Vec<_> = axis.ticks.iter().map(|tick| tick.label.as_str()).collect();
        assert_eq!(labels, ["0", "2", "4", "6", "8"]);
    }

    #[test]
    fn the_axis_always_covers_the_peak() {
        for peak in [0.0, 0.01, 0.5, 1.0, 2.2, 7.0, 99.0, 12_345.0] {
            for unit in [Unit::Count, Unit::Percent, Unit::Rate, Unit::Milliseconds] {
                let axis = values(&chart(unit, 900_000, peak));
                assert!(axis.top >= peak, "{unit:?} {peak}: {}", axis.top);
                assert!(
                    axis.ticks.len() <= 8,
                    "{unit:?} {peak}: {}",
                    axis.ticks.len()
                );
            }
        }
    }

    #[test]
    fn round_numbers_enclose_any_span() {
        assert_eq!(round_ticks(0.0, 90.0, 4.0), [0.0, 50.0, 100.0]);
        assert_eq!(round_ticks(2.0, 4.0, 4.0), [2.0, 2.5, 3.0, 3.5, 4.0]);
        for (low, high) in [
            (0.0, 0.0),
            (3.0, 3.0),
            (0.3, 0.7),
            (12.34, 987.6),
            (0.0, 1e-3),
        ] {
            let ticks = round_ticks(low, high, 4.0);
            assert!((2..=8).contains(&ticks.len()), "{low} to {high}: {ticks:?}");
            assert!(ticks[0] <= low + 1e-9, "{low} to {high}: {ticks:?}");
            assert!(
                ticks[ticks.len() - 1] >= high - 1e-9,
                "{low} to {high}: {ticks:?}"
            );
        }
    }

    #[test]
    fn times_are_labelled_at_round_minutes() {
        let labels: Vec<_> = times(&chart(Unit::Count, 15 * MINUTE, 1.0))
            .into_iter()
            .map(|tick| tick.label)
            .collect();
        assert_eq!(labels, ["14:30", "14:33", "14:36", "14:39", "14:42"]);
    }

    #[test]
    fn every_window_has_a_handful_of_labels() {
        for span in [15 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY] {
            let labels = times(&chart(Unit::Count, span, 1.0)).len();
            assert!((2..=7).contains(&labels), "{span}: {labels}");
        }
    }
}
