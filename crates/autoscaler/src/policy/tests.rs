#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    FixedOrPercent, MetricGoal, Mode, Policy, PredictiveMethod, ScaleInControl, TargetType,
    validate,
};

/// A policy with every field that there is.
fn full() -> Value {
    json!({
        "minNumReplicas": 2,
        "maxNumReplicas": 6,
        "mode": "ONLY_SCALE_OUT",
        "coolDownPeriodSec": 90,
        "stabilizationPeriodSec": 300,
        "cpuUtilization": {
            "utilizationTarget": 0.5,
            "predictiveMethod": "OPTIMIZE_AVAILABILITY",
        },
        "loadBalancingUtilization": { "utilizationTarget": 0.7 },
        "customMetricUtilizations": [
            {
                "metric": "custom.googleapis.com/requests",
                "utilizationTarget": 40.0,
                "utilizationTargetType": "DELTA_PER_SECOND",
            },
            {
                "metric": "custom.googleapis.com/queue",
                "filter": "resource.type = \"global\" AND metric.labels.queue = \"mail\"",
                "singleInstanceAssignment": 5.0,
            },
        ],
        "scalingSchedules": {
            "morning": {
                "minRequiredReplicas": 4,
                "schedule": "30 7 * * Mon-Fri",
                "durationSec": 7200,
                "timeZone": "Europe/Berlin",
                "disabled": true,
                "description": "before the office opens",
            },
        },
        "scaleInControl": {
            "maxScaledInReplicas": { "percent": 10 },
            "timeWindowSec": 600,
        },
    })
}

/// The minimal policy with `field` set to `value`.
fn with(field: &str, value: Value) -> Value {
    let mut policy = json!({ "minNumReplicas": 2, "maxNumReplicas": 6 });
    policy[field] = value;
    policy
}

/// The messages of all violations.
fn complaints(policy: &Value) -> Vec<String> {
    let violations = validate(policy).err().unwrap_or_default();
    violations
        .into_iter()
        .map(|violation| violation.message)
        .collect()
}

/// Exactly this is wrong.
#[track_caller]
fn complains(policy: &Value, message: &str) {
    assert_eq!(complaints(policy), [message]);
}

/// Something is wrong with exactly this field, and its value is shown.
#[track_caller]
fn refuses(field: &str, value: Value, at: &str) {
    let violations = validate(&with(field, value.clone()))
        .err()
        .unwrap_or_default();
    let fields: Vec<_> = violations
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    assert_eq!(
        fields,
        [format!("autoscalingPolicy.{at}")],
        "{field} = {value}"
    );
    let violation = &violations[0];
    assert!(
        violation.message.starts_with(&violation.field),
        "{violation}"
    );
    assert!(violation.message.contains(&violation.value), "{violation}");
    assert!(violation.message.ends_with('.'), "{violation}");
}

#[track_caller]
fn accepts(field: &str, value: Value) -> Policy {
    let policy = with(field, value);
    validate(&policy)
        .map_err(|violations| format!("{policy}: {violations:?}"))
        .unwrap()
}

#[test]
fn a_policy_with_every_field_survives_the_round_trip() {
    let policy = validate(&full()).unwrap();
    assert_eq!(policy.to_value(), full());
    assert_eq!(validate(&policy.to_value()).unwrap(), policy);
}

#[test]
fn every_field_is_read() {
    let policy = validate(&full()).unwrap();
    assert_eq!(
        (policy.min, policy.max, policy.mode),
        (2, 6, Mode::OnlyScaleOut)
    );
    assert_eq!(policy.cool_down, Duration::from_secs(90));
    assert_eq!(policy.stabilization, Duration::from_mins(5));
    let cpu = policy.cpu.unwrap();
    assert_eq!(
        (cpu.target, cpu.predictive),
        (0.5, PredictiveMethod::OptimizeAvailability)
    );
    assert_eq!(policy.load_balancing.unwrap().target, 0.7);
    assert_eq!(policy.metrics[0].goal, MetricGoal::Utilization(40.0));
    assert_eq!(
        policy.metrics[0].target_type,
        Some(TargetType::DeltaPerSecond)
    );
    assert_eq!(
        policy.metrics[1].goal,
        MetricGoal::SingleInstanceAssignment(5.0)
    );
    let morning = &policy.schedules["morning"];
    assert_eq!(
        (morning.min_required, morning.duration),
        (4, Duration::from_hours(2))
    );
    assert!(morning.disabled);
    let max_scaled_in = FixedOrPercent::Percent(10);
    let control = ScaleInControl {
        max_scaled_in,
        window: Duration::from_mins(10),
    };
    assert_eq!(policy.scale_in, Some(control));
}

