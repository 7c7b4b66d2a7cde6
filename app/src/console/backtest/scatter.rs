//! Where the policies of a sweep lie in a picture of cost against overload.

use autoscaler::backtest::{Point, Totals};

use super::figures;
use crate::chart::{Tick, round_ticks};

/// Labels on an axis, about.
const LABELS: f64 = 4.0;

/// The picture: cheap is left, overloaded is high.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scatter {
    /// The policies with their places, by rising cost. Of those with the same cost and overload the
    /// first stands for all.
    pub(super) spots: Vec<Spot>,
    /// Labels below.
    pub(super) costs: Vec<Tick>,
    /// Labels beside.
    pub(super) overloads: Vec<Tick>,
    has_price: bool,
    low: f64,
    high: f64,
    top: f64,
}

/// A policy in the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spot {
    pub(super) point: Point,
    pub(super) place: Place,
}

/// Shares of the picture's width and height, from its upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) x: f64,
    pub(super) y: f64,
}

impl Scatter {
    /// The picture of `points`, by rising cost, which has room for `others` too.
    pub(super) fn new(points: &[Point], others: &[Totals], has_price: bool) -> Self {
        let mut points = points.to_vec();
        points.dedup_by(|next, first| same(&next.totals, &first.totals));
        let all = || points.iter().map(|point| &point.totals).chain(others);
        let costs = all().map(|totals| cost(totals, has_price));
        let overloads = all().map(|totals| f64::from(totals.overload_minutes));
        let dearest = costs.clone().fold(0.0, f64::max);
        let costs = round_ticks(
            costs.fold(f64::INFINITY, f64::min).min(dearest),
            dearest,
            LABELS,
        );
        // Below one minute a label there is no whole one.
        let overloads = round_ticks(0.0, overloads.fold(LABELS, f64::max), LABELS);
        let mut scatter = Self {
            spots: Vec::new(),
            has_price,
            low: costs.first().copied().unwrap_or(0.0),
            high: costs.last().copied().unwrap_or(1.0),
            top: overloads.last().copied().unwrap_or(1.0),
            costs: Vec::new(),
            overloads: Vec::new(),
        };
        scatter.costs = scatter.label_costs(&costs);
        scatter.overloads = scatter.label_overloads(&overloads);
        scatter.spots = points
            .into_iter()
            .map(|point| Spot {
                point,
                place: scatter.place(&point.totals),
            })
            .collect();
        scatter
    }

    fn label_costs(&self, costs: &[f64]) -> Vec<Tick> {
        let labelled = costs.iter().map(|cost| Tick {
            place: self.x(*cost),
            label: figures::cost_text(*cost, self.high, self.has_price),
        });
        labelled.collect()
    }

    fn label_overloads(&self, overloads: &[f64]) -> Vec<Tick> {
        let labelled = overloads.iter().map(|minutes| Tick {
            place: minutes / self.top,
            label: figures::minutes(minutes.round() as u32),
        });
        labelled.collect()
    }

    /// Where a policy with these totals lies.
    pub(super) fn place(&self, totals: &Totals) -> Place {
        Place {
            x: self.x(cost(totals, self.has_price)),
            y: 1.0 - (f64::from(totals.overload_minutes) / self.top).clamp(0.0, 1.0),
        }
    }

