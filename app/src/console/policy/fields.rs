//! The fields of the form, as text, exactly as somebody typed them.

use autoscaler::{MetricGoal, Policy};
use serde::{Deserialize, Serialize};

use crate::OwnMetric;

/// One field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Field {
    /// Whether the autoscaler acts.
    Mode,
    /// Fewest instances.
    Minimum,
    /// Most instances.
    Maximum,
    /// The CPU utilization to aim at, in percent.
    CpuTarget,
    /// Seconds until a new instance counts.
    Initialization,
    /// Seconds for which the highest recommendation holds.
    Stabilization,
    /// What each instance shall have at most of what it measures about itself; empty where the group
    /// does not follow it.
    Own(OwnMetric),
}

impl Field {
    /// All fields in the order of the form.
    pub const ALL: [Self; 10] = [
        Self::Mode,
        Self::Minimum,
        Self::Maximum,
        Self::CpuTarget,
        Self::Initialization,
        Self::Stabilization,
        Self::Own(OwnMetric::Memory),
        Self::Own(OwnMetric::Requests),
        Self::Own(OwnMetric::Latency),
        Self::Own(OwnMetric::QueueTime),
    ];

    /// Whether it is the target of a metric that instances write about themselves.
    pub const fn is_own(self) -> bool {
        matches!(self, Self::Own(_))
    }

    /// Whether a fraction makes sense.
    pub const fn is_decimal(self) -> bool {
        matches!(self, Self::CpuTarget | Self::Own(_))
    }

