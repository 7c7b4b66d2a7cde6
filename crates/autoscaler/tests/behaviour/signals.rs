//! Several signals at once: the documented example, missing data, and the way to zero and back.

use std::time::Duration;

use autoscaler::{
    Absence, Binding, Decision, HoldCause, Observed, Policy, Sample, Signal, StatusKind, validate,
};
use serde_json::{Value, json};

use crate::script::{Script, at};

const QUEUE: &str = "custom.googleapis.com/queue";

/// Valid policies without stabilization, so that every step shows what the signals ask for.
fn policy(min: u32, max: u32, signals: Value) -> Policy {
    let mut policy = json!({
        "minNumReplicas": min, "maxNumReplicas": max, "stabilizationPeriodSec": 0,
    });
    policy
        .as_object_mut()
        .unwrap()
        .extend(signals.as_object().unwrap().clone());
    validate(&policy).unwrap()
}

/// The work of a whole group, five for each instance.
fn queue_policy(min: u32, max: u32) -> Policy {
    let queue = json!({
        "metric": QUEUE, "filter": "resource.type = \"global\"", "singleInstanceAssignment": 5,
    });
    policy(min, max, json!({ "customMetricUtilizations": [queue] }))
}

fn value(value: f64) -> Observed {
    Observed::Value(value)
}

fn metrics<const N: usize>(values: [Observed; N]) -> [Observed; 5] {
    let mut all = [Observed::default(); 5];
    all[..N].copy_from_slice(&values);
    all
}

fn group(size: u32) -> Sample {
    Sample::cpu(size, size, None)
}

fn queue(size: u32, length: f64) -> Sample {
    Sample {
        metrics: metrics([value(length)]),
        ..group(size)
    }
}

fn kinds(decision: &Decision) -> Vec<StatusKind> {
    decision.status.iter().map(|detail| detail.kind).collect()
}

fn wishes(decision: &Decision) -> Vec<Option<u32>> {
    decision.signals.iter().map(|signal| signal.wish).collect()
}

#[test]
fn the_documented_example_of_several_signals_holds() {
    // 10 VMs: CPU 0.5 of 0.8, load balancing 0.4 of 0.6, metrics 1100 of 1000 and 2700 of 2000.
    let metric = |name: &str, target: u32| json!({ "metric": format!("custom.googleapis.com/{name}"), "utilizationTarget": target });
    let policy = policy(
        1,
        100,
        json!({
            "cpuUtilization": { "utilizationTarget": 0.8 },
            "loadBalancingUtilization": { "utilizationTarget": 0.6 },
            "customMetricUtilizations": [metric("a", 1000), metric("b", 2000)],
        }),
    );
    let sample = Sample {
        serving: 10,
        size: 10,
        cpu: Some(0.5),
        load_balancing: value(0.4),
        metrics: metrics([value(1100.0), value(2700.0)]),
    };
    let decision = Script::new(policy, 10).told(1, sample);
    assert_eq!(wishes(&decision), [Some(7), Some(7), Some(11), Some(14)]);
    assert_eq!(decision.recommended, 14);
    assert_eq!(decision.source, Some(Signal::Metric(1)));
    let reason = serde_json::to_value(&decision.reason).unwrap();
    assert_eq!(
        reason["scalingSignal"],
        json!({
            "name": "CUSTOM_METRIC_UTILIZATION",
            "calculatedSize": 14,
            "calculationDetails": {
                "servingSize": 10, "signalTarget": 2000.0, "signalValue": 2700.0,
            },
            "signalPolicy": { "customMetricUtilizations": [
                { "metric": "custom.googleapis.com/b", "utilizationTarget": 2000.0 },
            ] },
        })
    );
}

#[test]
fn an_assignment_divides_the_work_of_the_whole_group() {
    // The documented example: a metric of 100 at 5 for each instance needs 20.
    let decision = Script::new(queue_policy(1, 100), 3).told(1, queue(3, 100.0));
    assert_eq!(decision.recommended, 20);
    assert_eq!(
        decision.reason.summary,
        "Grow from 3 to 20: custom.googleapis.com/queue is 100, and one instance takes 5, so 20 \
         are needed."
    );
    let details = decision.reason.scaling_signal.unwrap().calculation_details;
    assert_eq!(details.single_instance_assignment, Some(5.0));
    assert_eq!(details.signal_target, None);
}

