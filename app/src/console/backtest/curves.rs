//! The charts of a backtest: size and utilization under the present policy and the new one.

use autoscaler::backtest::{Report, Trace};

use crate::{
    chart::{Chart, Look, Point, Series, Unit},
    text,
};

/// Parts of a curve: more than a screen shows only cost time while somebody drags.
const POINTS: usize = 360;

const NEW: &str = "New";
const PRESENT: &str = "Present";

/// Size and utilization over the trace.
pub(super) fn charts(
    trace: &Trace,
    present: &Report,
    new: &Report,
    target: Option<f64>,
) -> Vec<Chart> {
    vec![
        size_chart(trace, present, new),
        utilization_chart(trace, present, new, target),
    ]
}

fn size_chart(trace: &Trace, present: &Report, new: &Report) -> Chart {
    let peaks = (new.totals.peak_instances, present.totals.peak_instances);
    Chart {
        title: "Size".to_owned(),
        caption: format!(
            "At most {} under the new policy and {} under the present one.",
            text::plural(u64::from(peaks.0), "instance", "instances"),
            peaks.1
        ),
        unit: Unit::Count,
        from: trace.start.0,
        to: trace.end().0,
        step: step_ms(trace),
        series: vec![
            sizes(trace, PRESENT, Look::SizeBefore, &present.size),
            sizes(trace, NEW, Look::Size, &new.size),
        ],
        marks: Vec::new(),
    }
}

fn utilization_chart(trace: &Trace, present: &Report, new: &Report, target: Option<f64>) -> Chart {
    let each = trace.len().div_ceil(POINTS).max(1);
    let width = step_ms(trace) * each as i64;
    let span = trace.end().0 - trace.start.0;
    let line = |name: &str, look, values: Vec<Option<f64>>| Series {
        name: name.to_owned(),
        look,
        segments: curve(&values, width, span),
    };
    let mut series = vec![
        line(
            PRESENT,
            Look::MeasuredBefore,
            highest(&present.utilization, each),
        ),
        line(NEW, Look::Measured, highest(&new.utilization, each)),
        line("Overload", Look::Overload, overloaded(new, each)),
    ];
    series.extend(target.map(|target| Series {
        name: "New target".to_owned(),
        look: Look::Target,
        segments: vec![vec![(0, target), (span, target)]],
    }));
    Chart {
        title: "CPU utilization".to_owned(),
        caption: format!(
            "The highest of every {}. Red is overload under the new policy: more than its instances have reserved.",
            text::duration(width)
        ),
        unit: Unit::Percent,
        from: trace.start.0,
        to: trace.end().0,
        step: width,
        series,
        marks: Vec::new(),
    }
}

fn step_ms(trace: &Trace) -> i64 {
    i64::from(trace.step_s.max(1)) * 1_000
}

/// A step line with a point wherever the size changes, and one at its end; of an unsteady one what a
/// screen shows.
fn sizes(trace: &Trace, name: &str, look: Look, sizes: &[u32]) -> Series {
    let step = step_ms(trace);
    let mut run: Vec<Point> = Vec::new();
    for (index, size) in sizes.iter().enumerate() {
        let value = f64::from(*size);
        if run.last().is_none_or(|last| last.1 != value) {
            run.push((index as i64 * step, value));
        }
    }
    if run.len() > OF_EACH * POINTS {
        run = outline(&run, step * sizes.len().div_ceil(POINTS) as i64);
    }
    if let Some(&(_, value)) = run.last() {
        run.push((sizes.len() as i64 * step, value));
    }
    Series {
        name: name.to_owned(),
        look,
        segments: if run.is_empty() {
            Vec::new()
        } else {
            vec![run]
        },
    }
}

/// Points that [`outline`] keeps of each part.
const OF_EACH: usize = 3;

/// Of the changes in every `width` milliseconds the highest, the lowest and the last: no peak is
/// hidden, and the line goes on from each part at the size that it had there.
fn outline(changes: &[Point], width: i64) -> Vec<Point> {
    let parts = changes.chunk_by(|a, b| a.0 / width == b.0 / width);
    let by_size = |a: &&Point, b: &&Point| a.1.total_cmp(&b.1);
    parts
        .flat_map(|part| {
            let kept = [
                part.iter().max_by(by_size),
                part.iter().min_by(by_size),
                part.last(),
            ];
            let mut kept: Vec<Point> = kept.into_iter().flatten().copied().collect();
            kept.sort_by_key(|point| point.0);
            kept.dedup();
            kept
        })
        .collect()
}

