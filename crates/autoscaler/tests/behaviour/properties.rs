//! Laws that hold whatever the load, the policy and the clock.

use std::time::Duration;

use autoscaler::{
    Binding, Engine, HoldMerger, Mode, Policy, SATURATION, Sample, Step, Timestamp, size_for,
};
use proptest::prelude::*;

use crate::arbitrary::{
    cpu_policies, names, of_schedules, policies, recordings, samples, schedules,
};
use crate::group::Group;

/// A group that somebody emptied by hand has no size to keep.
fn is_emptied(step: &Step) -> bool {
    step.binding == Some(Binding::EmptyGroup)
}

/// Plays a recording to a group that follows.
fn play(policy: &Policy, size: u32, recording: &[(i64, Sample)]) -> Vec<Step> {
    let mut engine = Engine::new(policy.clone(), Timestamp(0), size);
    let mut target_size = size;
    let mut now = 0;
    let mut steps = Vec::with_capacity(recording.len());
    for (wait, sample) in recording {
        now += wait;
        engine.observe(Timestamp(now), *sample);
        let step = engine.step(Timestamp(now), target_size);
        target_size = step.resize_to.unwrap_or(target_size);
        steps.push(step);
    }
    steps
}

proptest! {
    #[test]
    fn a_size_is_always_within_the_bounds(
        policy in policies(), size in 0_u32..40, recording in recordings(),
    ) {
        for step in play(&policy, size, &recording) {
            prop_assert!((policy.min..=policy.max).contains(&step.recommended), "{step:?}");
            prop_assert!(step.resize_to.is_none_or(|size| size == step.recommended));
        }
    }

    #[test]
    fn the_same_input_gives_the_same_output(
        policy in policies(), size in 0_u32..40, recording in recordings(),
    ) {
        // Compared as text, since a sample that is not a number does not equal itself.
        let once = format!("{:?}", play(&policy, size, &recording));
        prop_assert_eq!(once, format!("{:?}", play(&policy, size, &recording)));
    }

    #[test]
    fn the_wish_is_monotone_in_the_load(
        serving in 1_u32..2000, target in 0.01_f64..=1.0, low in 0.0_f64..3.0, more in 0.0_f64..3.0,
    ) {
        prop_assert!(size_for(serving, low, target) <= size_for(serving, low + more, target));
    }

    #[test]
    fn the_recommendation_is_monotone_in_the_load_below_saturation(
        policy in policies(), size in 0_u32..40, serving in 1_u32..40, newcomers in 0_u32..5,
        low in 0.0..SATURATION, share in 0.0..1.0, others in samples(),
    ) {
        let high = low + (SATURATION - low) * share * 0.999;
        let recommend = |cpu: f64| {
            let sample = Sample { cpu: Some(cpu), serving, size: serving + newcomers, ..others };
            play(&policy, size, &[(1000, sample)])[0]
        };
        let (low, high) = (recommend(low), recommend(high));
        prop_assert!(low.recommended <= high.recommended, "{low:?} {high:?}");
        prop_assert!(low.wish <= high.wish);
    }

    #[test]
    fn nothing_shrinks_below_what_the_load_needed_within_the_stabilization_period(
        policy in policies(), size in 0_u32..40, recording in recordings(),
    ) {
        let steps = play(&policy, size, &recording);
        for (index, step) in steps.iter().enumerate().filter(|(_, step)| !is_emptied(step)) {
            let needed = steps[..=index]
                .iter()
                .filter(|past| past.source.is_some())
                .filter(|past| step.at.since(past.at) < policy.stabilization)
                .map(|past| past.demand.min(policy.max))
                .max();
            prop_assert!(needed.is_none_or(|needed| step.recommended >= needed), "{step:?}");
        }
    }

    #[test]
    fn silence_never_shrinks_a_group(
        policy in policies(), size in 0_u32..40, recording in recordings(), seconds in 0_i64..10_000,
    ) {
        let last = *play(&policy, size, &recording).last().unwrap();
        let mut engine = Engine::new(policy.clone(), last.at, last.recommended);
        let mut previous = engine.step(last.at, last.target_size.max(1)).recommended;
        for second in 1..=10 {
            let now = last.at.after(Duration::from_secs(second * seconds.unsigned_abs()));
            engine.observe(now, Sample::cpu(3, 3, None ));
            let step = engine.step(now, 3);
            prop_assert!(step.recommended >= previous);
            previous = step.recommended;
        }
    }

    #[test]
    fn the_scale_in_control_is_never_broken(
        policy in policies(), size in 0_u32..40, recording in recordings(),
    ) {
        let Some(control) = policy.scale_in else { return Ok(()) };
        let steps = play(&policy, size, &recording);
        for (index, step) in steps.iter().enumerate().filter(|(_, step)| !is_emptied(step)) {
            let peak = steps[..index]
                .iter()
                .filter(|past| step.at.since(past.at) < control.window)
                .map(|past| past.recommended)
                .max();
            prop_assert!(peak.is_none_or(|peak| step.recommended >= control.floor_below(peak)));
        }
    }

    #[test]
    fn a_hold_ends_in_the_future_and_keeps_the_group_from_another_size(
        policy in policies(), size in 0_u32..40, recording in recordings(),
    ) {
        for step in play(&policy, size, &recording) {
            let Some(hold) = step.hold else { continue };
            prop_assert!(hold.until.is_none_or(|until| until > step.at), "{step:?}");
            prop_assert!(hold.until.is_none() || hold.wanted < hold.size, "{step:?}");
        }
    }

    #[test]
    fn no_input_makes_it_panic(
        valid in policies(), min in any::<u32>(), max in any::<u32>(), target in any::<f64>(),
        size in any::<u32>(), cool_down in any::<Duration>(), stabilization in any::<Duration>(),
        events in proptest::collection::vec((any::<i64>(), samples(), any::<u32>()), 0..20),
    ) {
        let cpu = Policy::default_for(min, max, target).cpu;
        let policy = Policy { min, max, cpu, cool_down, stabilization, ..valid };
        let mut engine = Engine::new(policy.clone(), Timestamp(0), size);
        let mut holds = HoldMerger::new();
        for (now, sample, target_size) in events {
            let now = Timestamp(now);
            engine.learn(now, target);
            engine.observe(now, sample);
            let decision = engine.decide(now, target_size);
            let _ = decision.status_sentence(|at| at.utc_clock().to_string());
            let ended = holds.take(now, decision.hold);
            let _ = ended.map(|span| span.sentence(|at| at.utc_clock().to_string()));
            engine.set_policy(policy.clone(), now);
        }
    }

    #[test]
    fn the_greatest_minimum_of_all_schedules_wins(
        schedules in proptest::collection::btree_map(names(), schedules(), 1..6),
        minutes in proptest::collection::vec(0_i64..5_000, 1..40),
    ) {
        let mut minutes = minutes;
        minutes.sort_unstable();
        let start = Timestamp(minutes[0] * 60_000);
        let mut together = Engine::new(of_schedules(schedules.clone()), start, 1);
        let mut alone: Vec<Engine> = schedules
            .into_iter()
            .map(|(name, schedule)| Engine::new(of_schedules([(name, schedule)].into()), start, 1))
            .collect();
        for minute in minutes {
            let step = |engine: &mut Engine| {
                engine.observe(Timestamp(minute * 60_000), Sample::cpu(1, 1, Some(0.1)));
                engine.step(Timestamp(minute * 60_000), 1).recommended
            };
            let greatest = alone.iter_mut().map(step).max();
            prop_assert_eq!(Some(step(&mut together)), greatest);
        }
    }

    #[test]
    fn holds_cover_every_decision_that_held_and_never_overlap(
        policy in policies(), size in 0_u32..40, recording in recordings(),
    ) {
        let steps = play(&policy, size, &recording);
        let mut merger = HoldMerger::new();
        let mut spans: Vec<_> = steps
            .iter()
            .filter_map(|step| merger.take(step.at, step.hold))
            .collect();
        spans.extend(steps.last().and_then(|step| merger.finish(step.at)));
        for pair in spans.windows(2) {
            prop_assert!(pair[0].to <= pair[1].from, "{:?}", pair);
        }
        for step in steps.iter().filter(|step| step.hold.is_some()) {
            let covered = spans.iter().any(|span| {
                (span.from..=span.to).contains(&step.at)
                    && Some((span.cause, span.size)) == step.hold.map(|hold| (hold.cause, hold.size))
            });
            prop_assert!(covered, "{:?}", step.hold);
        }
    }
}