#[test]
fn what_is_left_out_gets_googles_defaults() {
    let policy = validate(&json!({ "maxNumReplicas": 6 })).unwrap();
    assert_eq!(policy, Policy::default_for(1, 6, 0.6));
    assert_eq!(policy.cool_down, Duration::from_mins(1));
    assert_eq!(policy.stabilization, Duration::from_mins(10));
    assert_eq!(
        accepts("cpuUtilization", json!({})).cpu.unwrap().target,
        0.6
    );
    let policy = accepts("loadBalancingUtilization", json!({}));
    assert_eq!(policy.load_balancing.unwrap().target, 0.8);
    assert_eq!(
        policy.cpu, None,
        "CPU is assumed only where there is no other signal"
    );
}

#[test]
fn null_counts_as_left_out() {
    for field in [
        "mode",
        "cpuUtilization",
        "customMetricUtilizations",
        "scaleInControl",
    ] {
        assert_eq!(
            accepts(field, Value::Null),
            Policy::default_for(2, 6, 0.6),
            "{field}"
        );
    }
    let schedules = accepts("scalingSchedules", json!({ "gone": null })).schedules;
    assert!(schedules.is_empty());
}

#[test]
fn only_up_is_the_old_name_of_only_scale_out() {
    let policy = accepts("mode", json!("ONLY_UP"));
    assert_eq!(policy.mode, Mode::OnlyScaleOut);
    assert_eq!(policy.to_value()["mode"], json!("ONLY_SCALE_OUT"));
    assert_eq!(policy.mode.to_string(), "ONLY_SCALE_OUT");
}

#[test]
fn unknown_fields_are_passed_over() {
    let policy = accepts("newFieldOfNextYear", json!({ "a": [1] }));
    assert_eq!(policy, Policy::default_for(2, 6, 0.6));
}

#[test]
fn whole_numbers_may_be_written_as_floats() {
    assert_eq!(accepts("maxNumReplicas", json!(7.0)).max, 7);
}

#[test]
fn all_violations_are_reported_at_once() {
    let messages = complaints(&json!({
        "minNumReplicas": -1,
        "maxNumReplicas": 0,
        "mode": "SOMETIMES",
        "stabilizationPeriodSec": 3601,
        "cpuUtilization": { "utilizationTarget": 50, "predictiveMethod": "CRYSTAL_BALL" },
        "scaleInControl": { "timeWindowSec": 60 },
    }));
    assert_eq!(
        messages,
        [
            "autoscalingPolicy.maxNumReplicas is 0; it must be a whole number from 1 to 2000.",
            "autoscalingPolicy.minNumReplicas is -1; it must be a whole number from 0 to 2000.",
            "autoscalingPolicy.mode is \"SOMETIMES\"; it must be ON, OFF, ONLY_SCALE_OUT or \
             ONLY_UP.",
            "autoscalingPolicy.stabilizationPeriodSec is 3601; it must be a whole number from 0 to \
             3600.",
            "autoscalingPolicy.cpuUtilization.utilizationTarget is 50; it must be a number above 0 \
             and at most 1.",
            "autoscalingPolicy.cpuUtilization.predictiveMethod is \"CRYSTAL_BALL\"; it must be \
             NONE or OPTIMIZE_AVAILABILITY.",
            "autoscalingPolicy.scaleInControl.maxScaledInReplicas is missing; it must be an object \
             with either fixed or percent.",
        ]
    );
}

#[test]
fn a_maximum_is_required() {
    complains(
        &json!({ "minNumReplicas": 2 }),
        "autoscalingPolicy.maxNumReplicas is missing; it must be a whole number from 1 to 2000.",
    );
}