/// The highest value of every `each` steps: a mean would hide the minute that hurts.
fn highest(values: &[Option<f64>], each: usize) -> Vec<Option<f64>> {
    let peak = |part: &[Option<f64>]| part.iter().copied().flatten().reduce(f64::max);
    values.chunks(each).map(peak).collect()
}

/// The highest utilization of the overloaded steps among every `each`.
fn overloaded(report: &Report, each: usize) -> Vec<Option<f64>> {
    let steps: Vec<_> = report
        .utilization
        .iter()
        .zip(&report.overloaded)
        .map(|(value, overloaded)| value.filter(|_| *overloaded))
        .collect();
    highest(&steps, each)
}

/// The values as runs; those next to each other only, so that overload stays where it was.
fn curve(values: &[Option<f64>], width: i64, span: i64) -> Vec<Vec<Point>> {
    let mut runs: Vec<Vec<Point>> = Vec::new();
    let mut open = false;
    for (index, value) in values.iter().enumerate() {
        let Some(value) = value else {
            open = false;
            continue;
        };
        let at = (index as i64 + 1) * width;
        match runs.last_mut().filter(|_| open) {
            Some(run) => run.push((at.min(span), *value)),
            None => runs.push(vec![(index as i64 * width, *value), (at.min(span), *value)]),
        }
        open = true;
    }
    runs
}

#[cfg(test)]
mod tests {
    use autoscaler::{
        Policy, Timestamp,
        backtest::{Model, backtest},
    };

    use super::*;

    fn load(cpu: impl IntoIterator<Item = f64>) -> Trace {
        Trace {
            cpu: cpu.into_iter().map(Some).collect(),
            ..Trace::new(Timestamp(60_000), 60)
        }
    }

    fn drawn(trace: &Trace) -> Vec<Chart> {
        let policy = Policy::default_for(2, 6, 0.5);
        let report = backtest(&policy, trace, &Model::default());
        charts(trace, &report, &report, Some(0.5))
    }

    #[test]
    fn a_week_of_minutes_becomes_as_many_points_as_a_screen_shows() {
        let charts = drawn(&load((0..10_080).map(|minute| f64::from(minute % 7) / 3.0)));
        for series in &charts[1].series {
            let points: usize = series.segments.iter().map(Vec::len).sum();
            assert!(points <= 2 * POINTS, "{}: {points}", series.name);
        }
    }

    #[test]
    fn a_size_is_drawn_where_it_changes_and_to_the_end() {
        let drawn = sizes(&load([0.5; 5]), NEW, Look::Size, &[2, 2, 3, 3, 5]);
        assert_eq!(
            drawn.segments,
            [vec![
                (0, 2.0),
                (120_000, 3.0),
                (240_000, 5.0),
                (300_000, 5.0)
            ]]
        );
    }

    #[test]
    fn an_unsteady_size_is_thinned_and_keeps_its_peaks_and_where_it_comes_to_rest() {
        let mut unsteady: Vec<u32> = (0..10_080).map(|minute| 2 + minute % 3).collect();
        unsteady[5_000] = 9;
        unsteady[7_001] = 0;
        // It rests from a minute in the middle of a part on.
        unsteady[9_001..].fill(3);
        let drawn = sizes(&load([]), NEW, Look::Size, &unsteady);
        let [run] = &drawn.segments[..] else {
            panic!("{} runs", drawn.segments.len())
        };
        assert!(run.len() <= OF_EACH * POINTS + 1, "{}", run.len());
        assert!(run.is_sorted_by_key(|point| point.0));
        assert!(run.contains(&(5_000 * 60_000, 9.0)));
        assert!(run.contains(&(7_001 * 60_000, 0.0)));
        let end = [(9_001 * 60_000, 3.0), (10_080 * 60_000, 3.0)];
        assert_eq!(run[run.len() - 2..], end);
    }

    #[test]
    fn the_minute_that_hurts_is_not_averaged_away() {
        let mut values = vec![Some(0.1); 100];
        values[42] = Some(1.7);
        assert_eq!(highest(&values, 50), [Some(1.7), Some(0.1)]);
        assert_eq!(highest(&[None, None], 2), [None]);
    }

    #[test]
    fn overload_stays_where_it_was() {
        let runs = curve(&[None, Some(1.2), None, Some(1.3)], 10, 40);
        assert_eq!(
            runs,
            [vec![(10, 1.2), (20, 1.2)], vec![(30, 1.3), (40, 1.3)]]
        );
    }
}
