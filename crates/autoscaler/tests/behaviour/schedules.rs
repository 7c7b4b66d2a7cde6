//! Scaling schedules, honoured to the minute.

use std::time::Duration;

use autoscaler::{
    Engine, HoldCause, OffsetChange, Policy, Sample, ScheduleState, Signal, StatusKind, Timestamp,
    ZoneTable, Zones, validate,
};
use serde_json::{Value, json};

use crate::script::{Script, at};

/// Wednesday 2026-03-25 00:00 UTC.
const WEDNESDAY: i64 = 1_774_396_800;
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn policy(schedules: Value) -> Policy {
    validate(&json!({
        "minNumReplicas": 2, "maxNumReplicas": 10, "stabilizationPeriodSec": 600,
        "cpuUtilization": { "utilizationTarget": 0.5 },
        "scalingSchedules": schedules,
    }))
    .unwrap()
}

fn schedule(min: u32, cron: &str, duration_s: i64) -> Value {
    json!({ "minRequiredReplicas": min, "schedule": cron, "durationSec": duration_s })
}

fn in_berlin(mut schedule: Value) -> Value {
    schedule["timeZone"] = json!("Europe/Berlin");
    schedule
}

/// The European summer of 2026 begins at 02:00 on 29 March and ends at 03:00 on 25 October.
fn berlin() -> Zones {
    let change = |at: i64, offset_s| OffsetChange {
        at: Timestamp(at * 1000),
        offset_s,
    };
    let changes = [change(1_774_746_000, 7200), change(1_792_890_000, 3600)];
    [("Europe/Berlin".to_owned(), ZoneTable::new(3600, changes))]
        .into_iter()
        .collect()
}

/// The minutes at which the recommendation changes, and to what, with an idle group and no
/// stabilization.
fn changes(mut policy: Policy, from: i64, seconds: i64) -> Vec<(i64, u32)> {
    policy.stabilization = Duration::ZERO;
    let mut engine = Engine::new(policy, at(from), 2).with_zones(berlin());
    let mut changes = Vec::new();
    for second in (from..from + seconds).step_by(60) {
        engine.observe(at(second), Sample::cpu(2, 2, Some(0.1)));
        let step = engine.step(at(second), 2);
        if step.recommended != step.previous {
            changes.push(((second - from) / 60, step.recommended));
        }
    }
    changes
}

#[test]
fn a_schedule_raises_the_group_at_its_minute_and_ends_to_the_minute() {
    let policy = policy(json!({ "noon": schedule(5, "0 12 * * *", 3600) }));
    assert_eq!(
        changes(policy, WEDNESDAY, 2 * DAY),
        [(720, 5), (780, 2), (2160, 5), (2220, 2)]
    );
}

#[test]
fn a_new_schedule_that_covers_now_is_active_at_once() {
    // The documented example: created at 3 pm, it starts at 2 pm for 3 hours, and runs until 5 pm.
    let policy = policy(json!({ "afternoon": schedule(5, "0 14 * * *", 3 * HOUR) }));
    let from = WEDNESDAY + 15 * HOUR;
    assert_eq!(changes(policy, from, 12 * HOUR), [(0, 5), (120, 2)]);
}

#[test]
fn the_greatest_minimum_of_several_wins_and_is_kept_within_the_bounds() {
    let policy = policy(json!({
        "a": schedule(5, "0 12 * * *", 3 * HOUR),
        "b": schedule(30, "0 13 * * *", HOUR),
        "c": schedule(1, "0 0 * * *", DAY),
    }));
    assert_eq!(
        changes(policy.clone(), WEDNESDAY, DAY),
        [(720, 5), (780, 10), (840, 5), (900, 2)]
    );
    let decision = Script::new(policy, 2).told(1, Sample::cpu(2, 2, Some(0.3)));
    let kinds: Vec<_> = decision.status.iter().map(|detail| detail.kind).collect();
    assert_eq!(
        kinds,
        [
            StatusKind::ScheduledInstancesGreaterThanAutoscalerMax,
            StatusKind::ScheduledInstancesLessThanAutoscalerMin,
        ]
    );
}

#[test]
fn a_disabled_schedule_asks_for_nothing() {
    let mut noon = schedule(5, "0 12 * * *", 3600);
    noon["disabled"] = json!(true);
    assert_eq!(changes(policy(json!({ "noon": noon })), WEDNESDAY, DAY), []);
}

