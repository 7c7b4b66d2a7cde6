//! What people and programs are told.

use std::time::Duration;

use autoscaler::{
    AutoscalingReason, Decision, Engine, FixedOrPercent, HoldCause, HoldLine, Mode, Policy, Sample,
    ScaleInControl, StatusLine, Timestamp, status_sentence,
};
use serde_json::json;

/// 14:18 of some day.
const START: Timestamp = Timestamp(1_795_529_880_000);

fn clock(at: Timestamp) -> String {
    at.utc_clock().to_string()
}

/// Decides once, a minute after the engine began.
fn decide(policy: Policy, size: u32, sample: Sample) -> Decision {
    let mut engine = Engine::new(policy, START, size);
    let now = START.after(Duration::from_mins(1));
    engine.observe(now, sample);
    engine.decide(now, size)
}

fn serving(count: u32, cpu: f64) -> Sample {
    Sample::cpu(count, count, Some(cpu))
}

fn tutorial() -> Policy {
    Policy::default_for(2, 6, 0.5)
}

fn at_once() -> Policy {
    Policy {
        stabilization: Duration::ZERO,
        ..tutorial()
    }
}

#[track_caller]
fn says(policy: Policy, size: u32, sample: Sample, summary: &str) {
    assert_eq!(decide(policy, size, sample).reason.summary, summary);
}

#[test]
fn growth_is_explained() {
    says(
        tutorial(),
        2,
        serving(2, 0.8),
        "Grow from 2 to 4: CPU of 2 serving instances averages 80 %, over the 50 % target, \
         so 4 are needed.",
    );
}

#[test]
fn growth_to_the_maximum_is_explained() {
    says(
        tutorial(),
        4,
        serving(4, 0.9),
        "Grow from 4 to 6: CPU of 4 serving instances averages 90 %, over the 50 % target, \
         so 8 are needed. The maximum is 6.",
    );
}

#[test]
fn growth_of_an_overloaded_group_is_explained() {
    says(
        tutorial(),
        2,
        serving(2, 1.11),
        "Grow from 2 to 3: CPU of 2 serving instances averages 111 %, over the 50 % target, \
         so 5 are needed. At full load nobody can tell how much is missing, so one step adds half \
         at most.",
    );
}

#[test]
fn a_hold_is_explained() {
    says(
        tutorial(),
        5,
        serving(5, 0.03),
        "Stay at 5: CPU of 5 serving instances averages 3 %, under the 50 % target, so 1 is \
         needed. The peak of the last 10 minutes needed 5.",
    );
}

#[test]
fn shrinking_is_explained() {
    let mut engine = Engine::new(tutorial(), START, 5);
    let mut now = START;
    for _ in 0..10 {
        now = now.after(Duration::from_mins(1));
        engine.observe(now, serving(5, 0.2));
        let _ = engine.decide(now, 5);
    }
    let mut idle = Engine::new(tutorial(), START, 5);
    idle.observe(now, serving(5, 0.03));
    assert_eq!(
        idle.decide(now, 5).reason.summary,
        "Shrink from 5 to 2: CPU of 5 serving instances averages 3 %, under the 50 % target, so \
         1 is needed. The minimum is 2. The last 10 minutes never needed more."
    );
    assert_eq!(engine.recommended(), 2);
}

#[test]
fn a_raised_minimum_is_explained() {
    says(
        Policy {
            min: 3,
            ..tutorial()
        },
        2,
        serving(2, 0.02),
        "Grow from 2 to 3: CPU of 2 serving instances averages 2 %, under the 50 % target, so 1 is \
         needed. The minimum is 3.",
    );
}

#[test]
fn a_lowered_maximum_is_explained() {
    says(
        Policy {
            max: 3,
            ..tutorial()
        },
        5,
        serving(5, 0.5),
        "Shrink from 5 to 3: CPU of 5 serving instances averages 50 %, exactly at the 50 % target, \
         so 5 are needed. The maximum is 3.",
    );
}

#[test]
fn newcomers_are_explained() {
    says(
        at_once(),
        4,
        Sample::cpu(2, 4, Some(0.4)),
        "Stay at 4: CPU of 2 serving instances averages 40 %, under the 50 % target, so 2 are \
         needed. New instances are still initializing and may share the load already.",
    );
}

