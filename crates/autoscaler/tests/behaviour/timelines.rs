//! Stories of a group, told second by second.
use std::time::Duration;

use autoscaler::{FixedOrPercent, HoldCause, Mode, Policy, Sample, ScaleInControl, StatusKind};

use crate::group::Group;
use crate::script::{Script, at};

fn tutorial() -> Policy {
    Policy::default_for(2, 6, 0.5)
}

fn sizes(group: &Group) -> Vec<(i64, u32, u32)> {
    group
        .events
        .iter()
        .map(|event| (event.second, event.from, event.to))
        .collect()
}

#[test]
fn the_tutorial_grows_under_load_and_returns_to_two_after_stabilization() {
    let mut group = Group::new(tutorial(), 2);
    group.run(60, 0.04);
    assert_eq!(sizes(&group), [], "an idle group stays");

    group.run(300, 2.2);
    let peak = group.size();
    assert_eq!(peak, 5, "2.2 instances' worth of load at half use each");
    let last_growth = group.events.last().unwrap().clone();
    assert!(group.events.iter().all(|event| event.to > event.from));
    assert!(
        last_growth.summary.starts_with("Grow from"),
        "{}",
        last_growth.summary
    );

    let decision = group.run(400, 0.04);
    assert_eq!(
        group.size(),
        peak,
        "the peak is still inside the stabilization period"
    );
    let hold = decision.hold.unwrap();
    assert_eq!((hold.cause, hold.wanted), (HoldCause::Stabilization, 2));

    group.run(300, 0.04);
    assert_eq!(group.size(), 2, "{:?}", sizes(&group));
    // The smoothed reading fell over a minute, and the recommendation falls as slowly after it.
    let first_fall = group
        .events
        .iter()
        .find(|event| event.to < event.from)
        .unwrap();
    assert_eq!(first_fall.second, hold.until.unwrap().0 / 1000);
    assert!(
        first_fall.summary.starts_with("Shrink from 5 to 4"),
        "{}",
        first_fall.summary
    );
}

#[test]
fn a_full_group_grows_by_half_at_a_time_and_waits_for_the_newcomers() {
    let mut group = Group::new(Policy::default_for(2, 20, 0.5), 2).with_ceiling(1.0);
    group.run(600, 6.0);
    let steps: Vec<(u32, u32)> = group
        .events
        .iter()
        .map(|event| (event.from, event.to))
        .collect();
    assert_eq!(steps[..4], [(2, 3), (3, 4), (4, 6), (6, 9)]);
    assert_eq!(group.size(), 12);
    for pair in group.events.windows(2).take(3) {
        let apart = pair[1].second - pair[0].second;
        assert!(
            apart >= 70,
            "boot and initialization lie between two steps, not {apart} s"
        );
    }
    assert!(
        group.events[0].summary.contains("adds half at most"),
        "{}",
        group.events[0].summary
    );
}

#[test]
fn newcomers_that_take_load_early_are_not_sent_away_again() {
    // Without stabilization nothing but the rule about newcomers keeps the group at four: the two
    // old ones alone are at 0.4, which two instances could carry.
    let policy = Policy {
        stabilization: Duration::ZERO,
        ..Policy::default_for(1, 10, 0.5)
    };
    let mut group = Group::new(policy, 2);
    group.run(400, 1.6);
    assert_eq!(group.size(), 4);
    assert!(
        group.events.iter().all(|event| event.to > event.from),
        "{:?}",
        sizes(&group)
    );
}

#[test]
fn newcomers_are_not_removed_while_they_initialize() {
    let policy = Policy {
        stabilization: Duration::ZERO,
        ..Policy::default_for(1, 10, 0.5)
    };
    let mut script = Script::new(policy, 5);
    let decision = script.told(1, Sample::cpu(2, 5, Some(0.0)));
    assert_eq!(decision.recommended, 3);
    assert_eq!(decision.hold.unwrap().cause, HoldCause::Initialization);
    assert_eq!(
        decision.reason.scaling_limit.unwrap().name,
        "INITIALIZATION_PERIOD"
    );
}

#[test]
fn with_no_stabilization_the_group_follows_at_once() {
    let policy = Policy {
        stabilization: Duration::ZERO,
        ..tutorial()
    };
    let mut script = Script::new(policy, 5);
    assert_eq!(script.steady(1, 0.05).resize_to, Some(2));
}

