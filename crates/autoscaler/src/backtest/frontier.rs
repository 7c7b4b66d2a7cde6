//! Cost against overload over many policies.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::replay::{Replay, Seen};
use super::{Model, Totals, Trace};
use crate::Policy;

/// Which fields to vary. A list that is empty leaves its field as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Sweep {
    /// CPU targets, fractions in (0, 1].
    pub targets: Vec<f64>,
    /// `minNumReplicas`; one above the maximum is passed over.
    pub minimums: Vec<u32>,
    /// `stabilizationPeriodSec`.
    pub stabilizations_s: Vec<u32>,
}

/// One policy of a sweep, and what it would have cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The CPU target, where the policy has that signal.
    pub target: Option<f64>,
    /// `minNumReplicas`.
    pub min: u32,
    /// `stabilizationPeriodSec`.
    pub stabilization_s: u32,
    /// What it would have done.
    #[serde(flatten)]
    pub totals: Totals,
    /// No other point costs less without more overload, or overloads less without costing more.
    pub on_front: bool,
}

/// A sweep that can be made in slices: a browser advances it for a few milliseconds and draws.
#[derive(Clone, Debug)]
pub struct Frontier {
    trace: Trace,
    model: Model,
    policies: Vec<Policy>,
    points: Vec<Point>,
    running: Option<Replay>,
}

impl Sweep {
    /// About two hundred policies around one: ten targets, five minimums, four periods. A policy
    /// without a CPU target has none to vary.
    pub fn around(policy: &Policy) -> Self {
        let targets = policy.cpu.iter().flat_map(|_| 1..=10);
        let targets = targets.map(|step| f64::from(step * 9) / 100.0).collect();
        let spread = policy.max.saturating_sub(1).max(1);
        let mut minimums: Vec<u32> = (0..5).map(|part| 1 + spread * part / 8).collect();
        minimums.push(policy.min);
        minimums.sort_unstable();
        minimums.dedup();
        Self {
            targets,
            minimums,
            stabilizations_s: vec![0, 300, 600, 1800],
        }
    }

    /// The policies to try, in a fixed order.
    pub fn policies(&self, base: &Policy) -> Vec<Policy> {
        let stabilizations: Vec<Duration> = or_as_is(
            self.stabilizations_s
                .iter()
                .map(|seconds| Duration::from_secs(u64::from(*seconds))),
            base.stabilization,
        );
        let minimums = or_as_is(self.minimums.iter().copied(), base.min);
        let targets = or_as_is(
            self.targets.iter().copied().map(Some),
            base.cpu.map(|cpu| cpu.target),
        );
        let mut policies =
            Vec::with_capacity(targets.len() * minimums.len() * stabilizations.len());
        for target in targets {
            for min in minimums.iter().copied().filter(|min| *min <= base.max) {
                for stabilization in stabilizations.iter().copied() {
                    let cpu = base.cpu.zip(target);
                    policies.push(Policy {
                        min,
                        stabilization,
                        cpu: cpu.map(|(cpu, target)| crate::CpuUtilization { target, ..cpu }),
                        ..base.clone()
                    });
                }
            }
        }
        policies
    }
}

fn or_as_is<T>(values: impl Iterator<Item = T>, present: T) -> Vec<T> {
    let values: Vec<T> = values.collect();
    if values.is_empty() {
        vec![present]
    } else {
        values
    }
}

impl Frontier {
    /// Nothing has run yet. A trace with [coarser](Trace::coarser) steps of five minutes will do.
    pub fn new(base: &Policy, trace: Trace, model: Model, sweep: &Sweep) -> Self {
        let mut policies = sweep.policies(base);
        let points = Vec::with_capacity(policies.len());
        // Taken from the end.
        policies.reverse();
        Self {
            trace,
            model,
            policies,
            points,
            running: None,
        }
    }

    /// Goes about so many steps of the trace further; false when there is nothing left to do.
    ///
    /// Steps cost about the same, so a caller finds the number that fills its slice of time.
    pub fn advance(&mut self, steps: usize) -> bool {
        let mut left = steps.max(1);
        while left > 0
            && let Some(policy) = self.policies.last()
        {
            let mut replay = self
                .running
                .take()
                .unwrap_or_else(|| Replay::new(policy, &self.trace));
            let mut made = 0;
            let more = replay.advance(&self.trace, &self.model, left, &mut |_: &Seen| made += 1);
            left = left.saturating_sub(made.max(1));
            if more {
                self.running = Some(replay);
            } else {
                self.points
                    .push(Point::of(policy, replay.totals(&self.model)));
                self.policies.pop();
            }
        }
        !self.policies.is_empty()
    }

