use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

/// One field of a policy that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Google's path below the policy: `cpuUtilization.utilizationTarget`.
    pub field: String,
    /// The value before; `None` if there was none, or if it is not known.
    pub before: Option<String>,
    /// The value after; `None` if the field was removed.
    pub after: Option<String>,
}

impl FieldChange {
    /// The field as people call it; Google's path for what is in no policy that we know.
    pub fn label(&self) -> Cow<'_, str> {
        if let Some(known) = label(&self.field) {
            return known.into();
        }
        if let Some((metric, field)) = of_metric(&self.field) {
            return format!("{field} of {metric}").into();
        }
        match self.field.strip_prefix("scalingSchedules.") {
            // A name has no dot in it.
            Some(schedule) => match schedule.split_once('.') {
                Some((name, field)) => format!("{} of schedule {name}", of_schedule(field)).into(),
                None => format!("schedule {schedule}").into(),
            },
            None => self.field.as_str().into(),
        }
    }

    /// One of the two values as people read it.
    pub fn word<'a>(&self, value: &'a str) -> &'a str {
        match (self.field.as_str(), value) {
            ("cpuUtilization.predictiveMethod", "NONE") => "off",
            ("cpuUtilization.predictiveMethod", "OPTIMIZE_AVAILABILITY") => "on",
            _ => value,
        }
    }
}

fn label(path: &str) -> Option<&'static str> {
    Some(match path {
        "mode" => "mode",
        "minNumReplicas" => "minimum",
        "maxNumReplicas" => "maximum",
        "cpuUtilization" => "CPU signal",
        "cpuUtilization.utilizationTarget" => "CPU target",
        "cpuUtilization.predictiveMethod" => "prediction",
        "loadBalancingUtilization" => "load balancing signal",
        "loadBalancingUtilization.utilizationTarget" => "load balancing target",
        "customMetricUtilizations" => "Monitoring metrics",
        "coolDownPeriodSec" => "initialization period",
        "stabilizationPeriodSec" => "stabilization period",
        "scaleInControl" => "scale-in control",
        "scaleInControl.timeWindowSec" => "scale-in window",
        "scaleInControl.maxScaledInReplicas.fixed" => "most removed in the scale-in window",
        "scaleInControl.maxScaledInReplicas.percent" => "percent removed in the scale-in window",
        "scalingSchedules" => "schedules",
        _ => return None,
    })
}

/// The last part of a metric's type, and what of its entry has changed:
/// `customMetricUtilizations[custom.googleapis.com/queue].utilizationTarget`.
fn of_metric(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix("customMetricUtilizations[")?;
    let (metric, field) = rest.split_once(']').unwrap_or((rest, ""));
    let metric = metric.rsplit('/').next().unwrap_or(metric);
    let field = match field.strip_prefix('.').unwrap_or(field) {
        "utilizationTarget" => "target",
        "utilizationTargetType" => "kind of target",
        "singleInstanceAssignment" => "share of an instance",
        "" => "signal",
        other => other,
    };
    Some((metric, field))
}

fn of_schedule(field: &str) -> &str {
    match field {
        "minRequiredReplicas" => "minimum",
        "schedule" => "start",
        "durationSec" => "duration",
        "timeZone" => "time zone",
        "disabled" => "switch",
        "description" => "description",
        other => other,
    }
}

impl fmt::Display for FieldChange {
    /// `minimum from 2 to 3`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label())?;
        let word =
            |value: &'_ Option<String>| value.as_deref().map(|value| self.word(value).to_owned());
        match (word(&self.before), word(&self.after)) {
            (Some(before), Some(after)) => write!(f, " from {before} to {after}"),
            (None, Some(after)) => write!(f, " to {after}"),
            (Some(before), None) => write!(f, " removed (was {before})"),
            (None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prediction_is_on_or_off() {
        let change = FieldChange {
            field: "cpuUtilization.predictiveMethod".into(),
            before: Some("NONE".into()),
            after: Some("OPTIMIZE_AVAILABILITY".into()),
        };
        assert_eq!(change.to_string(), "prediction from off to on");
    }

    fn change(field: &str) -> FieldChange {
        FieldChange {
            field: field.to_owned(),
            before: Some("1".into()),
            after: Some("2".into()),
        }
    }

    #[test]
    fn every_field_of_a_policy_has_a_name() {
        let cases = [
            ("cpuUtilization.predictiveMethod", "prediction from 1 to 2"),
            (
                "loadBalancingUtilization.utilizationTarget",
                "load balancing target from 1 to 2",
            ),
            (
                "scaleInControl.timeWindowSec",
                "scale-in window from 1 to 2",
            ),
            (
                "scalingSchedules.sale.minRequiredReplicas",
                "minimum of schedule sale from 1 to 2",
            ),
            ("scalingSchedules.sale", "schedule sale from 1 to 2"),
        ];
        for (field, told) in cases {
            assert_eq!(change(field).to_string(), told);
        }
    }

    #[test]
    fn a_field_that_is_new_keeps_its_path() {
        assert_eq!(change("shiny.thing").to_string(), "shiny.thing from 1 to 2");
    }
}
