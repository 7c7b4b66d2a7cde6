//! Laws that hold whatever the load, the policy and the clock.

use std::time::Duration;

use autoscaler::{
    Binding, Engine, FixedOrPercent, Mode, Policy, SATURATION, Sample, ScaleInControl, Step,
    Timestamp, size_for,
};
use proptest::prelude::*;

use crate::group::Group;

/// A valid policy on CPU.
fn policies() -> impl Strategy<Value = Policy> {
    let bounds = (0_u32..10, 0_u32..20).prop_map(|(min, more)| (min, (min + more).max(1)));
    let mode = prop_oneof![Just(Mode::On), Just(Mode::Off), Just(Mode::OnlyScaleOut)];
    let target = 0.05_f64..=1.0;
    let spans = (0_u64..200, prop_oneof![Just(0), 1_u64..3600]);
    let allowed = prop_oneof![
        (0_u32..5).prop_map(FixedOrPercent::Fixed),
        (0_u32..=100).prop_map(FixedOrPercent::Percent),
    ];
    let control = (allowed, 0_u64..2000).prop_map(|(max_scaled_in, seconds)| ScaleInControl {
        max_scaled_in,
        window: Duration::from_secs(seconds),
    });
    (bounds, mode, target, spans, proptest::option::of(control)).prop_map(
        |((min, max), mode, target, (cool_down, stabilization), scale_in)| Policy {
            mode,
            cool_down: Duration::from_secs(cool_down),
            stabilization: Duration::from_secs(stabilization),
            scale_in,
            ..Policy::default_for(min, max, target)
        },
    )
}

/// Samples as a healthy caller and a confused one would give them.
fn samples() -> impl Strategy<Value = Sample> {
    let cpu = proptest::option::of(prop_oneof![
        8 => 0.0_f64..3.0,
        1 => any::<f64>(),
    ]);
    let counts = prop_oneof![
        8 => (0_u32..30, 0_u32..10).prop_map(|(serving, more)| (serving, serving + more)),
        1 => (any::<u32>(), any::<u32>()),
    ];
    (counts, cpu).prop_map(|((serving, size), cpu)| Sample::cpu(serving, size, cpu))
}

/// Steps of the clock in milliseconds, and what was seen after each.
fn recordings() -> impl Strategy<Value = Vec<(i64, Sample)>> {
    proptest::collection::vec((0_i64..200_000, samples()), 1..60)
}

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
        low in 0.0..SATURATION, share in 0.0..1.0,
    ) {
        let high = low + (SATURATION - low) * share * 0.999;
        let recommend = |cpu| {
            let sample = Sample::cpu(serving, serving + newcomers, Some(cpu) );
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
        min in any::<u32>(), max in any::<u32>(), target in any::<f64>(), size in any::<u32>(),
        cool_down in any::<Duration>(), stabilization in any::<Duration>(),
        events in proptest::collection::vec((any::<i64>(), samples(), any::<u32>()), 0..20),
    ) {
        let policy = Policy { cool_down, stabilization, ..Policy::default_for(min, max, target) };
        let mut engine = Engine::new(policy.clone(), Timestamp(0), size);
        for (now, sample, target_size) in events {
            engine.observe(Timestamp(now), sample);
            let decision = engine.decide(Timestamp(now), target_size);
            let _ = decision.status_sentence(|at| at.utc_clock().to_string());
            engine.set_policy(policy.clone(), Timestamp(now));
        }
    }
}

proptest! {
    // Each case simulates an hour, second by second.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_constant_load_never_makes_it_flap(
        policy in policies(), load in 0.0_f64..12.0, size in 1_u32..12, bursts in any::<bool>(),
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