#[test]
fn the_peak_of_the_stabilization_period_is_kept_and_its_end_is_known() {
    let mut script = Script::new(tutorial(), 2);
    script.steady(700, 0.3);
    script.steady(1, 0.9);
    let decision = script.steady(10, 0.1);
    assert_eq!(decision.recommended, 4);
    let hold = decision.hold.unwrap();
    assert_eq!(hold.needed_at, Some(at(701)));
    assert_eq!(hold.until, Some(at(1301)));
    assert_eq!(script.steady(1300 - 711, 0.1).recommended, 4);
    assert_eq!(script.steady(1, 0.1).recommended, 2);
}

#[test]
fn all_the_surplus_goes_in_one_step() {
    let mut script = Script::new(Policy::default_for(1, 10, 0.5), 10);
    let decision = script.steady(599, 0.01);
    assert_eq!(decision.recommended, 10);
    assert_eq!(script.steady(1, 0.01).recommended, 1);
}

#[test]
fn a_first_enable_starts_from_the_current_size_and_waits_out_the_stabilization() {
    let mut script = Script::new(tutorial(), 5);
    let decision = script.steady(1, 0.01);
    assert_eq!(
        (decision.recommended, decision.hold.unwrap().until),
        (5, Some(at(600)))
    );
}

#[test]
fn a_first_enable_outside_the_bounds_moves_to_them_at_once() {
    let decision = Script::new(tutorial(), 9).steady(1, 0.01);
    assert_eq!((decision.previous, decision.recommended), (9, 6));
    assert_eq!(decision.reason.scaling_limit.unwrap().name, "MAX_INSTANCES");
    let decision = Script::new(tutorial(), 0).silent(1);
    assert_eq!((decision.previous, decision.recommended), (0, 2));
    assert_eq!(decision.reason.scaling_limit.unwrap().name, "MIN_INSTANCES");
}

#[test]
fn a_gap_in_the_data_never_shrinks_the_group_however_long() {
    let mut script = Script::new(tutorial(), 5);
    let decision = script.silent(7200);
    assert_eq!(decision.recommended, 5);
    assert_eq!(decision.hold.unwrap().cause, HoldCause::MissingData);
    assert_eq!(decision.status[0].kind, StatusKind::Unknown);
    // The load of the gap is unknown, so the period starts over when the data returns.
    assert_eq!(script.steady(599, 0.01).recommended, 5);
    assert_eq!(script.steady(1, 0.01).recommended, 2);
}

#[test]
fn a_sample_that_nobody_renews_goes_stale() {
    let mut script = Script::new(tutorial(), 5);
    script.steady(1, 0.01);
    let later = script.engine.decide(at(10_000), 5);
    assert_eq!(later.recommended, 5);
    assert_eq!(later.hold.unwrap().cause, HoldCause::MissingData);
    assert!(later.source.is_none());
    assert!(later.reason.scaling_signal.is_none());
}

#[test]
fn numbers_that_are_no_utilization_count_as_missing() {
    for cpu in [f64::NAN, f64::INFINITY, -0.1] {
        let decision = Script::new(tutorial(), 3).steady(700, cpu);
        assert_eq!(decision.recommended, 3, "{cpu}");
    }
}

#[test]
fn mode_off_recommends_and_leaves_the_group_alone() {
    let mut script = Script::new(
        Policy {
            mode: Mode::Off,
            ..tutorial()
        },
        2,
    );
    let decision = script.steady(5, 0.8);
    assert_eq!((decision.recommended, decision.resize_to), (4, None));
    let hold = decision.hold.unwrap();
    assert_eq!(
        (hold.cause, hold.size, hold.wanted),
        (HoldCause::ModeOff, 2, 4)
    );
    assert_eq!(decision.status[0].kind, StatusKind::ModeOff);
    // Turned on, the last value applies at once.
    script.change(|policy| policy.mode = Mode::On);
    assert_eq!(script.engine.decide(at(5), 2).resize_to, Some(4));
}

#[test]
fn mode_only_scale_out_grows_and_never_shrinks() {
    let mode = Mode::OnlyScaleOut;
    let mut script = Script::new(Policy { mode, ..tutorial() }, 2);
    assert_eq!(script.steady(1, 0.8).resize_to, Some(4));
    let decision = script.steady(1000, 0.1);
    assert_eq!((decision.recommended, decision.resize_to), (2, None));
    assert_eq!(decision.hold.unwrap().cause, HoldCause::ModeOnlyScaleOut);
    assert_eq!(decision.status[0].kind, StatusKind::ModeOnlyScaleOut);
}