    /// How many policies have been tried, and of how many.
    pub fn progress(&self) -> (usize, usize) {
        (self.points.len(), self.points.len() + self.policies.len())
    }

    /// The points so far, by rising cost, with the front marked among them.
    pub fn points(&self) -> Vec<Point> {
        marked(self.points.clone())
    }

    /// Runs to the end.
    pub fn finish(mut self) -> Vec<Point> {
        while self.advance(usize::MAX) {}
        marked(self.points)
    }
}

impl Point {
    fn of(policy: &Policy, totals: Totals) -> Self {
        Self {
            target: policy.cpu.map(|cpu| cpu.target),
            min: policy.min,
            stabilization_s: u32::try_from(policy.stabilization.as_secs()).unwrap_or(u32::MAX),
            totals,
            on_front: false,
        }
    }
}

/// By rising cost; a point is on the front if it overloads less than every cheaper one. Of several
/// with the same cost and overload the first stands for all.
fn marked(mut points: Vec<Point>) -> Vec<Point> {
    points.sort_by(|a, b| {
        let cost = a.totals.instance_hours.total_cmp(&b.totals.instance_hours);
        cost.then(a.totals.overload_minutes.cmp(&b.totals.overload_minutes))
    });
    let mut least = None;
    for point in &mut points {
        let overload = point.totals.overload_minutes;
        point.on_front = least.is_none_or(|least| overload < least);
        if point.on_front {
            least = Some(overload);
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(instance_hours: f64, overload_minutes: u32) -> Point {
        let totals = Totals {
            instance_hours,
            overload_minutes,
            ..Totals::default()
        };
        Point::of(&Policy::default_for(1, 5, 0.5), totals)
    }

    #[test]
    fn the_front_holds_what_nothing_else_beats() {
        let points = [
            (5.0, 0),
            (3.0, 10),
            (4.0, 10),
            (2.0, 30),
            (6.0, 0),
            (3.0, 12),
        ];
        let marked = marked(
            points
                .map(|(hours, overload)| point(hours, overload))
                .to_vec(),
        );
        let front: Vec<(f64, u32)> = marked
            .iter()
            .filter(|point| point.on_front)
            .map(|point| (point.totals.instance_hours, point.totals.overload_minutes))
            .collect();
        assert_eq!(front, [(2.0, 30), (3.0, 10), (5.0, 0)]);
        assert_eq!(marked.len(), points.len());
    }

    #[test]
    fn a_field_that_is_not_swept_stays_as_it_is() {
        let base = Policy::default_for(2, 4, 0.6);
        assert_eq!(
            Sweep::default().policies(&base),
            std::slice::from_ref(&base)
        );
        let sweep = Sweep {
            minimums: vec![1, 3, 9],
            ..Sweep::default()
        };
        let minimums: Vec<u32> = sweep
            .policies(&base)
            .iter()
            .map(|policy| policy.min)
            .collect();
        assert_eq!(minimums, [1, 3]);
    }

    #[test]
    fn a_policy_without_a_cpu_target_is_tried_once_for_each_of_the_rest() {
        let base = Policy {
            cpu: None,
            ..Policy::default_for(2, 6, 0.5)
        };
        let sweep = Sweep::around(&base);
        let tried = sweep.policies(&base).len();
        assert_eq!(tried, sweep.minimums.len() * sweep.stabilizations_s.len());
    }

    #[test]
    fn the_sweep_around_a_policy_has_about_two_hundred_and_contains_its_minimum() {
        for (min, max) in [(2, 6), (3, 100), (0, 1)] {
            let base = Policy::default_for(min, max, 0.5);
            let policies = Sweep::around(&base).policies(&base);
            assert!((40..=250).contains(&policies.len()), "{}", policies.len());
            assert!(policies.iter().any(|policy| policy.min == min));
            assert!(policies.iter().all(|policy| policy.min <= policy.max));
        }
    }
}