#[test]
fn a_minimum_above_the_maximum_is_refused() {
    complains(
        &json!({ "minNumReplicas": 7, "maxNumReplicas": 6 }),
        "autoscalingPolicy.minNumReplicas is 7; it must be a whole number from 0 to 6, which is \
         the maxNumReplicas beside it.",
    );
    assert_eq!(accepts("minNumReplicas", json!(6)).min, 6);
}

#[test]
fn a_policy_that_is_no_object_is_refused() {
    complains(
        &json!([1]),
        "autoscalingPolicy is [1]; it must be a JSON object.",
    );
    refuses("cpuUtilization", json!(0.5), "cpuUtilization");
    refuses("scalingSchedules", json!([]), "scalingSchedules");
    refuses(
        "customMetricUtilizations",
        json!({}),
        "customMetricUtilizations",
    );
    refuses(
        "customMetricUtilizations",
        json!([5]),
        "customMetricUtilizations[0]",
    );
}

#[test]
fn numbers_keep_their_ranges() {
    let wrong = [
        ("minNumReplicas", json!(2001)),
        ("minNumReplicas", json!(1.5)),
        ("maxNumReplicas", json!(2001)),
        ("maxNumReplicas", json!("6")),
        ("maxNumReplicas", json!(1e300)),
        ("coolDownPeriodSec", json!(-1)),
        ("coolDownPeriodSec", json!(2_147_483_648_i64)),
        ("stabilizationPeriodSec", json!(-1)),
        ("stabilizationPeriodSec", json!(true)),
    ];
    for (field, value) in wrong {
        refuses(field, value, field);
    }
    for (field, value) in [
        ("minNumReplicas", json!(0)),
        ("coolDownPeriodSec", json!(0)),
        ("coolDownPeriodSec", json!(i32::MAX)),
        ("stabilizationPeriodSec", json!(0)),
        ("stabilizationPeriodSec", json!(3600)),
    ] {
        accepts(field, value);
    }
}

#[test]
fn targets_keep_their_ranges() {
    let target = |value: Value| json!({ "utilizationTarget": value });
    for value in [json!(0), json!(1.01), json!(-0.5), json!("0.5")] {
        refuses(
            "cpuUtilization",
            target(value),
            "cpuUtilization.utilizationTarget",
        );
    }
    for value in [json!(0), json!(-1)] {
        let at = "loadBalancingUtilization.utilizationTarget";
        refuses("loadBalancingUtilization", target(value), at);
    }
    accepts("cpuUtilization", target(json!(1)));
    accepts("loadBalancingUtilization", target(json!(1.5)));
}

#[test]
fn a_metric_needs_a_name_and_exactly_one_goal() {
    let metric = "custom.googleapis.com/queue";
    let wrong = [
        (json!({ "utilizationTarget": 1 }), "metric"),
        (
            json!({ "metric": "queue", "utilizationTarget": 1 }),
            "metric",
        ),
        (json!({ "metric": metric }), "utilizationTarget"),
        (
            json!({ "metric": metric, "utilizationTarget": 0 }),
            "utilizationTarget",
        ),
        (
            json!({ "metric": metric, "utilizationTarget": 1, "singleInstanceAssignment": 1 }),
            "singleInstanceAssignment",
        ),
        (
            json!({ "metric": metric, "singleInstanceAssignment": -1 }),
            "singleInstanceAssignment",
        ),
        (
            json!({ "metric": metric, "utilizationTarget": 1, "filter": "a OR b" }),
            "filter",
        ),
        (
            json!({ "metric": metric, "utilizationTarget": 1, "utilizationTargetType": "RATE" }),
            "utilizationTargetType",
        ),
    ];
    for (entry, field) in wrong {
        let at = format!("customMetricUtilizations[0].{field}");
        refuses("customMetricUtilizations", json!([entry]), &at);
    }
}