#[test]
fn a_start_while_a_schedule_is_active_prolongs_it() {
    let policy = policy(json!({ "often": schedule(5, "0,20 12 * * *", 1800) }));
    assert_eq!(changes(policy, WEDNESDAY, DAY), [(720, 5), (770, 2)]);
}

#[test]
fn a_start_in_the_hour_that_is_skipped_comes_an_hour_later() {
    // 02:30 does not exist on 29 March in Berlin: it starts at 03:30 there, which is 01:30 UTC.
    let policy = policy(json!({ "night": in_berlin(schedule(5, "30 2 29 3 * 2026", 3600)) }));
    let saturday = WEDNESDAY + 3 * DAY;
    assert_eq!(
        changes(policy, saturday, 2 * DAY),
        [(24 * 60 + 90, 5), (24 * 60 + 150, 2)]
    );
}

#[test]
fn the_hour_that_is_repeated_starts_nothing_twice_and_the_duration_is_kept() {
    // 02:30 comes twice on 25 October in Berlin, first at 00:30 UTC.
    let policy = policy(json!({ "night": in_berlin(schedule(5, "30 2 25 10 *", 1800)) }));
    let midnight = 1_792_886_400;
    assert_eq!(changes(policy, midnight, DAY), [(30, 5), (60, 2)]);
    let every_hour = in_berlin(schedule(5, "0 * * * *", 300));
    let starts: Vec<i64> = changes(
        self::policy(json!({ "hourly": every_hour })),
        midnight,
        4 * HOUR,
    )
    .into_iter()
    .filter(|(_, size)| *size == 5)
    .map(|(minute, _)| minute)
    .collect();
    assert_eq!(
        starts,
        [0, 120, 180],
        "02:00 again at 01:00 UTC starts nothing"
    );
}

#[test]
fn a_schedule_across_a_change_of_the_clock_keeps_its_full_duration() {
    let policy = policy(json!({ "night": in_berlin(schedule(5, "0 1 29 3 *", 3 * HOUR)) }));
    let midnight = WEDNESDAY + 4 * DAY;
    assert_eq!(changes(policy, midnight, DAY), [(0, 5), (180, 2)]);
}

#[test]
fn the_end_of_a_schedule_waits_for_the_stabilization_period() {
    let policy = policy(json!({ "start": schedule(5, "0 0 1 1 *", 300) }));
    let mut script = Script::new(policy, 2);
    let decision = script.steady(1, 0.1);
    assert_eq!(decision.recommended, 5);
    assert_eq!(decision.source, Some(Signal::Schedule(0)));
    assert_eq!(decision.hold, None);
    assert_eq!(
        decision.reason.summary,
        "Grow from 2 to 5: the schedule start asks for 5."
    );
    let decision = script.steady(300, 0.1);
    assert_eq!(decision.recommended, 5);
    let hold = decision.hold.unwrap();
    assert_eq!((hold.cause, hold.wanted), (HoldCause::Stabilization, 2));
    assert_eq!(hold.until, Some(at(899)), "the last second of it was 299");
    assert_eq!(script.steady(598, 0.1).recommended, 2);
}

#[test]
fn a_schedule_has_googles_shape_in_a_reason() {
    let policy = policy(json!({ "start": schedule(5, "0 0 1 1 *", 300) }));
    let decision = Script::new(policy, 2).steady(1, 0.1);
    assert_eq!(
        serde_json::to_value(decision.reason.scaling_signal).unwrap(),
        json!({
            "name": "SCALING_SCHEDULE",
            "calculatedSize": 5,
            "calculationDetails": { "servingSize": 2 },
            "signalPolicy": { "scalingSchedules": { "start": {
                "minRequiredReplicas": 5, "schedule": "0 0 1 1 *", "durationSec": 300,
                "timeZone": "UTC", "disabled": false,
            } } },
        })
    );
}

#[test]
fn the_load_above_a_schedule_leads() {
    let policy = policy(json!({ "start": schedule(5, "0 0 1 1 *", 300) }));
    let decision = Script::new(policy, 4).steady(1, 0.9);
    assert_eq!(
        (decision.recommended, decision.source),
        (8, Some(Signal::Cpu))
    );
}

#[test]
fn a_schedule_is_honoured_without_data_and_wakes_an_empty_group() {
    let mut policy = policy(json!({ "start": schedule(5, "0 0 1 1 *", 300) }));
    assert_eq!(Script::new(policy.clone(), 2).silent(1).recommended, 5);
    policy.min = 0;
    let mut empty = Script::new(policy, 0);
    let decision = empty.silent(1);
    assert_eq!((decision.recommended, decision.resize_to), (5, Some(5)));
}

