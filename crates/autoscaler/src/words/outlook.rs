//! What would change a group's size.

use super::numbers::{number, percent, span};
use super::signals::{rate, signal_name};
use crate::{MetricGoal, Mode, Policy, Signal};

/// What would have a group grow and shrink, each as the end of a sentence that begins with "when".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// `CPU passes 50 %`, or why it will not grow.
    pub grows: String,
    /// `for 10 minutes, CPU is at most 37.5 %`, or why it will not shrink.
    pub shrinks: String,
}

/// What would change a group of `size` serving instances under `policy`, from where each signal
/// asks for one instance more or less: at 4 instances and a target of 50 % that is a mean of more
/// than 50 %, and of at most 37.5 %, which three can bear.
pub fn outlook(policy: &Policy, size: u32) -> Outlook {
    Outlook {
        grows: grows(policy, size),
        shrinks: shrinks(policy, size),
    }
}

fn grows(policy: &Policy, size: u32) -> String {
    if size >= policy.max {
        return format!("the maximum of {} is raised", policy.max);
    }
    if policy.mode == Mode::Off {
        return "the mode is turned ON".to_owned();
    }
    // What is measured on instances cannot wake a group without any.
    let mut causes: Vec<String> = thresholds(policy)
        .filter(|threshold| size > 0 || !threshold.needs_instances)
        .map(|threshold| format!("{} passes {}", threshold.name, threshold.of(size, size)))
        .collect();
    if policy.predicts() && size > 0 {
        let lead = span(policy.cool_down);
        causes.push(format!("CPU is predicted to within {lead}"));
    }
    if has_schedule_above(policy, size) {
        causes.push("a schedule asks for more".to_owned());
    }
    if causes.is_empty() {
        return "the minimum is raised".to_owned();
    }
    causes.join(", or ")
}

fn shrinks(policy: &Policy, size: u32) -> String {
    if size <= policy.min {
        return format!("the minimum of {} is lowered", policy.min);
    }
    if policy.mode != Mode::On {
        return "the mode is turned ON".to_owned();
    }
    let mut conditions: Vec<String> = thresholds(policy)
        .map(|threshold| {
            let bearable = threshold.of(size, size.saturating_sub(1));
            format!("{} is at most {bearable}", threshold.name)
        })
        .collect();
    if policy.predicts() {
        conditions.push("no more is predicted".to_owned());
    }
    if has_schedule_above(policy, size.saturating_sub(1)) {
        conditions.push(format!("no schedule asks for {size}"));
    }
    let conditions = conditions.join(" and ");
    if policy.stabilization.is_zero() {
        conditions
    } else {
        format!("for {}, {conditions}", span(policy.stabilization))
    }
}

fn has_schedule_above(policy: &Policy, size: u32) -> bool {
    let mut active = policy.schedules.values().filter(|one| !one.disabled);
    active.any(|schedule| schedule.min_required > size)
}

struct Threshold<'a> {
    name: &'a str,
    goal: MetricGoal,
    is_share: bool,
    needs_instances: bool,
    unit: &'static str,
}

impl Threshold<'_> {
    /// The reading of `serving` instances that exactly `enough` of them can bear.
    fn of(&self, serving: u32, enough: u32) -> String {
        let (serving, enough) = (f64::from(serving.max(1)), f64::from(enough));
        let value = match self.goal {
            MetricGoal::Utilization(target) => target * enough / serving,
            MetricGoal::SingleInstanceAssignment(share) => share * enough,
        };
        if self.is_share {
            // Down to what is written out, since more than is bearable is not.
            percent((value * 1000.0 + 1e-9).floor() / 1000.0)
        } else {
            format!("{}{}", number(value), self.unit)
        }
    }
}