#[test]
fn a_load_balancing_signal_is_explained() {
    let policy = policy(1, 20, json!({ "loadBalancingUtilization": {} }));
    let sample = Sample {
        load_balancing: value(0.9),
        ..group(4)
    };
    assert_eq!(
        Script::new(policy, 4).told(1, sample).reason.summary,
        "Grow from 4 to 5: requests take 90 % of the balancing capacity of 4 serving instances, \
         over the 80 % target, so 5 are needed."
    );
}

#[test]
fn rates_and_metrics_of_instances_and_groups_are_explained() {
    let says = |entry: Value, expected: &str| {
        let policy = policy(1, 20, json!({ "customMetricUtilizations": [entry] }));
        let decision = Script::new(policy, 4).told(1, queue(4, 60.0));
        assert_eq!(decision.reason.summary, expected);
    };
    says(
        json!({
            "metric": "custom.googleapis.com/requests", "utilizationTarget": 40,
            "utilizationTargetType": "DELTA_PER_SECOND",
        }),
        "Grow from 4 to 6: custom.googleapis.com/requests of 4 serving instances averages 60 a \
         second, over the target of 40 a second, so 6 are needed.",
    );
    says(
        json!({
            "metric": "custom.googleapis.com/delay", "utilizationTarget": 50.5,
            "filter": "resource.type = \"global\"",
        }),
        "Grow from 4 to 5: custom.googleapis.com/delay with 4 serving instances is 60, over the \
         target of 50.5, so 5 are needed.",
    );
}

#[test]
fn only_an_overloaded_cpu_grows_by_half_at_most() {
    let metric = json!({ "metric": "custom.googleapis.com/m", "utilizationTarget": 1 });
    let policy = policy(
        1,
        50,
        json!({
            "cpuUtilization": { "utilizationTarget": 0.5 },
            "customMetricUtilizations": [metric],
        }),
    );
    let sample = |cpu: f64, metric: f64| Sample {
        metrics: metrics([value(metric)]),
        ..Sample::cpu(4, 4, Some(cpu))
    };
    let decision = Script::new(policy.clone(), 4).told(1, sample(1.0, 5.0));
    assert_eq!(
        (decision.recommended, decision.source),
        (20, Some(Signal::Metric(0)))
    );
    let decision = Script::new(policy, 4).told(1, sample(1.0, 1.2));
    assert_eq!(
        (decision.recommended, decision.source),
        (6, Some(Signal::Cpu))
    );
    assert_eq!(wishes(&decision), [Some(8), Some(5)]);
}

#[test]
fn beside_a_signal_without_data_the_others_may_grow_the_group_and_not_shrink_it() {
    let policy = policy(
        1,
        20,
        json!({
            "cpuUtilization": { "utilizationTarget": 0.5 },
            "customMetricUtilizations": [{ "metric": QUEUE, "utilizationTarget": 5 }],
        }),
    );
    let mut script = Script::new(policy, 2);
    assert_eq!(script.steady(1, 0.9).recommended, 4);
    let decision = script.steady(5000, 0.01);
    assert_eq!(decision.recommended, 4);
    let hold = decision.hold.unwrap();
    assert_eq!((hold.cause, hold.wanted), (HoldCause::MissingData, 1));
    assert_eq!(wishes(&decision), [Some(1), None]);
    assert_eq!(
        kinds(&decision),
        [StatusKind::MissingCustomMetricDataPoints]
    );
    assert_eq!(
        decision.reason.summary,
        "Stay at 4: CPU of 4 serving instances averages 1 %, under the 50 % target, so 1 is \
         needed. There is no data of custom.googleapis.com/queue, and without it nothing is \
         removed."
    );
    // Once it shows something, the group follows.
    let sample = Sample {
        metrics: metrics([value(1.0)]),
        ..Sample::cpu(4, 4, Some(0.01))
    };
    assert_eq!(script.told(1, sample).recommended, 1);
}

