//! The autoscaling policy: Google's fields as types that can hold only what Google allows.

mod cron;
mod cron_field;
mod filter;
mod group_parts;
pub mod limits;
mod metric_target;
mod read;
mod reader;
mod rule;
mod signal_parts;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use cron::{Cron, CronError};
pub use filter::{FilterError, MetricFilter, Selector, SelectorField};
pub use metric_target::{metric_target, set_metric_target};
pub use read::{InvalidPolicy, validate};

/// A valid `autoscalingPolicy`.
///
/// It reads and writes Google's JSON, and only the fields that we know: a caller that changes a
/// stored policy keeps the JSON it got and patches that, so that what we do not know survives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Value", try_from = "Value")]
pub struct Policy {
    /// `minNumReplicas`: the group never has fewer instances.
    pub min: u32,
    /// `maxNumReplicas`: the group never has more instances; at least `min`.
    pub max: u32,
    /// Whether the group follows the recommended size.
    pub mode: Mode,
    /// `coolDownPeriodSec`, the initialization period: so long after its start an instance's
    /// usage is left out of decisions to grow.
    pub cool_down: Duration,
    /// `stabilizationPeriodSec`: the group shrinks only to what the peak of this span needed.
    pub stabilization: Duration,
    /// The CPU signal.
    pub cpu: Option<CpuUtilization>,
    /// The load-balancing signal.
    pub load_balancing: Option<LoadBalancingUtilization>,
    /// Cloud Monitoring signals, at most five.
    pub metrics: Vec<MetricUtilization>,
    /// Scaling schedules by name, at most 128.
    pub schedules: BTreeMap<String, ScalingSchedule>,
    /// How fast the group may shrink.
    pub scale_in: Option<ScaleInControl>,
}

impl Policy {
    /// A policy on CPU alone, with Google's defaults for everything else.
    ///
    /// The arguments are not checked: they come from code, and what comes from people goes
    /// through [`validate`].
    pub fn default_for(min: u32, max: u32, cpu_target: f64) -> Self {
        Self {
            min,
            max,
            mode: Mode::On,
            cool_down: seconds(limits::DEFAULT_INITIALIZATION_S),
            stabilization: seconds(limits::DEFAULT_STABILIZATION_S),
            cpu: Some(CpuUtilization {
                target: cpu_target,
                predictive: PredictiveMethod::None,
            }),
            load_balancing: None,
            metrics: Vec::new(),
            schedules: BTreeMap::new(),
            scale_in: None,
        }
    }
}

impl Policy {
    /// Whether growth is forecast.
    pub fn predicts(&self) -> bool {
        self.cpu
            .is_some_and(|cpu| cpu.predictive == PredictiveMethod::OptimizeAvailability)
    }
}

/// What the group does with the recommended size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mode {
    /// The group follows.
    #[default]
    On,
    /// The size is recommended, and the group left alone.
    Off,
    /// The group grows and never shrinks. `ONLY_UP` is Google's old name for it.
    #[serde(alias = "ONLY_UP")]
    OnlyScaleOut,
}

impl Mode {
    /// Google's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::On => "ON",
            Self::Off => "OFF",
            Self::OnlyScaleOut => "ONLY_SCALE_OUT",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `cpuUtilization`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CpuUtilization {
    /// The mean utilization to keep, a fraction in (0, 1].
    pub target: f64,
    /// Whether growth is forecast.
    pub predictive: PredictiveMethod,
}

/// `cpuUtilization.predictiveMethod`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PredictiveMethod {
    /// Decisions follow the load of now.
    #[default]
    None,
    /// Google adds instances ahead of a daily or weekly pattern.
    OptimizeAvailability,
}

/// `loadBalancingUtilization`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoadBalancingUtilization {
    /// The fraction of the backends' capacity to keep, positive.
    pub target: f64,
}

/// An entry of `customMetricUtilizations`.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricUtilization {
    /// The metric type, such as `custom.googleapis.com/queue_length`.
    pub metric: String,
    /// Which series of the metric count.
    pub filter: Option<MetricFilter>,
    /// What the metric's value means for the size.
    pub goal: MetricGoal,
    /// `utilizationTargetType`, when the policy says it.
    pub target_type: Option<TargetType>,
}

impl MetricUtilization {
    /// Whether the metric is measured on each instance, and not on the group as a whole.
    ///
    /// A share of the whole group's work for each instance makes sense of the whole group alone.
    pub fn is_per_instance(&self) -> bool {
        let is_of_instances = self
            .filter
            .as_ref()
            .is_none_or(MetricFilter::is_per_instance);
        is_of_instances && matches!(self.goal, MetricGoal::Utilization(_))
    }
}

/// How a metric becomes a number of instances.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MetricGoal {
    /// `utilizationTarget`: keep the value there; positive.
    #[serde(rename = "utilizationTarget")]
    Utilization(f64),
    /// `singleInstanceAssignment`: so much of the whole group's work for each instance; positive.
    SingleInstanceAssignment(f64),
}

/// `utilizationTargetType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetType {
    /// The value as it is.
    Gauge,
    /// Its rate a second.
    DeltaPerSecond,
    /// Its rate a minute.
    DeltaPerMinute,
}

impl TargetType {
    /// Google's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gauge => "GAUGE",
            Self::DeltaPerSecond => "DELTA_PER_SECOND",
            Self::DeltaPerMinute => "DELTA_PER_MINUTE",
        }
    }
}

/// An entry of `scalingSchedules`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalingSchedule {
    /// The instances wanted while the schedule is active.
    pub min_required: u32,
    /// When it starts.
    pub schedule: Cron,
    /// How long it is active, at least five minutes.
    pub duration: Duration,
    /// An IANA time zone name.
    pub time_zone: String,
    /// A disabled schedule asks for nothing.
    pub disabled: bool,
    /// For people.
    pub description: Option<String>,
}

/// `scaleInControl`: in any trailing window the group loses at most so many instances from the
/// window's peak recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScaleInControl {
    /// `maxScaledInReplicas`.
    pub max_scaled_in: FixedOrPercent,
    /// `timeWindowSec`.
    pub window: Duration,
}

impl ScaleInControl {
    /// The smallest size allowed below a `peak` of the window.
    ///
    /// A percentage is rounded down, so that the control is never broken, and is at least one
    /// instance, so that a small group can shrink at all: 10 % of 4 lets one go.
    pub fn floor_below(&self, peak: u32) -> u32 {
        let allowed = match self.max_scaled_in {
            FixedOrPercent::Fixed(count) => count,
            FixedOrPercent::Percent(0) => 0,
            FixedOrPercent::Percent(percent) => {
                let share = u64::from(peak) * u64::from(percent) / 100;
                u32::try_from(share).unwrap_or(u32::MAX).max(1)
            }
        };
        peak.saturating_sub(allowed)
    }
}

/// A number of instances, absolute or of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixedOrPercent {
    /// So many instances.
    Fixed(u32),
    /// So many of a hundred, 0 to 100.
    Percent(u32),
}

fn seconds(count: i64) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(0))
}