#[test]
fn the_scale_in_control_is_explained() {
    let control = |max_scaled_in| Policy {
        scale_in: Some(ScaleInControl {
            max_scaled_in,
            window: Duration::from_mins(30),
        }),
        ..at_once()
    };
    says(
        control(FixedOrPercent::Fixed(1)),
        6,
        serving(6, 0.1),
        "Shrink from 6 to 5: CPU of 6 serving instances averages 10 %, under the 50 % target, so 2 \
         are needed. At most 1 instance may go within 30 minutes, so 5 stay for now.",
    );
    let decision = decide(control(FixedOrPercent::Percent(50)), 6, serving(6, 0.1));
    assert!(
        decision
            .reason
            .summary
            .contains("At most 50 % of the instances may go within")
    );
}

#[test]
fn a_mode_that_does_not_follow_is_explained() {
    says(
        Policy {
            mode: Mode::Off,
            ..tutorial()
        },
        2,
        serving(2, 0.8),
        "Recommend 4 instead of 2: CPU of 2 serving instances averages 80 %, over the 50 % target, \
         so 4 are needed. The mode is OFF, so the group keeps its 2.",
    );
    says(
        Policy {
            mode: Mode::OnlyScaleOut,
            ..at_once()
        },
        5,
        serving(5, 0.2),
        "Recommend 2 instead of 5: CPU of 5 serving instances averages 20 %, under the 50 % target, \
         so 2 are needed. The mode is ONLY_SCALE_OUT, so the group keeps its 5.",
    );
}

#[test]
fn missing_data_is_explained() {
    says(
        tutorial(),
        3,
        Sample::cpu(3, 3, None),
        "Stay at 3: there is no CPU reading. Without data nothing is removed.",
    );
}

#[test]
fn an_empty_group_is_explained() {
    says(
        Policy::default_for(0, 6, 0.5),
        0,
        Sample::default(),
        "Stay at 0: there is no CPU reading. What is measured on instances cannot wake a group \
         without any; raise its minimum or resize it.",
    );
}

#[test]
fn a_value_beside_its_target_keeps_a_decimal() {
    says(
        at_once(),
        2,
        serving(2, 0.504),
        "Grow from 2 to 3: CPU of 2 serving instances averages 50.4 %, over the 50 % target, so 3 \
         are needed.",
    );
    let summary = decide(Policy::default_for(1, 9, 0.125), 2, serving(2, 0.1))
        .reason
        .summary;
    assert!(
        summary.contains("averages 10 %, under the 12.5 % target"),
        "{summary}"
    );
}

#[test]
fn a_reason_has_googles_shape() {
    let reason = decide(tutorial(), 4, serving(4, 0.9)).reason;
    let value = serde_json::to_value(&reason).unwrap();
    assert_eq!(
        value,
        json!({
            "summary": reason.summary,
            "scalingSignal": {
                "name": "CPU_UTILIZATION",
                "calculatedSize": 8,
                "calculationDetails": {
                    "servingSize": 4, "signalTarget": 0.5, "signalValue": 0.9,
                },
                "signalPolicy": {
                    "cpuUtilization": { "utilizationTarget": 0.5, "predictiveMethod": "NONE" },
                },
            },
            "scalingLimit": {
                "name": "MAX_INSTANCES",
                "limitSize": 6,
                "limitPolicy": { "maxNumReplicas": 6 },
            },
        })
    );
    assert_eq!(
        serde_json::from_value::<AutoscalingReason>(value).unwrap(),
        reason
    );
}

#[test]
fn a_stabilization_limit_has_no_policy_as_at_google() {
    let limit = decide(tutorial(), 5, serving(5, 0.03)).reason.scaling_limit;
    let expected = json!({ "name": "STABILIZATION_PERIOD", "limitSize": 5 });
    assert_eq!(serde_json::to_value(limit).unwrap(), expected);
}

#[test]
fn without_a_limit_the_field_is_absent() {
    let reason = decide(tutorial(), 2, serving(2, 0.8)).reason;
    assert!(
        serde_json::to_value(reason)
            .unwrap()
            .get("scalingLimit")
            .is_none()
    );
}