#[test]
fn a_raised_minimum_applies_at_once_and_a_lowered_one_too() {
    let mut script = Script::new(tutorial(), 2);
    script.steady(700, 0.02);
    script.change(|policy| policy.min = 3);
    let decision = script.steady(1, 0.02);
    assert_eq!((decision.previous, decision.resize_to), (2, Some(3)));
    assert_eq!(decision.reason.scaling_limit.unwrap().name, "MIN_INSTANCES");
    assert!(decision.hold.is_none());
    script.change(|policy| policy.min = 2);
    assert_eq!(
        script.steady(1, 0.02).resize_to,
        Some(2),
        "a minimum is no load to remember"
    );
}

#[test]
fn a_lowered_maximum_cuts_at_once_and_a_raised_one_brings_no_old_peak_back() {
    let mut script = Script::new(tutorial(), 4);
    assert_eq!(script.steady(1, 0.9).recommended, 6);
    script.change(|policy| policy.max = 3);
    assert_eq!(script.steady(1, 0.1).recommended, 3);
    script.change(|policy| policy.max = 10);
    assert_eq!(
        script.steady(1, 0.1).recommended,
        6,
        "six was the most that was ever recommended"
    );
}

#[test]
fn a_lower_target_grows_the_group_at_once_and_a_higher_one_waits() {
    let mut script = Script::new(tutorial(), 4);
    script.steady(700, 0.49);
    script.change(|policy| *policy = Policy::default_for(2, 6, 0.4));
    assert_eq!(script.engine.decide(at(700), 4).recommended, 5);
    script.change(|policy| *policy = Policy::default_for(2, 6, 0.9));
    let decision = script.engine.decide(at(700), 4);
    assert_eq!(decision.recommended, 4);
    assert_eq!(decision.hold.unwrap().wanted, 3);
}

#[test]
fn a_shorter_stabilization_period_takes_effect_at_once() {
    let mut script = Script::new(tutorial(), 5);
    script.steady(120, 0.01);
    script.change(|policy| policy.stabilization = Duration::from_mins(1));
    assert_eq!(script.steady(1, 0.01).recommended, 2);
}

#[test]
fn scale_in_control_lets_only_so_many_go_from_the_peak_of_its_window() {
    // The documented example: a peak of 70 in 30 minutes and 20 allowed leave 50; at 65 only 15 go.
    let control = ScaleInControl {
        max_scaled_in: FixedOrPercent::Fixed(20),
        window: Duration::from_mins(30),
    };
    let policy = Policy {
        scale_in: Some(control),
        stabilization: Duration::ZERO,
        ..Policy::default_for(1, 100, 0.5)
    };
    let mut script = Script::new(policy, 70);
    assert_eq!(script.steady(1, 0.5).recommended, 70);
    assert_eq!(script.steady(1, 0.463).recommended, 65);
    assert_eq!(script.steady(61, 0.5).recommended, 65);
    let decision = script.steady(1, 0.01);
    assert_eq!(decision.recommended, 50);
    let hold = decision.hold.unwrap();
    assert_eq!(hold.cause, HoldCause::ScaleInControl);
    assert_eq!((hold.needed_at, hold.until), (Some(at(1)), Some(at(1801))));
    assert_eq!(script.steady(1800 - 64, 0.01).recommended, 50);
    assert_eq!(script.steady(1, 0.01).recommended, 45, "now 65 is the peak");
    assert_eq!(script.steady(61, 0.01).recommended, 45);
    assert_eq!(script.steady(1, 0.01).recommended, 30, "and now 50");
}

#[test]
fn after_a_removal_the_reading_settles_before_the_next() {
    let policy = Policy {
        stabilization: Duration::ZERO,
        ..Policy::default_for(1, 10, 0.5)
    };
    let mut script = Script::new(policy, 8);
    assert_eq!(script.steady(1, 0.4).recommended, 7);
    let decision = script.steady(60, 0.4);
    assert_eq!(decision.recommended, 7);
    assert_eq!(decision.hold.unwrap().cause, HoldCause::Settling);
    assert!(decision.reason.summary.contains("Instances have just left"));
    assert_eq!(script.steady(1, 0.4).recommended, 6);
    assert_eq!(script.steady(1, 0.9).recommended, 10, "growth never waits");
}

#[test]
fn a_percentage_is_rounded_down_and_still_lets_a_small_group_shrink() {
    let floors = [
        (10, 70, 63),
        (10, 4, 3),
        (0, 4, 4),
        (100, 4, 0),
        (15, 10, 9),
    ];
    for (percent, peak, floor) in floors {
        let max_scaled_in = FixedOrPercent::Percent(percent);
        let control = ScaleInControl {
            max_scaled_in,
            window: Duration::from_mins(1),
        };
        assert_eq!(control.floor_below(peak), floor, "{percent} % of {peak}");
    }
}