fn thresholds(policy: &Policy) -> impl Iterator<Item = Threshold<'_>> {
    let share = |signal, target| Threshold {
        name: signal_name(policy, signal),
        goal: MetricGoal::Utilization(target),
        is_share: true,
        needs_instances: true,
        unit: "",
    };
    let cpu = policy.cpu.map(|cpu| share(Signal::Cpu, cpu.target));
    let balancing = policy
        .load_balancing
        .map(|balancing| share(Signal::LoadBalancing, balancing.target));
    let metrics = policy.metrics.iter().enumerate();
    let metrics = metrics.map(|(index, metric)| Threshold {
        name: &metric.metric,
        goal: metric.goal,
        is_share: false,
        needs_instances: metric.is_per_instance(),
        unit: rate(policy, Signal::Metric(index)),
    });
    cpu.into_iter().chain(balancing).chain(metrics)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use serde_json::{Value, json};

    use super::*;

    fn words(policy: Value, size: u32) -> (String, String) {
        let Outlook { grows, shrinks } = outlook(&crate::validate(&policy).unwrap(), size);
        (grows, shrinks)
    }

    fn told(grows: &str, shrinks: &str) -> (String, String) {
        (grows.to_owned(), shrinks.to_owned())
    }

    #[test]
    fn the_readings_that_change_the_size_are_named() {
        let policy = json!({"minNumReplicas": 2, "maxNumReplicas": 6,
                            "cpuUtilization": {"utilizationTarget": 0.5}});
        for (size, grows, shrinks) in [
            (
                4,
                "CPU passes 50 %",
                "for 10 minutes, CPU is at most 37.5 %",
            ),
            (
                3,
                "CPU passes 50 %",
                "for 10 minutes, CPU is at most 33.3 %",
            ),
            (2, "CPU passes 50 %", "the minimum of 2 is lowered"),
            (
                6,
                "the maximum of 6 is raised",
                "for 10 minutes, CPU is at most 41.6 %",
            ),
        ] {
            assert_eq!(words(policy.clone(), size), told(grows, shrinks), "{size}");
        }
    }

    #[test]
    fn one_signal_is_enough_to_grow_and_all_have_to_agree_to_shrink() {
        let policy = json!({
            "minNumReplicas": 1, "maxNumReplicas": 9, "stabilizationPeriodSec": 0,
            "cpuUtilization": {"utilizationTarget": 0.8},
            "customMetricUtilizations": [
                {"metric": "custom.googleapis.com/jobs", "singleInstanceAssignment": 20.0},
                {"metric": "custom.googleapis.com/rps", "utilizationTarget": 100.0,
                 "utilizationTargetType": "DELTA_PER_SECOND"},
            ],
            "scalingSchedules": {"rush": {"minRequiredReplicas": 4, "schedule": "0 8 * * *",
                                          "durationSec": 3600}},
        });
        assert_eq!(
            words(policy.clone(), 3),
            told(
                "CPU passes 80 %, or custom.googleapis.com/jobs passes 60, or \
                 custom.googleapis.com/rps passes 100 a second, or a schedule asks for more",
                "CPU is at most 53.3 % and custom.googleapis.com/jobs is at most 40 and \
                 custom.googleapis.com/rps is at most 66.7 a second and no schedule asks for 3"
            )
        );
        let (grows, shrinks) = words(policy, 4);
        assert!(!grows.contains("schedule"), "{grows}");
        assert!(shrinks.ends_with("no schedule asks for 4"), "{shrinks}");
    }

    #[test]
    fn a_group_without_instances_is_woken_by_what_is_measured_elsewhere() {
        let jobs =
            json!({"metric": "custom.googleapis.com/jobs", "singleInstanceAssignment": 20.0});
        let policy = |metrics: Value| json!({"minNumReplicas": 0, "maxNumReplicas": 9, "customMetricUtilizations": metrics});
        assert_eq!(
            words(policy(json!([jobs])), 0).0,
            "custom.googleapis.com/jobs passes 0"
        );
        let rps = json!({"metric": "custom.googleapis.com/rps", "utilizationTarget": 100.0});
        assert_eq!(words(policy(json!([rps])), 0).0, "the minimum is raised");
    }

    #[test]
    fn a_mode_that_does_not_follow_is_what_has_to_change() {
        let policy = |mode: &str| {
            json!({"minNumReplicas": 1, "maxNumReplicas": 9, "mode": mode,
                   "cpuUtilization": {"utilizationTarget": 0.8}})
        };
        let on = "the mode is turned ON";
        assert_eq!(words(policy("OFF"), 3), told(on, on));
        assert_eq!(
            words(policy("ONLY_SCALE_OUT"), 3),
            told("CPU passes 80 %", on)
        );
    }
}