#[test]
fn a_schedule_that_asks_for_none_says_nothing() {
    let mut policy = policy(json!({ "none": schedule(0, "0 0 * * *", DAY) }));
    policy.min = 0;
    let decision = Script::new(policy.clone(), 3).silent(1);
    assert_eq!((decision.recommended, decision.source), (3, None));
    assert_eq!(decision.hold.unwrap().wanted, 3, "nobody knows better");
    let decision = Script::new(policy, 0).silent(1);
    assert_eq!(decision.hold.unwrap().cause, HoldCause::EmptyGroup);
}

#[test]
fn a_schedule_keeps_a_group_from_zero_and_lets_it_go_after() {
    let queue = json!({
        "metric": "custom.googleapis.com/queue", "filter": "resource.type = \"global\"",
        "singleInstanceAssignment": 5,
    });
    let policy = validate(&json!({
        "minNumReplicas": 0, "maxNumReplicas": 10, "stabilizationPeriodSec": 0,
        "customMetricUtilizations": [queue],
        "scalingSchedules": { "start": schedule(1, "0 0 1 1 *", 300) },
    }))
    .unwrap();
    let mut script = Script::new(policy, 3);
    let mut sample = Sample::cpu(3, 3, None);
    sample.metrics[0] = Some(0.0).into();
    assert_eq!(script.told(299, sample).recommended, 1);
    assert_eq!(script.told(1, sample).recommended, 0);
}

#[test]
fn the_states_of_schedules_are_googles() {
    let mut off = schedule(5, "0 12 * * *", 3600);
    off["disabled"] = json!(true);
    let policy = policy(json!({
        "a-on": schedule(5, "0 0 * * *", 3600),
        "b-later": schedule(5, "0 12 * * *", 3600),
        "c-off": off,
        "d-over": schedule(5, "0 12 * * * 2025", 3600),
    }));
    let now = at(WEDNESDAY + 30 * MINUTE);
    let mut engine = Engine::new(policy, now, 2);
    engine.observe(now, Sample::cpu(2, 2, Some(0.1)));
    let states: Vec<_> = engine
        .schedules()
        .map(|(name, status)| {
            (
                name.to_owned(),
                status.state,
                status.last_start,
                status.next_start,
            )
        })
        .collect();
    let midnight = Some(at(WEDNESDAY));
    assert_eq!(
        states,
        [
            (
                "a-on".to_owned(),
                ScheduleState::Active,
                midnight,
                Some(at(WEDNESDAY + DAY))
            ),
            (
                "b-later".to_owned(),
                ScheduleState::Ready,
                None,
                Some(at(WEDNESDAY + 12 * HOUR))
            ),
            ("c-off".to_owned(), ScheduleState::Disabled, None, None),
            ("d-over".to_owned(), ScheduleState::Obsolete, None, None),
        ]
    );
    let _ = engine.step(at(WEDNESDAY + 14 * HOUR), 2);
    let (_, later) = engine.schedules().nth(1).unwrap();
    assert_eq!(later.state, ScheduleState::Ready);
    let names: Vec<&str> = states
        .iter()
        .map(|(_, state, _, _)| state.as_str())
        .collect();
    assert_eq!(names, ["ACTIVE", "READY", "DISABLED", "OBSOLETE"]);
}

#[test]
fn a_schedule_in_an_unknown_zone_is_named() {
    let policy = policy(json!({ "s": in_berlin(schedule(5, "* * * * *", 300)) }));
    let decision = Script::new(policy, 2).steady(1, 0.3);
    assert_eq!(decision.recommended, 2);
    assert_eq!(
        decision.status[0].message,
        "The schedule s is in the time zone Europe/Berlin, which is not known here; it asks for \
         nothing."
    );
}

#[test]
fn a_clock_that_steps_back_is_believed() {
    let policy = policy(json!({ "noon": schedule(5, "0 12 * * *", 3600) }));
    let mut engine = Engine::new(policy, at(WEDNESDAY), 2);
    assert_eq!(engine.step(at(WEDNESDAY + 13 * HOUR - 1), 2).demand, 5);
    assert_eq!(engine.step(at(WEDNESDAY + 11 * HOUR), 2).source, None);
    assert_eq!(engine.step(at(WEDNESDAY + 12 * HOUR), 2).demand, 5);
}
