//! Growth ahead of a daily pattern.

use std::time::Duration;

use autoscaler::{Decision, Engine, Policy, PredictiveMethod, Sample, Signal, Timestamp};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60;

fn policy(method: PredictiveMethod) -> Policy {
    let mut policy = Policy {
        cool_down: Duration::from_mins(10),
        ..Policy::default_for(1, 20, 0.5)
    };
    if let Some(cpu) = &mut policy.cpu {
        cpu.predictive = method;
    }
    policy
}

/// One instance's worth of work at night, and four from 8 to 18 o'clock.
fn demand(minute: i64) -> f64 {
    let hour = minute.rem_euclid(DAY) / 60;
    if (8..18).contains(&hour) { 4.0 } else { 1.0 }
}

/// Runs days minute by minute, with instances that serve at once; the decisions of the last day.
fn last_day(policy: Policy, days: i64) -> Vec<Decision> {
    let mut engine = Engine::new(policy, Timestamp(0), 2);
    let mut size = 2;
    let mut decisions = Vec::new();
    for minute in 0..days * DAY {
        let now = Timestamp(minute * MINUTE);
        let cpu = Some(demand(minute) / f64::from(size));
        engine.observe(now, Sample::cpu(size, size, cpu));
        let decision = engine.decide(now, size);
        size = decision.resize_to.unwrap_or(size);
        decisions.push(decision);
    }
    decisions.split_off(((days - 1) * DAY) as usize)
}

fn size_at(decisions: &[Decision], hour: usize, minute: usize) -> u32 {
    decisions[hour * 60 + minute].recommended
}

#[test]
fn the_group_has_grown_when_the_morning_comes() {
    let day = last_day(policy(PredictiveMethod::OptimizeAvailability), 5);
    assert_eq!(size_at(&day, 6, 0), 2, "the night is left alone");
    assert!(size_at(&day, 7, 55) >= 7, "{}", size_at(&day, 7, 55));
    let early = &day[7 * 60 + 55];
    assert_eq!(early.source, Some(Signal::PredictedCpu));
    let summary = &early.reason.summary;
    assert!(
        summary.contains("by the pattern of the last weeks, CPU of"),
        "{summary}"
    );
    let signal = early.reason.scaling_signal.clone().unwrap();
    assert_eq!(signal.name, "PREDICTED_CPU_UTILIZATION");
    let reactive = last_day(policy(PredictiveMethod::None), 5);
    assert_eq!(
        size_at(&reactive, 7, 59),
        2,
        "without prediction it has not"
    );
}

#[test]
fn the_size_is_never_below_what_the_load_of_now_asks_for() {
    for decision in last_day(policy(PredictiveMethod::OptimizeAvailability), 5) {
        let reactive = decision.signal(Signal::Cpu).unwrap().demand.unwrap();
        assert!(decision.recommended >= reactive.min(20));
    }
}

#[test]
fn two_days_are_too_few() {
    let day = last_day(policy(PredictiveMethod::OptimizeAvailability), 3);
    assert!(
        day.iter()
            .all(|decision| decision.signal(Signal::PredictedCpu).is_none())
    );
}

#[test]
fn history_can_be_told_at_the_start() {
    let start = Timestamp(4 * DAY * MINUTE + (7 * 60 + 55) * MINUTE);
    let mut engine = Engine::new(policy(PredictiveMethod::OptimizeAvailability), start, 2);
    for minute in 0..start.0 / MINUTE {
        engine.learn(Timestamp(minute * MINUTE), demand(minute));
    }
    engine.observe(start, Sample::cpu(2, 2, Some(0.4)));
    let step = engine.step(start, 2);
    assert_eq!(step.source, Some(Signal::PredictedCpu));
    assert!(step.recommended >= 7, "{}", step.recommended);
}

#[test]
fn prediction_wakes_no_empty_group() {
    let mut policy = policy(PredictiveMethod::OptimizeAvailability);
    policy.min = 0;
    let start = Timestamp(4 * DAY * MINUTE);
    let mut engine = Engine::new(policy, start, 0);
    for minute in 0..start.0 / MINUTE {
        engine.learn(Timestamp(minute * MINUTE), demand(minute));
    }
    engine.observe(start, Sample::default());
    assert_eq!(engine.step(start, 0).recommended, 0);
}