    fn x(&self, cost: f64) -> f64 {
        ((cost - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// What nothing else beats, by rising cost.
    pub(super) fn front(&self) -> impl Iterator<Item = (usize, &Spot)> {
        let spots = self.spots.iter().enumerate();
        spots.filter(|(_, spot)| spot.point.on_front)
    }

    /// The policy that lies nearest to `place` in a picture of so many pixels.
    pub(super) fn nearest(&self, place: Place, width: f64, height: f64) -> Option<usize> {
        let distance = |spot: &Spot| {
            let across = (spot.place.x - place.x) * width;
            let down = (spot.place.y - place.y) * height;
            across.hypot(down)
        };
        let spots = self.spots.iter().enumerate();
        spots
            .min_by(|a, b| distance(a.1).total_cmp(&distance(b.1)))
            .map(|(index, _)| index)
    }
}

fn same(one: &Totals, other: &Totals) -> bool {
    one.instance_hours == other.instance_hours && one.overload_minutes == other.overload_minutes
}

/// The cost, or the instance hours where no price is known.
fn cost(totals: &Totals, has_price: bool) -> f64 {
    if has_price {
        totals.cost_usd
    } else {
        totals.instance_hours
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(cost_usd: f64, overload_minutes: u32, on_front: bool) -> Point {
        Point {
            target: Some(0.5),
            min: 1,
            stabilization_s: 600,
            totals: Totals {
                instance_hours: cost_usd * 10.0,
                cost_usd,
                overload_minutes,
                ..Totals::default()
            },
            on_front,
        }
    }

    fn scatter() -> Scatter {
        let points = [
            point(2.0, 60, true),
            point(2.0, 60, false),
            point(3.0, 90, false),
            point(4.0, 0, true),
        ];
        Scatter::new(&points, &[], true)
    }

    #[test]
    fn cheap_is_left_and_calm_is_low() {
        let scatter = scatter();
        let [cheap, _, calm] = scatter.spots[..] else {
            panic!("{scatter:?}")
        };
        assert_eq!(cheap.place.x, 0.0);
        assert_eq!(calm.place, Place { x: 1.0, y: 1.0 });
        assert!(cheap.place.y < calm.place.y);
    }

    #[test]
    fn of_policies_in_the_same_place_one_is_drawn() {
        let front: Vec<_> = scatter()
            .front()
            .map(|(index, spot)| (index, spot.point.totals.cost_usd))
            .collect();
        assert_eq!(front, [(0, 2.0), (2, 4.0)]);
    }

    #[test]
    fn the_axes_are_labelled_in_their_units() {
        let labels =
            |ticks: Vec<Tick>| ticks.into_iter().map(|tick| tick.label).collect::<Vec<_>>();
        assert_eq!(
            labels(scatter().costs),
            ["$2.00", "$2.50", "$3.00", "$3.50", "$4.00"]
        );
        assert_eq!(
            labels(scatter().overloads),
            ["0\u{202f}min", "50\u{202f}min", "100\u{202f}min"]
        );
    }

    #[test]
    fn minutes_are_labelled_in_whole_ones() {
        for most in [0, 1, 3, 5, 7, 90] {
            let ticks = Scatter::new(&[point(1.0, most, true)], &[], true).overloads;
            let labels: Vec<_> = ticks.iter().map(|tick| &tick.label).collect();
            assert!(
                labels.windows(2).all(|pair| pair[0] != pair[1]),
                "{labels:?}"
            );
        }
    }

    #[test]
    fn the_pointer_finds_what_is_nearest_on_the_screen() {
        let scatter = scatter();
        let between = Place { x: 0.2, y: 0.9 };
        assert_eq!(scatter.nearest(between, 1_000.0, 10.0), Some(0));
        assert_eq!(scatter.nearest(between, 10.0, 1_000.0), Some(2));
        assert_eq!(
            Scatter::new(&[], &[], true).nearest(between, 1.0, 1.0),
            None
        );
    }

    #[test]
    fn policies_that_all_cost_the_same_have_a_place_too() {
        let alike = Scatter::new(&[point(0.0, 0, true)], &[point(0.0, 0, false).totals], true);
        let Place { x, y } = alike.spots[0].place;
        assert!(
            (0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y),
            "{x} {y}"
        );
    }

    #[test]
    fn what_costs_more_than_any_policy_of_the_sweep_has_room() {
        let dear = point(9.0, 500, false).totals;
        let scatter = Scatter::new(&[point(2.0, 60, true)], &[dear], true);
        let Place { x, y } = scatter.place(&dear);
        assert!(x < 1.0 || (x, y) == (1.0, 0.0), "{x} {y}");
        assert!(scatter.spots[0].place.x < x);
    }
}
