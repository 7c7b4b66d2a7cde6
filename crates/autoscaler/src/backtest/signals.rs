//! What the autoscaler reads of a step.

use super::Model;
use super::group::Shares;
use super::trace::{Trace, at};
use crate::policy::limits::METRICS;
use crate::{MetricUtilization, Observed, Policy, Sample, TargetType};

/// How a policy's signals are found in a trace.
#[derive(Clone, Debug)]
pub(super) struct Signals {
    has_load_balancing: bool,
    /// In the policy's order: the trace's column, and whether it is measured on each instance.
    metrics: Vec<(String, bool)>,
    /// The CPU that one instance uses at the target.
    cpu_each: f64,
}

/// A step of a trace, and how much of it has passed: a reading is the mean of a whole step's time, so
/// within a step it still holds a part of the step before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment<'a> {
    pub(super) trace: &'a Trace,
    pub(super) index: usize,
    /// 0 at the step's beginning, 1 at its end.
    pub(super) passed: f64,
}

impl Moment<'_> {
    fn of(&self, column: &[Option<f64>]) -> Option<f64> {
        let now = at(column, self.index)?;
        let before = self
            .index
            .checked_sub(1)
            .and_then(|index| at(column, index));
        match before {
            Some(before) if self.passed < 1.0 => Some(before + (now - before) * self.passed),
            _ => Some(now),
        }
    }
}

impl Signals {
    pub(super) fn of(policy: &Policy) -> Self {
        let metrics = policy.metrics.iter().take(METRICS);
        Self {
            has_load_balancing: policy.load_balancing.is_some(),
            metrics: metrics
                .map(|metric| (Trace::metric_name(metric), metric.is_per_instance()))
                .collect(),
            cpu_each: policy.cpu.map_or(f64::INFINITY, |cpu| cpu.target),
        }
    }

    /// Whether the load of a step is lower by more than one instance's worth than the one before, so
    /// that the readings between the two ask for sizes between theirs.
    pub(super) fn plunges(&self, trace: &Trace, index: usize) -> bool {
        let before = index.checked_sub(1).and_then(|index| at(&trace.cpu, index));
        let fall = before
            .zip(at(&trace.cpu, index))
            .map(|(before, now)| before - now);
        fall.is_some_and(|fall| fall > self.cpu_each)
    }

    /// What is seen of `serving` counted instances of `size`.
    pub(super) fn sample(
        &self,
        moment: Moment<'_>,
        model: &Model,
        shares: &Shares,
        (serving, size): (u32, u32),
    ) -> Sample {
        let trace = moment.trace;
        let per_instance = |total: Option<f64>| Some(total? * shares.counted?);
        let cpu = per_instance(moment.of(&trace.cpu)).map(|cpu| cpu.min(model.burst));
        let mut sample = Sample::cpu(serving, size, cpu);
        if self.has_load_balancing {
            let requests = per_instance(moment.of(&trace.requests_per_second));
            let rated = model.max_rate_per_instance;
            let rated = rated.map(|rate| requests.map(|requests| requests / rate));
            sample.load_balancing = rated.unwrap_or(cpu).into();
        }
        for (observed, (name, is_shared)) in sample.metrics.iter_mut().zip(&self.metrics) {
            let column = trace.metrics.get(name).map_or(&[][..], Vec::as_slice);
            let total = moment.of(column);
            let value = if *is_shared {
                per_instance(total)
            } else {
                total
            };
            *observed = Observed::from(value);
        }
        sample
    }
}

impl Trace {
    /// The name of the column with a metric's total over the group: its type, and behind it what the
    /// policy says of it: a rate instead of a value, and its filter.
    pub fn metric_name(metric: &MetricUtilization) -> String {
        let mut name = metric.metric.clone();
        if let Some(rate) = metric.target_type.filter(|kind| *kind != TargetType::Gauge) {
            name = format!("{name} {}", rate.as_str());
        }
        if let Some(filter) = &metric.filter {
            name = format!("{name} {filter}");
        }
        name
    }
}
