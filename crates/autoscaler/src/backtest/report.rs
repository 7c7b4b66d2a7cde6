use serde::{Deserialize, Serialize};

use super::Model;
use super::replay::{Replay, Seen};
use super::trace::{Trace, at};
use crate::{Decision, Policy, Step};

/// What a policy would have done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The numbers that two policies are compared by.
    #[serde(flatten)]
    pub totals: Totals,
    /// The size in each step of the trace.
    pub size: Vec<u32>,
    /// The size recommended at the end of each step.
    pub recommended: Vec<u32>,
    /// The mean utilization of the instances that worked; `None` where the trace has a gap, or none
    /// worked.
    pub utilization: Vec<Option<f64>>,
    /// Whether the demand exceeded what the working instances can be relied on for.
    pub overloaded: Vec<bool>,
    /// Every step that changed the recommended size, oldest first. They stay where they were made:
    /// [`Report::decisions`] puts them into words, which costs more than the whole replay.
    #[serde(skip)]
    pub changes: Vec<Step>,
}

/// The numbers that two policies are compared by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// What is paid for: instances from their order to their removal, in hours.
    pub instance_hours: f64,
    /// That at the model's price, in US dollars.
    pub cost_usd: f64,
    /// Minutes in which the demand exceeded what the working instances can be relied on for.
    pub overload_minutes: u32,
    /// The largest size.
    pub peak_instances: u32,
    /// How often the group was resized.
    pub moves: u32,
}

/// Runs a policy over what a group served.
///
/// The counterfactual is plain: the total demand does not depend on the size of the group; it is
/// shared equally by the instances that have booted and initialized; what exceeds their capacity is
/// overload. The group starts with the recorded size, put into the policy's bounds.
pub fn backtest(policy: &Policy, trace: &Trace, model: &Model) -> Report {
    let steps = trace.len();
    let mut report = Report {
        totals: Totals::default(),
        size: Vec::with_capacity(steps),
        recommended: Vec::with_capacity(steps),
        utilization: Vec::with_capacity(steps),
        overloaded: Vec::with_capacity(steps),
        changes: Vec::new(),
    };
    let mut replay = Replay::new(policy, trace);
    replay.advance(trace, model, steps, &mut |seen: &Seen| {
        report.size.push(seen.size);
        report.recommended.push(seen.step.recommended);
        report.utilization.push(seen.utilization);
        report.overloaded.push(seen.overloaded);
        if seen.step.recommended != seen.step.previous {
            report.changes.push(seen.step);
        }
    });
    report.totals = replay.totals(model);
    report
}

/// The same without what a chart needs, and without allocating in its steps: for many policies.
pub fn totals(policy: &Policy, trace: &Trace, model: &Model) -> Totals {
    let mut replay = Replay::new(policy, trace);
    replay.advance(trace, model, trace.len(), &mut |_: &Seen| {});
    replay.totals(model)
}

impl Totals {
    /// What the group really was, by its recorded sizes.
    pub fn recorded(trace: &Trace, model: &Model) -> Self {
        let mut tally = Tally::default();
        let mut size = trace.first_size().unwrap_or(0);
        for index in 0..trace.len() {
            let now = at(&trace.size, index)
                .or(at(&trace.recommended, index))
                .unwrap_or(size);
            tally.moves += u32::from(now != size);
            size = now;
            let working = at(&trace.serving, index).unwrap_or(size);
            tally.add(size, is_overloaded(trace, model, index, f64::from(working)));
        }
        tally.totals(trace.step_s, model)
    }

    /// How much more this is than `other`, as `(cost in US dollars, overload in minutes)`.
    pub fn difference(&self, other: &Self) -> (f64, i64) {
        let overload = i64::from(self.overload_minutes) - i64::from(other.overload_minutes);
        (self.cost_usd - other.cost_usd, overload)
    }
}

impl Report {
    /// Every decision that changed the recommended size, with its reason, oldest first. The policy
    /// must be the one that the report is about.
    pub fn decisions(&self, policy: &Policy) -> Vec<Decision> {
        let explained = self
            .changes
            .iter()
            .map(|step| Decision::explain(policy, step));
        explained.collect()
    }

    /// The trace that a group under this policy would have left: the same load, and what was decided.
    #[must_use]
    pub fn as_recording(&self, trace: &Trace) -> Trace {
        let known = |column: &[u32]| column.iter().copied().map(Some).collect();
        Trace {
            size: known(&self.size),
            serving: known(&self.size),
            recommended: known(&self.recommended),
            policy_since: None,
            ..trace.clone()
        }
    }
}

/// Running sums, in whole numbers, so that they are exact in whatever order steps come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    instance_steps: u64,
    overload_steps: u64,
    peak: u32,
    pub(super) moves: u32,
}

impl Tally {
    pub(super) fn add(&mut self, size: u32, overloaded: bool) {
        self.instance_steps += u64::from(size);
        self.overload_steps += u64::from(overloaded);
        self.peak = self.peak.max(size);
    }

    pub(super) fn totals(&self, step_s: u32, model: &Model) -> Totals {
        let seconds = |steps: u64| steps.saturating_mul(u64::from(step_s));
        let instance_hours = seconds(self.instance_steps) as f64 / 3600.0;
        Totals {
            instance_hours,
            cost_usd: instance_hours * model.price_per_hour,
            overload_minutes: u32::try_from(seconds(self.overload_steps).div_ceil(60))
                .unwrap_or(u32::MAX),
            peak_instances: self.peak,
            moves: self.moves,
        }
    }
}

/// A demand that is exactly the capacity is no overload, whatever the last digit of a sum says.
const OVERLOAD_SLACK: f64 = 1e-9;

/// Whether a step asked more of so many working instances than they can be relied on for.
pub(super) fn is_overloaded(trace: &Trace, model: &Model, index: usize, working: f64) -> bool {
    let exceeds = |demand: Option<f64>, each: f64| {
        demand.is_some_and(|demand| demand > working * each + OVERLOAD_SLACK)
    };
    exceeds(at(&trace.cpu, index), model.capacity)
        || model
            .max_rate_per_instance
            .is_some_and(|rate| exceeds(at(&trace.requests_per_second, index), rate))
}
