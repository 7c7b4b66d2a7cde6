//! Google's shape of a reason, as its autoscaler logs it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Signal;

/// `autoscalingReason` of `AutoscalerSizeChangeExplanation`.
///
/// Names are open strings: Google publishes only some of them, and adds more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AutoscalingReason {
    /// An English sentence or two.
    pub summary: String,
    /// The signal that was followed; absent where nothing could be measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scaling_signal: Option<ScalingSignal>,
    /// What kept the size from the calculated one; absent if nothing did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scaling_limit: Option<ScalingLimit>,
}

/// The signal, and what it asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScalingSignal {
    /// [`CPU_UTILIZATION`], or Google's `PREDICTED_CPU_UTILIZATION`, and others.
    pub name: String,
    /// The size that the signal alone asks for.
    pub calculated_size: u32,
    /// The numbers behind it.
    pub calculation_details: CalculationDetails,
    /// The part of the policy that it is about.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub signal_policy: Value,
}

/// The numbers of the formula `servingSize x signalValue / signalTarget`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CalculationDetails {
    /// The instances that were counted.
    pub serving_size: u32,
    /// The target; a fraction for CPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal_target: Option<f64>,
    /// The measured value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal_value: Option<f64>,
    /// The share of one instance, for a metric of the whole group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub single_instance_assignment: Option<f64>,
}

/// What limited a size.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScalingLimit {
    /// Google's `MAX_INSTANCES`, or one of ours.
    pub name: String,
    /// The size that it allows.
    pub limit_size: u32,
    /// The part of the policy that it stands in; absent for stabilization, as at Google.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub limit_policy: Value,
}

/// The name of the CPU signal without prediction. Google shows only its predicted one.
pub const CPU_UTILIZATION: &str = "CPU_UTILIZATION";

/// Google's name of the CPU signal with prediction.
pub const PREDICTED_CPU_UTILIZATION: &str = "PREDICTED_CPU_UTILIZATION";

/// The name of the load-balancing signal.
pub const LOAD_BALANCING_UTILIZATION: &str = "LOAD_BALANCING_UTILIZATION";

/// The name of a signal that is a Monitoring metric.
pub const CUSTOM_METRIC_UTILIZATION: &str = "CUSTOM_METRIC_UTILIZATION";

/// The name of an active schedule that wants more than the load.
pub const SCALING_SCHEDULE: &str = "SCALING_SCHEDULE";

impl Signal {
    /// Its name in a reason.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => CPU_UTILIZATION,
            Self::PredictedCpu => PREDICTED_CPU_UTILIZATION,
            Self::LoadBalancing => LOAD_BALANCING_UTILIZATION,
            Self::Metric(_) => CUSTOM_METRIC_UTILIZATION,
            Self::Schedule(_) => SCALING_SCHEDULE,
        }
    }
}