#[test]
fn a_control_that_is_added_later_starts_from_the_present_size() {
    let mut script = Script::new(tutorial(), 6);
    script.steady(599, 0.01);
    script.change(|policy| {
        policy.scale_in = Some(ScaleInControl {
            max_scaled_in: FixedOrPercent::Fixed(1),
            window: Duration::from_hours(1),
        });
    });
    assert_eq!(script.steady(100, 0.01).recommended, 5);
}

#[test]
fn cpu_never_lets_a_group_go_to_zero() {
    let mut script = Script::new(Policy::default_for(0, 6, 0.5), 3);
    assert_eq!(script.steady(5000, 0.0).recommended, 1);
}

#[test]
fn cpu_never_wakes_an_empty_group() {
    let mut script = Script::new(Policy::default_for(0, 6, 0.5), 0);
    let decision = script.silent(5000);
    assert_eq!((decision.recommended, decision.resize_to), (0, None));
    assert_eq!(decision.hold.unwrap().cause, HoldCause::EmptyGroup);
    script.change(|policy| policy.min = 1);
    assert_eq!(script.silent(1).resize_to, Some(1));
}

#[test]
fn a_group_that_was_emptied_by_hand_with_the_mode_off_stays_empty() {
    let policy = Policy {
        mode: Mode::Off,
        ..Policy::default_for(0, 6, 0.5)
    };
    let mut script = Script::new(policy, 2);
    script.steady(5, 0.4);
    script.target_size = 0;
    assert_eq!(script.silent(1).recommended, 0);
}

#[test]
fn instances_deleted_by_hand_come_back_at_the_next_decision() {
    let mut script = Script::new(Policy::default_for(0, 6, 0.5), 3);
    script.steady(5, 0.5);
    assert_eq!(script.engine.decide(at(5), 0).resize_to, Some(3));
}

#[test]
fn a_group_that_only_starts_is_not_called_unhealthy_and_one_that_never_serves_is() {
    let mut script = Script::new(tutorial(), 2);
    let starting = Sample::cpu(0, 2, None);
    assert_eq!(script.told(120, starting).status, []);
    let decision = script.told(10, starting);
    assert_eq!(decision.status[0].kind, StatusKind::AllInstancesUnhealthy);
    assert_eq!(script.steady(1, 0.3).status, []);
}

#[test]
fn the_load_above_the_maximum_is_reported_as_capped() {
    let decision = Script::new(tutorial(), 6).steady(1, 0.9);
    assert_eq!(decision.recommended, 6);
    assert_eq!(decision.status[0].kind, StatusKind::CappedAtMaxNumReplicas);
    assert_eq!(decision.reason.scaling_limit.unwrap().limit_size, 6);
}

#[test]
fn equal_bounds_are_reported() {
    let decision = Script::new(Policy::default_for(3, 3, 0.5), 3).steady(1, 0.9);
    let kinds: Vec<_> = decision
        .status
        .iter()
        .map(|detail| detail.kind.as_str())
        .collect();
    assert_eq!(kinds, ["CAPPED_AT_MAX_NUM_REPLICAS", "MIN_EQUALS_MAX"]);
}

#[test]
fn the_worked_example_of_the_readme_is_true() {
    let mut script = Script::new(tutorial(), 2);
    let mut row = |until: i64, serving: u32, size: u32, cpu: f64| {
        let seconds = until - script.second;
        let decision = script.told(seconds, Sample::cpu(serving, size, Some(cpu)));
        (decision.wish, decision.recommended)
    };
    assert_eq!(row(59, 2, 2, 0.02), (1, 2));
    assert_eq!(row(60, 2, 2, 0.80), (4, 4));
    assert_eq!(row(90, 2, 4, 0.60), (3, 4));
    assert_eq!(row(130, 4, 4, 0.40), (4, 4));
    assert_eq!(row(180, 4, 4, 0.97), (8, 6));
    assert_eq!(row(300, 6, 6, 0.49), (6, 6));
    assert_eq!(row(359, 6, 6, 0.49), (6, 6));
    assert_eq!(row(360, 6, 6, 0.02), (1, 6));
    assert_eq!(row(958, 6, 6, 0.02), (1, 6));
    assert_eq!(row(960, 6, 6, 0.02), (1, 2));
}
