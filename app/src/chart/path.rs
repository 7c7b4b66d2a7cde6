//! Series as SVG path data, in a box of `WIDTH` by `HEIGHT` that the page stretches.

use std::fmt::Write;

use super::model::{Chart, Look, Point, Series};

pub(super) const WIDTH: f64 = 1_000.0;
pub(super) const HEIGHT: f64 = 200.0;

/// Where the chart's values lie in the box.
pub(super) struct Scale {
    span: f64,
    top: f64,
}

impl Scale {
    pub(super) fn new(chart: &Chart, top: f64) -> Self {
        Self {
            span: chart.span() as f64,
            top,
        }
    }

    fn x(&self, at: i64) -> f64 {
        (at as f64 / self.span * WIDTH).clamp(0.0, WIDTH)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - (value / self.top * HEIGHT).clamp(0.0, HEIGHT)
    }

    /// The line of a series; a point between two gaps is a dot.
    pub(super) fn line(&self, series: &Series) -> String {
        let mut data = String::new();
        for run in &series.segments {
            self.trace(&corners(run, series.look), 'M', &mut data);
            if run.len() == 1 {
                data.push_str("h0");
            }
        }
        data
    }

    /// The area between a series and zero.
    pub(super) fn area(&self, series: &Series) -> String {
        let mut data = String::new();
        for run in &series.segments {
            let (Some(first), Some(last)) = (run.first(), run.last()) else {
                continue;
            };
            self.trace(&corners(run, series.look), 'M', &mut data);
            let _ = write!(data, "L{:.1} {HEIGHT}", self.x(last.0));
            let _ = write!(data, "L{:.1} {HEIGHT}Z", self.x(first.0));
        }
        data
    }

    /// The area between two bounds, for as long as both are known.
    pub(super) fn band(&self, low: &Series, high: &Series) -> String {
        let mut data = String::new();
        for (low, high) in low.segments.iter().zip(&high.segments) {
            let mut back = corners(low, Look::Bound);
            back.reverse();
            self.trace(&corners(high, Look::Bound), 'M', &mut data);
            self.trace(&back, 'L', &mut data);
            data.push('Z');
        }
        data
    }

    fn trace(&self, points: &[Point], first: char, data: &mut String) {
        for (index, &(at, value)) in points.iter().enumerate() {
            let command = if index == 0 { first } else { 'L' };
            let _ = write!(data, "{command}{:.1} {:.1}", self.x(at), self.y(value));
        }
    }
}

/// The points of a run with the corners that a held value makes.
fn corners(run: &[Point], look: Look) -> Vec<Point> {
    if !look.holds() {
        return run.to_vec();
    }
    let mut points = Vec::with_capacity(run.len() * 2);
    for pair in run.windows(2) {
        points.push(pair[0]);
        if pair[0].1 != pair[1].1 {
            points.push((pair[1].0, pair[0].1));
        }
    }
    points.extend(run.last());
    points
}

#[cfg(test)]
mod tests {
    use super::{super::model::Unit, *};

    fn scale() -> Scale {
        let chart = Chart {
            title: String::new(),
            caption: String::new(),
            unit: Unit::Count,
            from: 0,
            to: 100,
            step: 10,
            series: Vec::new(),
            marks: Vec::new(),
        };
        Scale::new(&chart, 4.0)
    }

    fn series(look: Look, segments: Vec<Vec<Point>>) -> Series {
        Series {
            name: String::new(),
            look,
            segments,
        }
    }

    #[test]
    fn a_held_value_turns_a_square_corner() {
        let line = scale().line(&series(Look::Size, vec![vec![(0, 2.0), (50, 3.0)]]));
        assert_eq!(line, "M0.0 100.0L500.0 100.0L500.0 50.0");
    }

    #[test]
    fn a_measured_value_runs_straight() {
        let line = scale().line(&series(Look::Measured, vec![vec![(0, 2.0), (50, 3.0)]]));
        assert_eq!(line, "M0.0 100.0L500.0 50.0");
    }

    #[test]
    fn a_gap_starts_a_new_line_and_closes_its_own_area() {
        let gapped = series(Look::Measured, vec![vec![(0, 1.0)], vec![(90, 1.0)]]);
        assert_eq!(scale().area(&gapped).matches('Z').count(), 2);
    }

    #[test]
    fn a_lone_point_is_a_dot() {
        let lone = series(Look::Measured, vec![vec![(50, 2.0)]]);
        assert_eq!(scale().line(&lone), "M500.0 100.0h0");
    }

    #[test]
    fn values_outside_the_box_stay_on_its_edge() {
        let line = scale().line(&series(Look::Measured, vec![vec![(-20, 9.0), (120, -1.0)]]));
        assert_eq!(line, "M0.0 0.0L1000.0 200.0");
    }
}