#[test]
fn instances_that_show_nothing_are_no_reason_to_grow_and_none_to_shrink() {
    let metric = json!({ "metric": QUEUE, "utilizationTarget": 10 });
    let policy = policy(1, 20, json!({ "customMetricUtilizations": [metric] }));
    let partial = |mean: f64, of: u32| Sample {
        metrics: metrics([Observed::Partial(mean, of)]),
        ..group(4)
    };
    let decide = |sample| Script::new(policy.clone(), 4).told(1, sample);
    assert_eq!(
        decide(partial(15.0, 2)).recommended,
        4,
        "3 are needed for certain"
    );
    assert_eq!(decide(partial(15.0, 4)).recommended, 6);
    assert_eq!(decide(partial(25.0, 2)).recommended, 5);
    assert_eq!(decide(partial(5.0, 2)).recommended, 2, "4 at 5 need 2");
    assert_eq!(decide(partial(5.0, 0)).recommended, 4, "there is no data");
    let decision = decide(partial(9.0, 2));
    assert_eq!(decision.recommended, 4);
    assert_eq!(decision.hold.unwrap().cause, HoldCause::MissingData);
    assert_eq!(
        decision.reason.summary,
        "Stay at 4: custom.googleapis.com/queue of 2 of 4 serving instances averages 9, under the \
         target of 10, so 2 are needed. Some instances show no custom.googleapis.com/queue, and \
         may be as busy as the others."
    );
}

#[test]
fn the_stabilization_period_starts_over_after_a_gap_of_one_signal() {
    let mut policy = queue_policy(1, 20);
    policy.cpu = Some(Policy::default_for(1, 20, 0.5).cpu.unwrap());
    policy.stabilization = Duration::from_mins(5);
    let quiet = Sample {
        cpu: Some(0.01),
        ..queue(6, 1.0)
    };
    let mut script = Script::new(policy, 6);
    script.steady(1000, 0.01);
    assert_eq!(script.told(299, quiet).recommended, 6);
    assert_eq!(script.told(1, quiet).recommended, 1);
}

#[test]
fn each_trouble_has_googles_type() {
    let both = policy(
        1,
        20,
        json!({
            "loadBalancingUtilization": {},
            "customMetricUtilizations": [{ "metric": QUEUE, "utilizationTarget": 5 }],
        }),
    );
    let absent = |balancing: Absence, metric: Absence| Sample {
        load_balancing: Observed::Absent(balancing),
        metrics: metrics([Observed::Absent(metric)]),
        ..group(3)
    };
    for (balancing, metric, expected) in [
        (
            Absence::NoData,
            Absence::NoData,
            [
                StatusKind::MissingLoadBalancingDataPoints,
                StatusKind::MissingCustomMetricDataPoints,
            ],
        ),
        (
            Absence::NoBackendService,
            Absence::TooSparse,
            [
                StatusKind::BackendServiceDoesNotExist,
                StatusKind::CustomMetricDataPointsTooSparse,
            ],
        ),
        (
            Absence::ManyBackendServices,
            Absence::Invalid,
            [
                StatusKind::MoreThanOneBackendService,
                StatusKind::CustomMetricInvalid,
            ],
        ),
        (
            Absence::GroupMaxRate,
            Absence::NoData,
            [
                StatusKind::UnsupportedMaxRateLoadBalancingConfiguration,
                StatusKind::MissingCustomMetricDataPoints,
            ],
        ),
    ] {
        let decision = Script::new(both.clone(), 3).told(1, absent(balancing, metric));
        assert_eq!(kinds(&decision), expected);
        assert_eq!(decision.recommended, 3);
        assert_eq!(decision.hold.unwrap().cause, HoldCause::MissingData);
        assert!(
            decision
                .status
                .iter()
                .all(|detail| detail.message.ends_with('.'))
        );
    }
}

#[test]
fn a_balancer_without_requests_is_no_load_and_is_said() {
    let policy = policy(1, 20, json!({ "loadBalancingUtilization": {} }));
    let sample = Sample {
        load_balancing: value(0.0),
        ..group(3)
    };
    let decision = Script::new(policy, 3).told(1, sample);
    assert_eq!(decision.recommended, 1);
    assert_eq!(
        kinds(&decision),
        [StatusKind::MissingLoadBalancingDataPoints]
    );
}

