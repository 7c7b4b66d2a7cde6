//! The signals that measure load: CPU, load balancing, Monitoring metrics.

use super::filter::MetricFilter;
use super::reader::Reader;
use super::rule::{Rule, choice, fraction, positive};
use super::{
    CpuUtilization, LoadBalancingUtilization, MetricGoal, MetricUtilization, PredictiveMethod,
    TargetType, limits,
};

const PREDICTIVE_METHODS: [(&str, PredictiveMethod); 2] = [
    ("NONE", PredictiveMethod::None),
    (
        "OPTIMIZE_AVAILABILITY",
        PredictiveMethod::OptimizeAvailability,
    ),
];

const TARGET_TYPES: [(&str, TargetType); 3] = [
    ("GAUGE", TargetType::Gauge),
    ("DELTA_PER_SECOND", TargetType::DeltaPerSecond),
    ("DELTA_PER_MINUTE", TargetType::DeltaPerMinute),
];

pub(super) fn cpu_utilization(policy: &mut Reader<'_>) -> Option<CpuUtilization> {
    let mut cpu = policy.object("cpuUtilization")?;
    let methods = choice("NONE or OPTIMIZE_AVAILABILITY", &PREDICTIVE_METHODS);
    Some(CpuUtilization {
        target: cpu
            .optional("utilizationTarget", &fraction())
            .unwrap_or(limits::DEFAULT_CPU_TARGET),
        predictive: cpu
            .optional("predictiveMethod", &methods)
            .unwrap_or_default(),
    })
}

pub(super) fn load_balancing_utilization(
    policy: &mut Reader<'_>,
) -> Option<LoadBalancingUtilization> {
    let mut signal = policy.object("loadBalancingUtilization")?;
    let target = signal.optional("utilizationTarget", &positive());
    Some(LoadBalancingUtilization {
        target: target.unwrap_or(limits::DEFAULT_LOAD_BALANCING_TARGET),
    })
}

pub(super) fn metric_utilizations(policy: &mut Reader<'_>) -> Vec<MetricUtilization> {
    let name = "customMetricUtilizations";
    let entries = policy.list(name);
    if entries.len() > limits::METRICS {
        policy.reject(
            name,
            &format!("a list of at most {} metrics", limits::METRICS),
        );
    }
    let mut metrics: Vec<MetricUtilization> = Vec::new();
    for (path, value) in entries {
        let Some(mut entry) = policy.entry(path, value) else {
            continue;
        };
        let Some(metric) = metric_utilization(&mut entry) else {
            continue;
        };
        if metrics.iter().any(|other| other.metric == metric.metric) {
            entry.reject("metric", "a metric that the policy does not have already");
        }
        metrics.push(metric);
    }
    metrics
}

fn metric_utilization(entry: &mut Reader<'_>) -> Option<MetricUtilization> {
    let metric = entry.required("metric", &metric_type());
    let filter = filter(entry);
    let types = choice("GAUGE, DELTA_PER_SECOND or DELTA_PER_MINUTE", &TARGET_TYPES);
    let target_type = entry.optional("utilizationTargetType", &types);
    let goal = metric_goal(entry);
    check_metric_type(entry, metric.as_deref(), filter.as_ref());
    Some(MetricUtilization {
        metric: metric?,
        filter,
        goal: goal?,
        target_type,
    })
}

/// Exactly one of the two ways to turn a value into a size.
fn metric_goal(entry: &mut Reader<'_>) -> Option<MetricGoal> {
    let (target, assignment) = ("utilizationTarget", "singleInstanceAssignment");
    match (
        entry.value(target).is_some(),
        entry.value(assignment).is_some(),
    ) {
        (true, true) => {
            entry.reject(assignment, "left out where utilizationTarget is given");
            None
        }
        (false, true) => entry
            .optional(assignment, &positive())
            .map(MetricGoal::SingleInstanceAssignment),
        (true, false) => entry
            .optional(target, &positive())
            .map(MetricGoal::Utilization),
        (false, false) => {
            entry.reject(
                target,
                "a number above 0, or singleInstanceAssignment given instead",
            );
            None
        }
    }
}

fn metric_type() -> Rule<'static, String> {
    Rule::new(
        "a metric type such as custom.googleapis.com/queue_length",
        |value| {
            let name = value.as_str()?;
            let fits = |c: char| c.is_ascii_alphanumeric() || "/_.-".contains(c);
            (name.contains('/') && name.chars().all(fits)).then(|| name.to_owned())
        },
    )
}

fn filter(entry: &mut Reader<'_>) -> Option<MetricFilter> {
    let name = "filter";
    let expectation = "a Monitoring filter of AND and = alone, with its values in double quotes";
    let text = entry.optional(
        name,
        &Rule::new(expectation, |value| value.as_str().map(str::to_owned)),
    )?;
    match text.parse() {
        Ok(filter) => Some(filter),
        Err(error) => {
            entry.reject(name, &format!("{expectation}: {error}"));
            None
        }
    }
}

/// A filter may name the metric too, and then the same one.
fn check_metric_type(entry: &mut Reader<'_>, metric: Option<&str>, filter: Option<&MetricFilter>) {
    let named = filter.and_then(MetricFilter::metric_type);
    if let (Some(metric), Some(named)) = (metric, named)
        && metric != named
    {
        entry.reject(
            "filter",
            &format!("a filter whose metric.type, if it has one, is {metric}"),
        );
    }
}