proptest! {
    // Each case simulates three days, minute by minute.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_schedule_is_honoured_to_the_minute(
        minute in 0_i64..60, hour in 0_i64..24, seconds in 300_i64..100_000, wanted in 2_u32..50,
        from in 0_i64..10_000,
    ) {
        let schedule = autoscaler::ScalingSchedule {
            min_required: wanted,
            schedule: format!("{minute} {hour} * * *").parse().unwrap(),
            duration: Duration::from_secs(seconds.unsigned_abs()),
            time_zone: "UTC".to_owned(),
            disabled: false,
            description: None,
        };
        let policy = of_schedules([("s".to_owned(), schedule)].into());
        let mut engine = Engine::new(policy, Timestamp(from * 60_000), 1);
        for now in from..from + 3 * 1440 {
            engine.observe(Timestamp(now * 60_000), Sample::cpu(1, 1, Some(0.1)));
            let step = engine.step(Timestamp(now * 60_000), 1);
            let start_of = |days: i64| (now.div_euclid(1440) - days) * 1440 + hour * 60 + minute;
            let is_active = (0..3)
                .map(start_of)
                .any(|start| start <= now && now * 60 < start * 60 + seconds);
            prop_assert_eq!(step.recommended, if is_active { wanted } else { 1 }, "minute {}", now);
        }
    }
}

proptest! {
    // Each case simulates an hour, second by second.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_constant_load_never_makes_it_flap(
        policy in cpu_policies(), load in 0.0_f64..12.0, size in 1_u32..12, bursts in any::<bool>(),
    ) {
        let policy = Policy { mode: Mode::On, ..policy };
        let ceiling = if bursts { f64::INFINITY } else { 1.0 };
        let mut group = Group::new(policy, size).with_ceiling(ceiling);
        group.run(3600, load);
        let falls = group.events.iter().position(|event| event.to < event.from);
        let grows_after = |first: usize| group.events[first..].iter().any(|event| event.to > event.from);
        prop_assert!(!falls.is_some_and(grows_after), "{:?}", group.events);
    }
}
