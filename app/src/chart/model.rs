//! What a chart shows, before anything is drawn.

use serde::{Deserialize, Serialize};

use crate::text;

/// Milliseconds since the chart's `from`, and the value there.
pub type Point = (i64, f64);

/// What the numbers of a chart are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// Instances.
    Count,
    /// Shares of one, shown in percent.
    Percent,
    /// Requests per second.
    Rate,
    /// Milliseconds.
    Milliseconds,
}

impl Unit {
    /// A value in words.
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Count => text::count(value.round().max(0.0) as u64),
            Self::Percent => text::percent(value),
            Self::Rate => text::rate(value),
            Self::Milliseconds => text::milliseconds(value),
        }
    }
}

/// How a series is drawn. Each one differs by more than its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Look {
    /// The group's size: a strong step line.
    Size,
    /// The recommended size: a thin dashed step line in the same hue.
    Recommended,
    /// A size to compare with: a thin neutral step line.
    SizeBefore,
    /// A bound: a hairline; two of them enclose a faint band.
    Bound,
    /// A measured value: a line over an area.
    Measured,
    /// Measured values to compare with: a thin neutral line.
    MeasuredBefore,
    /// What a measured value is steered to: a dashed neutral line.
    Target,
    /// Measured values above the target while the group cannot grow.
    Overload,
}

impl Look {
    /// The style sheet's name for it.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Size => "s-size",
            Self::Recommended => "s-recommended",
            Self::SizeBefore => "s-size-before",
            Self::Bound => "s-bound",
            Self::Measured => "s-measured",
            Self::MeasuredBefore => "s-measured-before",
            Self::Target => "s-target",
            Self::Overload => "s-overload",
        }
    }

    /// Sizes and bounds hold until they change; measured values run from point to point.
    pub const fn holds(self) -> bool {
        !matches!(self, Self::Measured | Self::MeasuredBefore | Self::Overload)
    }

    /// Whether the space below is filled.
    pub const fn fills(self) -> bool {
        matches!(self, Self::Measured | Self::Overload)
    }
}

/// One line of a chart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Its name in legend, read-out and table.
    pub name: String,
    /// How it is drawn.
    pub look: Look,
    /// Runs of points without a gap between them, oldest first.
    pub segments: Vec<Vec<Point>>,
}

impl Series {
    /// The value at `at` (milliseconds since the chart's `from`): the last point not after it, if
    /// its run reaches that far.
    pub fn value_at(&self, at: i64, reach: i64) -> Option<f64> {
        let run = self
            .segments
            .iter()
            .rev()
            .find(|run| run.first().is_some_and(|p| p.0 <= at))?;
        let (_, value) = run.iter().rev().find(|point| point.0 <= at)?;
        let (end, _) = run.last()?;
        (at - end <= reach).then_some(*value)
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        self.segments.iter().flatten().map(|point| point.1)
    }

    /// Whether there is anything to draw.
    pub fn is_empty(&self) -> bool {
        self.segments.iter().all(Vec::is_empty)
    }
}

/// Something that happened, marked on the time axis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Milliseconds since the chart's `from`.
    pub at: i64,
    /// What it was.
    pub kind: MarkKind,
    /// One sentence about it.
    pub text: String,
}

/// What a mark stands for; the shapes differ too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MarkKind {
    /// The autoscaler changed the size.
    Scaling,
    /// Somebody changed the policy.
    Change,
}

/// One chart: series of one unit over one span of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// Its heading.
    pub title: String,
    /// One sentence that says what the picture shows.
    pub caption: String,
    /// What the values are.
    pub unit: Unit,
    /// Start of the time axis, on the cloud's clock.
    pub from: i64,
    /// End of the time axis.
    pub to: i64,
    /// Milliseconds between points, and so the width of what one value stands for.
    pub step: i64,
    /// In drawing order: the most important one last.
    pub series: Vec<Series>,
    /// What happened meanwhile.
    pub marks: Vec<Mark>,
}

impl Chart {
    /// The length of the time axis, never zero.
    pub fn span(&self) -> i64 {
        (self.to - self.from).max(1)
    }

    /// How long a value is good for after its point: a little more than the distance of points.
    pub const fn reach(&self) -> i64 {
        self.step * GAP_STEPS
    }

    /// The largest value of all series, zero where there is none.
    pub fn peak(&self) -> f64 {
        self.series
            .iter()
            .flat_map(Series::values)
            .fold(0.0, f64::max)
    }

    /// Whether no series has a point.
    pub fn is_empty(&self) -> bool {
        self.series.iter().all(Series::is_empty)
    }

    /// Name and value of each series at `at`, the most important one first.
    pub fn readings(&self, at: i64) -> Vec<(String, String)> {
        self.series
            .iter()
            .rev()
            .filter(|series| series.look != Look::Overload)
            .filter_map(|series| {
                let value = series.value_at(at, self.reach())?;
                Some((series.name.clone(), self.unit.show(value)))
            })
            .collect()
    }

    /// The mark nearest to `at`, if it is within a hundredth of the axis.
    pub fn mark_near(&self, at: i64) -> Option<&Mark> {
        let near = self.span() / 100;
        self.marks
            .iter()
            .filter(|mark| (mark.at - at).abs() <= near)
            .min_by_key(|mark| (mark.at - at).abs())
    }
}

/// A run ends where this many steps passed without a point: one late sample is no gap.
const GAP_STEPS: i64 = 4;

/// Cuts `points` into runs wherever data is missing.
pub fn segments(points: &[Point], step: i64) -> Vec<Vec<Point>> {
    let mut runs: Vec<Vec<Point>> = Vec::new();
    for &point in points {
        match runs.last_mut() {
            Some(run)
                if run
                    .last()
                    .is_some_and(|last| point.0 - last.0 <= step * GAP_STEPS) =>
            {
                run.push(point);
            }
            _ => runs.push(vec![point]),
        }
    }
    runs
}

/// Leaves out the points of a step line that repeat the value before them, except the last one, where
/// the line ends.
pub fn steps_only(run: &[Point]) -> Vec<Point> {
    let repeats =
        |index: usize| index > 0 && index + 1 < run.len() && run[index - 1].1 == run[index].1;
    (0..run.len())
        .filter(|&index| !repeats(index))
        .map(|index| run[index])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(points: &[Point]) -> Series {
        Series {
            name: "size".into(),
            look: Look::Size,
            segments: segments(points, 10),
        }
    }

    #[test]
    fn missing_data_breaks_a_line_and_one_late_sample_does_not() {
        let runs = segments(&[(0, 1.0), (10, 1.0), (50, 2.0), (200, 3.0)], 10);
        assert_eq!(
            runs,
            [vec![(0, 1.0), (10, 1.0), (50, 2.0)], vec![(200, 3.0)]]
        );
    }

    #[test]
    fn a_step_line_keeps_its_corners_and_its_end() {
        let run = [(0, 2.0), (10, 2.0), (20, 3.0), (30, 3.0), (40, 3.0)];
        assert_eq!(steps_only(&run), [(0, 2.0), (20, 3.0), (40, 3.0)]);
    }

    #[test]
    fn a_value_holds_until_the_next_point_but_not_through_a_gap() {
        let size = series(&[(0, 2.0), (40, 3.0), (300, 4.0)]);
        assert_eq!(size.value_at(39, 40), Some(2.0));
        assert_eq!(size.value_at(60, 40), Some(3.0));
        assert_eq!(size.value_at(200, 40), None);
        assert_eq!(size.value_at(-5, 40), None);
    }
}