#[test]
fn a_reason_of_googles_with_names_that_we_do_not_know_is_read() {
    let reason: AutoscalingReason = serde_json::from_value(json!({
        "summary": "Something new.",
        "scalingSignal": { "name": "PHASE_OF_THE_MOON", "calculatedSize": 3, "novelty": {} },
        "scalingLimit": { "name": "TIDE" },
    }))
    .unwrap();
    assert_eq!(reason.scaling_signal.unwrap().name, "PHASE_OF_THE_MOON");
    assert_eq!(reason.scaling_limit.unwrap().limit_policy, json!(null));
}

#[test]
fn a_decision_survives_json() {
    let decision = decide(tutorial(), 5, serving(5, 0.03));
    let text = serde_json::to_string(&decision).unwrap();
    assert_eq!(serde_json::from_str::<Decision>(&text).unwrap(), decision);
    assert_eq!(
        serde_json::to_value(&decision).unwrap()["hold"]["cause"],
        json!("STABILIZATION")
    );
}

#[test]
fn the_status_of_a_hold_is_one_line() {
    let mut engine = Engine::new(tutorial(), START, 2);
    let peak = START.after(Duration::from_mins(10));
    engine.observe(peak, serving(2, 0.7));
    let _ = engine.decide(peak, 2);
    let now = peak.after(Duration::from_secs(6 * 60 + 20));
    engine.observe(now, serving(3, 0.31));
    assert_eq!(
        engine.decide(now, 3).status_sentence(clock),
        "3 instances, CPU 31 % of a 50 % target. Holding for 4 more minutes: load was higher at \
         14:28."
    );
}

#[test]
fn the_status_of_a_change_is_one_line() {
    assert_eq!(
        decide(tutorial(), 2, serving(2, 0.8)).status_sentence(clock),
        "2 instances, CPU 80 % of a 50 % target. Growing to 4."
    );
    assert_eq!(
        decide(at_once(), 5, serving(5, 0.1)).status_sentence(clock),
        "5 instances, CPU 10 % of a 50 % target. Shrinking to 2."
    );
    assert_eq!(
        decide(tutorial(), 2, serving(2, 0.4)).status_sentence(clock),
        "2 instances, CPU 40 % of a 50 % target."
    );
}

#[test]
fn the_status_can_be_made_of_stored_data() {
    let line = |hold| StatusLine {
        instances: 1,
        cpu: Some(0.4),
        hold,
        ..StatusLine::default()
    };
    assert_eq!(status_sentence(&line(None)), "1 instance, CPU 40 %.");
    let holds = [
        (HoldCause::Stabilization, "load was higher a while ago"),
        (
            HoldCause::ScaleInControl,
            "the scale-in control lets no more go",
        ),
        (
            HoldCause::Initialization,
            "new instances are still initializing",
        ),
        (HoldCause::Settling, "instances have just left"),
        (
            HoldCause::MissingData,
            "there is no data, and silence removes nothing",
        ),
        (
            HoldCause::EmptyGroup,
            "what is measured on instances cannot wake a group without any",
        ),
        (HoldCause::ModeOff, "the mode is OFF, it would be 7"),
        (
            HoldCause::ModeOnlyScaleOut,
            "the mode is ONLY_SCALE_OUT, it would be 7",
        ),
    ];
    for (cause, words) in holds {
        let hold = HoldLine {
            cause,
            remaining: None,
            needed_at: None,
            wanted: 7,
        };
        let expected = format!("1 instance, CPU 40 %. Holding: {words}.");
        assert_eq!(status_sentence(&line(Some(hold))), expected);
    }
}

#[test]
fn what_remains_of_a_hold_is_rounded_up() {
    let spans = [
        (1, "1 more second"),
        (1_000, "1 more second"),
        (59_001, "1 more minute"),
        (59_000, "59 more seconds"),
        (60_000, "1 more minute"),
        (60_001, "2 more minutes"),
        (600_000, "10 more minutes"),
    ];
    for (millis, words) in spans {
        let hold = HoldLine {
            cause: HoldCause::Stabilization,
            remaining: Some(Duration::from_millis(millis)),
            needed_at: Some("14:28"),
            wanted: 2,
        };
        let line = StatusLine {
            instances: 3,
            hold: Some(hold),
            ..StatusLine::default()
        };
        assert_eq!(
            status_sentence(&line),
            format!("3 instances, no CPU reading. Holding for {words}: load was higher at 14:28.")
        );
    }
}
