use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::reason::{CalculationDetails, ScalingLimit, ScalingSignal};
use crate::{
    AutoscalingReason, Binding, Hold, MetricGoal, Policy, Signal, SignalStep, StatusDetail, Step,
    Timestamp, status, words,
};

/// What to do with a group, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// When it was taken.
    pub at: Timestamp,
    /// The size recommended before; a caller logs a decision that changes it.
    pub previous: u32,
    /// The size recommended now.
    pub recommended: u32,
    /// The group's target size at that time.
    pub target_size: u32,
    /// The instances that the means are over.
    pub serving: u32,
    /// Each of the policy's signals, with the size that it alone asks for.
    pub signals: Vec<SignalStep>,
    /// The signal or schedule that asks for most; `None` when nothing shows anything.
    pub source: Option<Signal>,
    /// What that asks for, before the growth rule, stabilization and bounds; what was
    /// recommended before where nothing shows anything.
    pub wish: u32,
    /// The size to give the group, when its mode lets it follow and it has another.
    pub resize_to: Option<u32>,
    /// Why that size, in Google's shape.
    pub reason: AutoscalingReason,
    /// Why the group stays as it is, when it could be another size.
    pub hold: Option<Hold>,
    /// What deserves a warning.
    pub status: Vec<StatusDetail>,
}

impl Decision {
    /// Puts a step into words. The policy must be the one that the step was taken under.
    pub fn explain(policy: &Policy, step: &Step) -> Self {
        Self {
            at: step.at,
            previous: step.previous,
            recommended: step.recommended,
            target_size: step.target_size,
            serving: step.serving,
            signals: step.signals.to_vec(),
            source: step.source,
            wish: step.wish,
            resize_to: step.resize_to,
            reason: AutoscalingReason {
                summary: words::summary(policy, step),
                scaling_signal: scaling_signal(policy, step),
                scaling_limit: scaling_limit(policy, step),
            },
            hold: step.hold,
            status: status::details(policy, step),
        }
    }

    /// The part about one signal, if the policy has it.
    pub fn signal(&self, signal: Signal) -> Option<&SignalStep> {
        self.signals.iter().find(|step| step.signal == signal)
    }
}

fn scaling_signal(policy: &Policy, step: &Step) -> Option<ScalingSignal> {
    let source = step.source?;
    let measured = step.signal(source);
    let (target, assignment) = match measured.map(|measured| measured.goal) {
        Some(MetricGoal::Utilization(target)) => (Some(target), None),
        Some(MetricGoal::SingleInstanceAssignment(share)) => (None, Some(share)),
        None => (None, None),
    };
    Some(ScalingSignal {
        name: source.name().to_owned(),
        calculated_size: step.wish,
        calculation_details: CalculationDetails {
            serving_size: step.serving,
            signal_target: target,
            signal_value: measured.and_then(SignalStep::value),
            single_instance_assignment: assignment,
        },
        signal_policy: signal_policy(policy, source),
    })
}

/// The part of the policy that a signal is about.
fn signal_policy(policy: &Policy, signal: Signal) -> Value {
    match signal {
        Signal::Cpu | Signal::PredictedCpu => policy.cpu.map_or(
            Value::Null,
            |cpu| json!({ "cpuUtilization": cpu.to_value() }),
        ),
        Signal::LoadBalancing => policy.load_balancing.map_or(
            Value::Null,
            |signal| json!({ "loadBalancingUtilization": signal.to_value() }),
        ),
        Signal::Metric(index) => policy.metrics.get(index).map_or(
            Value::Null,
            |metric| json!({ "customMetricUtilizations": [metric.to_value()] }),
        ),
        Signal::Schedule(index) => policy.schedules.iter().nth(index).map_or(
            Value::Null,
            |(name, schedule)| json!({ "scalingSchedules": { name: schedule.to_value() } }),
        ),
    }
}

/// Only `MAX_INSTANCES` is Google's own published name; the others are made in its manner.
fn scaling_limit(policy: &Policy, step: &Step) -> Option<ScalingLimit> {
    let (name, limit_policy) = match step.binding? {
        Binding::MaxInstances => ("MAX_INSTANCES", json!({ "maxNumReplicas": policy.max })),
        Binding::MinInstances => ("MIN_INSTANCES", json!({ "minNumReplicas": policy.min })),
        Binding::OverloadGrowth => ("OVERLOAD_GROWTH", Value::Null),
        Binding::Stabilization => ("STABILIZATION_PERIOD", Value::Null),
        Binding::ScaleInControl => {
            let control = policy.scale_in?.to_value();
            ("SCALE_IN_CONTROL", json!({ "scaleInControl": control }))
        }
        Binding::Initialization => {
            let seconds = policy.cool_down.as_secs();
            (
                "INITIALIZATION_PERIOD",
                json!({ "coolDownPeriodSec": seconds }),
            )
        }
        Binding::Settling | Binding::MissingData | Binding::EmptyGroup => return None,
    };
    Some(ScalingLimit {
        name: name.to_owned(),
        limit_size: step.recommended,
        limit_policy,
    })
}
