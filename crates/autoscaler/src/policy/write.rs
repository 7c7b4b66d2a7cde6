//! From a [`Policy`] to Google's JSON.

use serde_json::{Map, Value, json};

use super::{
    CpuUtilization, FixedOrPercent, LoadBalancingUtilization, MetricGoal, MetricUtilization,
    Policy, PredictiveMethod, ScaleInControl, ScalingSchedule,
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
            set("loadBalancingUtilization", signal.to_value());
        }
        if !self.metrics.is_empty() {
            let metrics = self
                .metrics
                .iter()
                .map(MetricUtilization::to_value)
                .collect();
            set("customMetricUtilizations", Value::Array(metrics));
        }
        if !self.schedules.is_empty() {
            let entry =
                |(name, schedule): (&String, &ScalingSchedule)| (name.clone(), schedule.to_value());
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

impl LoadBalancingUtilization {
    pub(crate) fn to_value(self) -> Value {
        json!({ "utilizationTarget": self.target })
    }
}

impl MetricUtilization {
    pub(crate) fn to_value(&self) -> Value {
        let mut object = Map::new();
        object.insert("metric".to_owned(), json!(self.metric));
        if let Some(filter) = &self.filter {
            object.insert("filter".to_owned(), json!(filter.as_str()));
        }
        let (name, goal) = match self.goal {
            MetricGoal::Utilization(target) => ("utilizationTarget", target),
            MetricGoal::SingleInstanceAssignment(share) => ("singleInstanceAssignment", share),
        };
        object.insert(name.to_owned(), json!(goal));
        if let Some(target_type) = self.target_type {
            object.insert(
                "utilizationTargetType".to_owned(),
                json!(target_type.as_str()),
            );
        }
        Value::Object(object)
    }
}

impl ScalingSchedule {
    pub(crate) fn to_value(&self) -> Value {
        let mut object = Map::new();
        let mut set = |name: &str, value: Value| object.insert(name.to_owned(), value);
        set("minRequiredReplicas", json!(self.min_required));
        set("schedule", json!(self.schedule.as_str()));
        set("durationSec", json!(self.duration.as_secs()));
        set("timeZone", json!(self.time_zone));
        set("disabled", json!(self.disabled));
        if let Some(description) = &self.description {
            set("description", json!(description));
        }
        Value::Object(object)
    }
}
