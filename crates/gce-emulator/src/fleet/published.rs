//! What Google publishes about an autoscaler, as Monitoring series.

use std::collections::BTreeMap;

use autoscaler::{Engine, MetricGoal, Observed, Policy, Sample, ScheduleState, Timestamp};

use super::{context::Context, system_metrics::record_autoscaler};
use crate::metrics::Value;

/// Records sizes, and for each signal the sum over the serving instances beside their capacity.
pub(super) fn record(
    context: &Context,
    labels: &BTreeMap<String, String>,
    engine: &Engine,
    sample: &Sample,
    now: Timestamp,
) {
    let record = |name, label, value| record_autoscaler(context, labels, name, label, value, now);
    let policy = engine.policy();
    let count = |count: u32| Value::Int64(i64::from(count));
    record("recommended_size", None, count(engine.recommended()));
    record("configured_min_size", None, count(policy.min));
    record("configured_max_size", None, count(policy.max));
    for (signal, total, capacity) in totals(policy, sample) {
        let label = Some(("metric_type", signal));
        if let Some(total) = total {
            record("current_utilization", label, Value::Double(total));
        }
        record("capacity", label, Value::Double(capacity));
    }
    for ((name, status), schedule) in engine.schedules().zip(policy.schedules.values()) {
        let is_active = status.state == ScheduleState::Active;
        let size = if is_active { schedule.min_required } else { 0 };
        record("scheduled_size", Some(("schedule_name", name)), count(size));
    }
}

/// Each signal by Google's label, with its total, if it shows anything, and what the serving
/// instances are to carry of it.
fn totals<'a>(policy: &'a Policy, sample: &Sample) -> Vec<(&'a str, Option<f64>, f64)> {
    let serving = f64::from(sample.serving);
    let mut totals = Vec::new();
    if let Some(cpu) = policy.cpu {
        let total = sample.cpu.unwrap_or(0.0) * serving;
        totals.push(("cpu", Some(total), cpu.target * serving));
    }
    if let Some(balancing) = policy.load_balancing {
        let total = sample.load_balancing.value().map(|value| value * serving);
        totals.push(("load balancing", total, balancing.target * serving));
    }
    for (metric, observed) in policy.metrics.iter().zip(&sample.metrics) {
        let (total, capacity) = match metric.goal {
            MetricGoal::Utilization(target) => {
                let reporting = match observed {
                    Observed::Partial(_, of) => f64::from(*of),
                    Observed::Value(_) | Observed::Absent(_) => serving,
                };
                let total = observed.value().map(|value| value * reporting);
                (total, target * serving)
            }
            MetricGoal::SingleInstanceAssignment(share) => (observed.value(), share * serving),
        };
        totals.push((metric.metric.as_str(), total, capacity));
    }
    totals
}
