use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::reason::{CPU_UTILIZATION, CalculationDetails, ScalingLimit, ScalingSignal};
use crate::{
    AutoscalingReason, Binding, Hold, Policy, Reading, StatusDetail, Step, Timestamp, status, words,
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
    /// What the load alone asks for, before the growth rule, stabilization and bounds; what was
    /// recommended before where there is no reading.
    pub wish: u32,
    /// What was measured; absent without data.
    pub reading: Option<Reading>,
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
            wish: step.wish,
            reading: step.reading,
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
}

fn scaling_signal(policy: &Policy, step: &Step) -> Option<ScalingSignal> {
    let (reading, cpu) = step.reading.zip(policy.cpu)?;
    Some(ScalingSignal {
        name: CPU_UTILIZATION.to_owned(),
        calculated_size: step.wish,
        calculation_details: CalculationDetails {
            serving_size: reading.serving,
            signal_target: Some(reading.target),
            signal_value: Some(reading.cpu),
            single_instance_assignment: None,
        },
        signal_policy: json!({ "cpuUtilization": cpu.to_value() }),
    })
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
        Binding::Settling
        | Binding::MissingData
        | Binding::SignalNotEvaluated
        | Binding::EmptyGroup => return None,
    };
    Some(ScalingLimit {
        name: name.to_owned(),
        limit_size: step.recommended,
        limit_policy,
    })
}