#[test]
fn work_of_the_whole_group_lets_it_go_to_zero_and_wakes_it() {
    let mut script = Script::new(queue_policy(0, 9), 2);
    let decision = script.told(1, queue(2, 0.0));
    assert_eq!((decision.recommended, decision.resize_to), (0, Some(0)));
    assert_eq!(decision.status, []);
    let decision = script.told(60, queue(0, 0.0));
    assert_eq!((decision.recommended, decision.hold), (0, None));
    assert_eq!(script.told(1, queue(0, 7.0)).resize_to, Some(2));
}

#[test]
fn a_metric_of_the_whole_group_with_a_target_wakes_one_instance() {
    let metric = json!({
        "metric": QUEUE, "filter": "resource.type = \"global\"", "utilizationTarget": 5,
    });
    let policy = policy(0, 9, json!({ "customMetricUtilizations": [metric] }));
    let mut script = Script::new(policy, 1);
    assert_eq!(script.told(1, queue(1, 0.0)).recommended, 0);
    assert_eq!(script.told(1, queue(0, 0.1)).recommended, 1);
}

#[test]
fn a_signal_of_instances_keeps_the_last_one_and_does_not_disturb_the_waking() {
    let mut policy = queue_policy(0, 9);
    policy.cpu = Policy::default_for(0, 9, 0.5).cpu;
    let idle = Sample {
        cpu: Some(0.0),
        ..queue(2, 0.0)
    };
    assert_eq!(Script::new(policy.clone(), 2).told(1, idle).recommended, 1);

    let mut empty = Script::new(policy, 0);
    let decision = empty.told(1, queue(0, 0.0));
    assert_eq!((decision.recommended, decision.hold), (0, None));
    let decision = empty.told(1, queue(0, 11.0));
    assert_eq!(decision.recommended, 3);
    // While they start, CPU shows nothing and might need them.
    let starting = Sample {
        serving: 0,
        ..queue(3, 1.0)
    };
    let decision = empty.told(1, starting);
    assert_eq!(decision.recommended, 3);
    assert_eq!(decision.status, []);
}

#[test]
fn an_empty_group_whose_work_is_unknown_stays_empty_and_says_so() {
    let decision = Script::new(queue_policy(0, 9), 0).told(300, group(0));
    assert_eq!((decision.recommended, decision.resize_to), (0, None));
    assert_eq!(decision.hold.unwrap().cause, HoldCause::MissingData);
    assert_eq!(
        kinds(&decision),
        [StatusKind::MissingCustomMetricDataPoints]
    );
}

#[test]
fn work_of_the_whole_group_needs_no_settling() {
    let mut script = Script::new(queue_policy(1, 20), 8);
    assert_eq!(script.told(1, queue(8, 35.0)).recommended, 7);
    assert_eq!(script.told(1, queue(7, 10.0)).recommended, 2);
}

#[test]
fn newcomers_count_as_if_as_busy_on_every_signal() {
    let policy = policy(
        1,
        20,
        json!({
            "cpuUtilization": { "utilizationTarget": 0.5 },
            "loadBalancingUtilization": { "utilizationTarget": 0.5 },
        }),
    );
    let sample = Sample {
        load_balancing: value(0.4),
        ..Sample::cpu(2, 4, Some(0.1))
    };
    let decision = Script::new(policy, 4).told(1, sample);
    assert_eq!(decision.recommended, 4);
    assert_eq!(decision.hold.unwrap().cause, HoldCause::Initialization);
}

#[test]
fn a_negative_metric_counts_as_missing() {
    let decision = Script::new(queue_policy(1, 9), 4).told(1, queue(4, -3.0));
    assert_eq!(decision.recommended, 4);
    assert_eq!(
        kinds(&decision),
        [StatusKind::MissingCustomMetricDataPoints]
    );
}

#[test]
fn a_step_keeps_every_signal_and_the_rule_that_had_the_last_say() {
    let mut script = Script::new(queue_policy(2, 9), 4);
    script.engine.observe(at(1), queue(4, 100.0));
    let step = script.engine.step(at(1), 4);
    assert_eq!(step.signal(Signal::Metric(0)).unwrap().wish, Some(20));
    assert_eq!((step.wish, step.demand, step.recommended), (20, 20, 9));
    assert_eq!(step.binding, Some(Binding::MaxInstances));
    assert_eq!(step.cpu(), None);
}
