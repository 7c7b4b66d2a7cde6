//! From a [`Policy`] to Google's JSON.

use serde_json::{Map, Value, json};

use super::{
    CpuUtilization, FixedOrPercent, MetricGoal, MetricUtilization, Policy, PredictiveMethod,
    ScaleInControl, ScalingSchedule, TargetType,
};

impl Policy {
    /// Google's `autoscalingPolicy` object, with every default spelled out.
    pub fn to_value(&self) -> Value {
        let mut object = Map::new();
        let mut set = |name: &str, value: Value| object.insert(name.to_owned(), value);
        set("minNumReplicas", json!(self.min));
        set("maxNumReplicas", json!(self.max));
        set("mode", json!(self.mode));
        set("coolDownPeriodSec", json!(self.cool_down.as_secs()));
        set(
            "stabilizationPeriodSec",
            json!(self.stabilization.as_secs()),
        );
        if let Some(cpu) = &self.cpu {
            set("cpuUtilization", cpu.to_value());
        }
        if let Some(signal) = &self.load_balancing {
            set(
                "loadBalancingUtilization",
                json!({ "utilizationTarget": signal.target }),
            );
        }
        if !self.metrics.is_empty() {
            let metrics = self.metrics.iter().map(metric).collect();
            set("customMetricUtilizations", Value::Array(metrics));
        }
        if !self.schedules.is_empty() {
            let entry = |(name, entry): (&String, _)| (name.clone(), schedule(entry));
            set(
                "scalingSchedules",
                Value::Object(self.schedules.iter().map(entry).collect()),
            );
        }
        if let Some(control) = &self.scale_in {
            set("scaleInControl", control.to_value());
        }
        Value::Object(object)
    }
}

impl From<Policy> for Value {
    fn from(policy: Policy) -> Self {
        policy.to_value()
    }
}

impl CpuUtilization {
    pub(crate) fn to_value(self) -> Value {
        let method = match self.predictive {
            PredictiveMethod::None => "NONE",
            PredictiveMethod::OptimizeAvailability => "OPTIMIZE_AVAILABILITY",
        };
        json!({ "utilizationTarget": self.target, "predictiveMethod": method })
    }
}

impl ScaleInControl {
    pub(crate) fn to_value(self) -> Value {
        let allowed = match self.max_scaled_in {
            FixedOrPercent::Fixed(count) => json!({ "fixed": count }),
            FixedOrPercent::Percent(percent) => json!({ "percent": percent }),
        };
        json!({ "maxScaledInReplicas": allowed, "timeWindowSec": self.window.as_secs() })
    }
}

fn metric(metric: &MetricUtilization) -> Value {
    let mut object = Map::new();
    object.insert("metric".to_owned(), json!(metric.metric));
    if let Some(filter) = &metric.filter {
        object.insert("filter".to_owned(), json!(filter));
    }
    let (name, goal) = match metric.goal {
        MetricGoal::Utilization(target) => ("utilizationTarget", target),
        MetricGoal::SingleInstanceAssignment(share) => ("singleInstanceAssignment", share),
    };
    object.insert(name.to_owned(), json!(goal));
    let target_type = metric.target_type.map(|target_type| match target_type {
        TargetType::Gauge => "GAUGE",
        TargetType::DeltaPerSecond => "DELTA_PER_SECOND",
        TargetType::DeltaPerMinute => "DELTA_PER_MINUTE",
    });
    if let Some(target_type) = target_type {
        object.insert("utilizationTargetType".to_owned(), json!(target_type));
    }
    Value::Object(object)
}

fn schedule(schedule: &ScalingSchedule) -> Value {
    let mut object = Map::new();
    let mut set = |name: &str, value: Value| object.insert(name.to_owned(), value);
    set("minRequiredReplicas", json!(schedule.min_required));
    set("schedule", json!(schedule.schedule));
    set("durationSec", json!(schedule.duration.as_secs()));
    set("timeZone", json!(schedule.time_zone));
    set("disabled", json!(schedule.disabled));
    if let Some(description) = &schedule.description {
        set("description", json!(description));
    }
    Value::Object(object)
}