    /// Its name in the form and in URLs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mode => "mode",
            Self::Minimum => "min",
            Self::Maximum => "max",
            Self::CpuTarget => "cpu",
            Self::Initialization => "init",
            Self::Stabilization => "stabilization",
            Self::Own(OwnMetric::Memory) => "memory",
            Self::Own(OwnMetric::Requests) => "requests",
            Self::Own(OwnMetric::Latency) => "latency",
            Self::Own(OwnMetric::QueueTime) => "queue",
        }
    }

    /// The name of the value that the form showed before anybody typed.
    pub fn seen_name(self) -> String {
        format!("seen-{}", self.name())
    }

    /// What people call it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Mode => "Mode",
            Self::Minimum => "Minimum",
            Self::Maximum => "Maximum",
            Self::CpuTarget => "CPU target",
            Self::Initialization => "Initialization period",
            Self::Stabilization => "Stabilization period",
            Self::Own(OwnMetric::Memory) => "Memory target",
            Self::Own(OwnMetric::Requests) => "Requests target",
            Self::Own(OwnMetric::Latency) => "Latency target",
            Self::Own(OwnMetric::QueueTime) => "Queue time target",
        }
    }

    /// The unit behind the field.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Mode => "",
            Self::Minimum | Self::Maximum => "instances",
            Self::CpuTarget | Self::Own(OwnMetric::Memory) => "%",
            Self::Own(OwnMetric::Requests) => "requests/s",
            Self::Own(OwnMetric::Latency | OwnMetric::QueueTime) => "ms",
            Self::Initialization | Self::Stabilization => "seconds",
        }
    }

    /// One sentence under the field.
    pub const fn help(self) -> &'static str {
        match self {
            Self::Mode => "On follows the load, only out never shrinks, off keeps the size.",
            Self::Minimum => "The group never has fewer, however low the load is.",
            Self::Maximum => "The group never has more, however high the load is.",
            Self::CpuTarget => "Mean utilization to aim at; lower means more instances.",
            Self::Initialization => "How long a new instance warms up before its load counts.",
            Self::Stabilization => "How long a peak is remembered before the group shrinks.",
            Self::Own(OwnMetric::Memory) => {
                "Memory in use on an instance. 80 is a good start; memory that is never given back never lets the group shrink."
            }
            Self::Own(OwnMetric::Requests) => {
                "Requests that an instance answers. Measure first what one can take, and keep some of it free."
            }
            Self::Own(OwnMetric::Latency) => {
                "Time within which 95 of 100 requests are answered. 250 is a good start; a slow database is no reason to grow, and counts all the same."
            }
            Self::Own(OwnMetric::QueueTime) => {
                "Time that work waits for a free thread. 10 is a good start; it rises before the latency does."
            }
        }
    }

    /// The path in Google's policy.
    ///
    /// That of a metric is its entry's, which is found by the metric and not by its place in the list.
    pub(super) fn pointer(self) -> String {
        let path = match self {
            Self::Mode => "mode",
            Self::Minimum => "minNumReplicas",
            Self::Maximum => "maxNumReplicas",
            Self::CpuTarget => "cpuUtilization.utilizationTarget",
            Self::Initialization => "coolDownPeriodSec",
            Self::Stabilization => "stabilizationPeriodSec",
            Self::Own(metric) => {
                let metric = metric.metric_type();
                return format!("customMetricUtilizations[{metric}].utilizationTarget");
            }
        };
        path.to_owned()
    }

    /// The field that a path in Google's policy, with or without its prefix, leads to or through.
    pub fn of_pointer(path: &str) -> Option<Self> {
        let path = path.strip_prefix("autoscalingPolicy.").unwrap_or(path);
        Self::ALL.into_iter().find(|field| {
            let pointer = field.pointer();
            let rest = pointer.strip_prefix(path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// A value of Google's policy as somebody would type it into the form.
    pub fn typed(self, value: &str) -> String {
        match (self, value.parse::<f64>()) {
            (Self::CpuTarget | Self::Own(OwnMetric::Memory), Ok(share)) => percent(share),
            _ => value.to_owned(),
        }
    }

    /// A value with its unit, as in the difference.
    pub fn show(self, value: &str) -> String {
        match (self, value) {
            (_, "") => "not set".to_owned(),
            (Self::Mode, "ON") => "On".to_owned(),
            (Self::Mode, "OFF") => "Off".to_owned(),
            (Self::Mode, "ONLY_SCALE_OUT") => "Only out".to_owned(),
            (Self::CpuTarget | Self::Own(OwnMetric::Memory), value) => {
                format!("{value}{}%", crate::text::NBSP)
            }
            (Self::Own(_), value) => format!("{value}{}{}", crate::text::NBSP, self.unit()),
            (Self::Initialization | Self::Stabilization, value) => {
                format!("{value}{}s", crate::text::NBSP)
            }
            (_, value) => value.to_owned(),
        }
    }
}

/// The text of every field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fields {
    /// `ON`, `OFF` or `ONLY_SCALE_OUT`.
    pub mode: String,
    /// A whole number.
    pub min: String,
    /// A whole number.
    pub max: String,
    /// Percent.
    pub cpu: String,
    /// Seconds.
    pub init: String,
    /// Seconds.
    pub stabilization: String,
    /// Percent, requests a second or milliseconds, in the order of [`OwnMetric::ALL`]; empty where the
    /// group does not follow the metric.
    pub own: [String; OwnMetric::ALL.len()],
}

/// What stands for an empty field where an empty one would mean that it is left as it is.
pub(super) const OFF: &str = "off";

impl Fields {
    /// The fields as they read before anybody types.
    pub fn of(policy: &Policy) -> Self {
        Self {
            mode: policy.mode.as_str().to_owned(),
            min: policy.min.to_string(),
            max: policy.max.to_string(),
            cpu: policy
                .cpu
                .as_ref()
                .map(|cpu| percent(cpu.target))
                .unwrap_or_default(),
            init: policy.cool_down.as_secs().to_string(),
            stabilization: policy.stabilization.as_secs().to_string(),
            own: OwnMetric::ALL.map(|metric| own_target(policy, metric)),
        }
    }

    /// The text of one field for whoever applies it, where an empty one is left as it is.
    pub(super) fn posted(&self, field: Field) -> String {
        match (field, self.get(field).trim()) {
            (Field::Own(_), "") => OFF.to_owned(),
            (_, text) => text.to_owned(),
        }
    }

    /// The text of one field.
    pub fn get(&self, field: Field) -> &str {
        match field {
            Field::Mode => &self.mode,
            Field::Minimum => &self.min,
            Field::Maximum => &self.max,
            Field::CpuTarget => &self.cpu,
            Field::Initialization => &self.init,
            Field::Stabilization => &self.stabilization,
            Field::Own(metric) => &self.own[metric as usize],
        }
    }

    /// Replaces the text of one field.
    pub fn set(&mut self, field: Field, text: String) {
        *match field {
            Field::Mode => &mut self.mode,
            Field::Minimum => &mut self.min,
            Field::Maximum => &mut self.max,
            Field::CpuTarget => &mut self.cpu,
            Field::Initialization => &mut self.init,
            Field::Stabilization => &mut self.stabilization,
            Field::Own(metric) => &mut self.own[metric as usize],
        } = text;
    }
}

fn own_target(policy: &Policy, metric: OwnMetric) -> String {
    let mut followed = policy.metrics.iter();
    let goal = followed
        .find(|one| one.metric == metric.metric_type())
        .map(|one| one.goal);
    match goal {
        Some(MetricGoal::Utilization(target)) => Field::Own(metric).typed(&target.to_string()),
        _ => String::new(),
    }
}

/// A share of one as the percent that the field shows, without digits that nobody typed.
fn percent(share: f64) -> String {
    let rounded = (share * 1_000_000.0).round() / 10_000.0;
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_edited_as_the_percent_that_was_typed() {
        assert_eq!(percent(0.5), "50");
        assert_eq!(percent(0.07), "7");
        assert_eq!(percent(0.333), "33.3");
    }

    #[test]
    fn a_violation_finds_its_field_with_and_without_the_prefix() {
        assert_eq!(
            Field::of_pointer("autoscalingPolicy.maxNumReplicas"),
            Some(Field::Maximum)
        );
        assert_eq!(
            Field::of_pointer("cpuUtilization.utilizationTarget"),
            Some(Field::CpuTarget)
        );
        assert_eq!(
            Field::of_pointer("autoscalingPolicy.cpuUtilization"),
            Some(Field::CpuTarget)
        );
        assert_eq!(
            Field::of_pointer(
                "customMetricUtilizations[custom.googleapis.com/flaskscale/queue_time].utilizationTarget"
            ),
            Some(Field::Own(OwnMetric::QueueTime))
        );
        assert_eq!(Field::of_pointer("customMetricUtilizations"), None);
        assert_eq!(Field::of_pointer("autoscalingPolicy.scaleInControl"), None);
        assert_eq!(Field::of_pointer("cpuUtilization.predictiveMethod"), None);
    }

    #[test]
    fn what_is_set_is_read_back() {
        let mut fields = Fields::default();
        for field in Field::ALL {
            fields.set(field, field.name().to_owned());
        }
        for field in Field::ALL {
            assert_eq!(fields.get(field), field.name());
        }
    }
}
