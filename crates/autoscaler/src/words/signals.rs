//! What a signal showed, or why it showed nothing.

use super::numbers::{counted, measured_percent, number, percent, span};
use crate::{Absence, MetricGoal, Observed, Policy, Signal, SignalStep, TargetType};

/// What a signal showed, beside what it is held against.
pub(super) fn shown(policy: &Policy, serving: u32, step: &SignalStep, value: f64) -> String {
    let servers = || match step.observed {
        Observed::Partial(_, of) => format!("{of} of {}", counted(serving, "serving instance")),
        _ => counted(serving, "serving instance"),
    };
    let name = signal_name(policy, step.signal);
    match (step.signal, step.goal) {
        (Signal::Cpu, MetricGoal::Utilization(target)) => format!(
            "CPU of {} averages {}, {} the {} target",
            servers(),
            measured_percent(value, target),
            relation(value, target),
            percent(target),
        ),
        (Signal::PredictedCpu, MetricGoal::Utilization(target)) => format!(
            "by the pattern of the last weeks, CPU of {} would average {} within {}, {} the {} \
             target",
            servers(),
            measured_percent(value, target),
            span(policy.cool_down),
            relation(value, target),
            percent(target),
        ),
        (Signal::LoadBalancing, MetricGoal::Utilization(target)) => format!(
            "requests take {} of the balancing capacity of {}, {} the {} target",
            measured_percent(value, target),
            servers(),
            relation(value, target),
            percent(target),
        ),
        (signal, MetricGoal::Utilization(target)) => {
            let measured = if policy.is_per_instance(signal) {
                format!("of {} averages", servers())
            } else {
                format!("with {} is", servers())
            };
            let rate = rate(policy, signal);
            format!(
                "{name} {measured} {}{rate}, {} the target of {}{rate}",
                number(value),
                relation(value, target),
                number(target),
            )
        }
        (signal, MetricGoal::SingleInstanceAssignment(share)) => {
            let rate = rate(policy, signal);
            format!(
                "{name} is {}{rate}, and one instance takes {}{rate}",
                number(value),
                number(share),
            )
        }
    }
}

fn relation(value: f64, target: f64) -> &'static str {
    if value > target {
        "over"
    } else if value < target {
        "under"
    } else {
        "exactly at"
    }
}

/// What people call a signal.
pub(crate) fn signal_name(policy: &Policy, signal: Signal) -> &str {
    match signal {
        Signal::Cpu => "CPU",
        Signal::PredictedCpu => "predicted CPU",
        Signal::LoadBalancing => "load balancing",
        Signal::Metric(index) => policy
            .metrics
            .get(index)
            .map_or("a metric", |metric| metric.metric.as_str()),
        Signal::Schedule(index) => policy
            .schedules
            .keys()
            .nth(index)
            .map_or("a schedule", String::as_str),
    }
}

/// The unit of a metric that is a rate.
pub(super) fn rate(policy: &Policy, signal: Signal) -> &'static str {
    let Signal::Metric(index) = signal else {
        return "";
    };
    match policy
        .metrics
        .get(index)
        .and_then(|metric| metric.target_type)
    {
        Some(TargetType::DeltaPerSecond) => " a second",
        Some(TargetType::DeltaPerMinute) => " a minute",
        Some(TargetType::Gauge) | None => "",
    }
}

/// Why a signal shows nothing, as a sentence without its end.
pub(crate) fn absence(policy: &Policy, signal: Signal, absence: Absence) -> String {
    let name = signal_name(policy, signal);
    match (absence, signal) {
        (Absence::NoBackendService, _) => {
            "The policy has a load-balancing signal, and no backend service sends the group requests"
                .to_owned()
        }
        (Absence::ManyBackendServices, _) => {
            "More than one backend service sends the group requests, and the load-balancing signal \
             can follow only one"
                .to_owned()
        }
        (Absence::GroupMaxRate, _) => {
            "The backend limits the rate of the whole group (maxRate); the load-balancing signal \
             needs maxRatePerInstance or maxUtilization"
                .to_owned()
        }
        (_, Signal::Cpu) => "There is no CPU data of the group's instances".to_owned(),
        (_, Signal::LoadBalancing) => "There is no load-balancing data of the group".to_owned(),
        (Absence::NoData, _) => format!("The metric {name} has no data"),
        (Absence::TooSparse, _) => {
            format!("The points of the metric {name} come too rarely; one a minute is needed")
        }
        (Absence::Invalid, _) => {
            format!("The metric {name}, or a label of its filter, does not exist or is no number")
        }
    }
}