#[test]
fn metrics_are_five_at_most_and_none_twice() {
    let entry = |name: usize| json!({ "metric": format!("custom.googleapis.com/m{name}"), "utilizationTarget": 1 });
    let many = |count: usize| Value::Array((0..count).map(entry).collect());
    assert_eq!(
        accepts("customMetricUtilizations", many(5)).metrics.len(),
        5
    );
    let messages = complaints(&with("customMetricUtilizations", many(6)));
    assert!(
        messages[0].ends_with("it must be a list of at most 5 metrics."),
        "{messages:?}"
    );
    let twice = json!([entry(1), entry(1)]);
    refuses(
        "customMetricUtilizations",
        twice,
        "customMetricUtilizations[1].metric",
    );
}

#[test]
fn a_schedule_keeps_its_rules() {
    let good = json!({ "minRequiredReplicas": 4, "schedule": "0 8 * * *", "durationSec": 300 });
    let policy = accepts("scalingSchedules", json!({ "s": good }));
    assert_eq!(policy.schedules["s"].time_zone, "UTC");
    let wrong = [
        ("minRequiredReplicas", json!(-1)),
        ("minRequiredReplicas", Value::Null),
        ("schedule", json!("0 25 * * *")),
        ("schedule", Value::Null),
        ("durationSec", json!(299)),
        ("durationSec", Value::Null),
        ("timeZone", json!("Berlin time")),
        ("disabled", json!("no")),
        ("description", json!(1)),
    ];
    for (field, value) in wrong {
        let mut schedule = good.clone();
        schedule[field] = value;
        refuses(
            "scalingSchedules",
            json!({ "s": schedule }),
            &format!("scalingSchedules.s.{field}"),
        );
    }
}

#[test]
fn schedules_are_128_at_most() {
    let schedule = json!({ "minRequiredReplicas": 4, "schedule": "0 8 * * *", "durationSec": 300 });
    let many = |count: usize| {
        let entry = |index| (format!("s{index}"), schedule.clone());
        Value::Object((0..count).map(entry).collect())
    };
    assert_eq!(accepts("scalingSchedules", many(128)).schedules.len(), 128);
    let messages = complaints(&with("scalingSchedules", many(129)));
    assert!(messages[0].ends_with("it must be an object of at most 128 schedules."));
    assert!(
        messages[0].chars().count() < 250,
        "a long value is shortened: {messages:?}"
    );
}

#[test]
fn a_scale_in_control_keeps_its_rules() {
    let control = |allowed: Value| json!({ "maxScaledInReplicas": allowed, "timeWindowSec": 60 });
    let policy = accepts(
        "scaleInControl",
        control(json!({ "fixed": 3, "calculated": 3 })),
    );
    assert_eq!(
        policy.scale_in.unwrap().max_scaled_in,
        FixedOrPercent::Fixed(3)
    );
    assert_eq!(accepts("scaleInControl", json!({})).scale_in, None);
    let allowed = "scaleInControl.maxScaledInReplicas";
    refuses("scaleInControl", control(json!({})), allowed);
    refuses("scaleInControl", control(json!(3)), allowed);
    refuses(
        "scaleInControl",
        control(json!({ "fixed": 1, "percent": 1 })),
        allowed,
    );
    refuses(
        "scaleInControl",
        control(json!({ "percent": 101 })),
        &format!("{allowed}.percent"),
    );
    refuses(
        "scaleInControl",
        control(json!({ "fixed": -1 })),
        &format!("{allowed}.fixed"),
    );
    let window = json!({ "maxScaledInReplicas": { "fixed": 1 } });
    refuses("scaleInControl", window, "scaleInControl.timeWindowSec");
}

#[test]
fn serde_uses_googles_json_and_refuses_what_is_invalid() {
    let policy: Policy = serde_json::from_value(full()).unwrap();
    assert_eq!(serde_json::to_value(&policy).unwrap(), full());
    let error = serde_json::from_value::<Policy>(json!({ "maxNumReplicas": 0, "mode": 1 }));
    assert_eq!(
        error.unwrap_err().to_string(),
        "autoscalingPolicy.maxNumReplicas is 0; it must be a whole number from 1 to 2000. \
         autoscalingPolicy.mode is 1; it must be ON, OFF, ONLY_SCALE_OUT or ONLY_UP."
    );
}
