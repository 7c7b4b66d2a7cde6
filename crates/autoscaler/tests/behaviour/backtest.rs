//! What a policy would have done.

use std::time::Duration;

use autoscaler::backtest::{
    Comparison, Fidelity, Frontier, Generator, Model, Report, Shape, Sweep, Totals, Trace,
    backtest, compare, totals,
};
use autoscaler::{Mode, Policy, Timestamp, ZoneTable, validate};
use proptest::prelude::*;
use serde_json::json;

use crate::group::Group;
use crate::recording::record;

const DAY: u32 = 24 * 60;

fn generated(shape: Shape, minutes: u32, noise: f64, seed: u64) -> Trace {
    let generator = Generator {
        shape,
        minutes,
        noise,
        seed,
    };
    generator.trace(Timestamp(1_795_478_400_000))
}

fn shapes() -> impl Strategy<Value = Shape> {
    let bounds = (0.0_f64..4.0, 0.0_f64..12.0);
    (0_usize..4, bounds, 0_u32..400).prop_map(|(kind, (low, more), at_minute)| {
        let high = low + more;
        match kind {
            0 => Shape::Weekly { low, high },
            1 => Shape::FlashCrowd {
                low,
                high,
                at_minute,
            },
            2 => Shape::Step {
                low,
                high,
                at_minute,
            },
            _ => Shape::Ramp { low, high },
        }
    })
}

fn traces() -> impl Strategy<Value = Trace> {
    (shapes(), 10_u32..600, 0.0_f64..0.5, any::<u64>())
        .prop_map(|(shape, minutes, noise, seed)| generated(shape, minutes, noise, seed))
}

fn policies() -> impl Strategy<Value = Policy> {
    let spans = (0_u64..200, 0_u64..2000);
    (1_u32..6, 0_u32..12, 0.2_f64..=1.0, spans).prop_map(
        |(min, more, target, (cool_down, stable))| Policy {
            cool_down: Duration::from_secs(cool_down),
            stabilization: Duration::from_secs(stable),
            ..Policy::default_for(min, min + more, target)
        },
    )
}

/// Instances that carry load the moment they are ordered.
fn instant() -> Model {
    Model {
        boot_s: 0,
        initialization_s: 0,
        ..Model::default()
    }
}

/// Instances that carry load as soon as they have booted.
fn priced() -> Model {
    Model {
        initialization_s: 0,
        ..Model::of_machine_type("e2-medium")
    }
}

#[test]
fn a_step_of_load_is_followed_as_a_person_would_reckon_it() {
    let trace = generated(
        Shape::Step {
            low: 0.6,
            high: 2.2,
            at_minute: 20,
        },
        60,
        0.0,
        0,
    );
    let policy = Policy::default_for(2, 6, 0.5);
    let report = backtest(&policy, &trace, &priced());
    // 2.2 instances' worth at 50 % need 5; two full ones may only become three at first.
    assert_eq!(report.size[..21], [2; 21]);
    let grown = report.size.iter().position(|size| *size == 5).unwrap();
    assert!((22..=25).contains(&grown), "{:?}", &report.size[20..28]);
    assert_eq!(report.size.last(), Some(&5));
    assert_eq!(report.totals.peak_instances, 5);
    assert_eq!(report.totals.overload_minutes, 1);
    let told = &report.decisions(&policy)[0].reason.summary;
    assert!(
        told.starts_with("Grow from 2 to 3: CPU of 2 serving instances averages 110 %"),
        "{told}"
    );
    assert_eq!(report.totals.moves as usize, report.changes.len());
}

#[test]
fn surplus_goes_after_the_stabilization_period() {
    let trace = generated(
        Shape::Step {
            low: 2.2,
            high: 0.2,
            at_minute: 30,
        },
        60,
        0.0,
        0,
    );
    let report = backtest(&Policy::default_for(2, 6, 0.5), &trace, &priced());
    // The last minute of load ends at 30, and counts for ten more; the readings on the way down ask
    // for a little, and count as long.
    assert_eq!((report.recommended[29], report.recommended[38]), (5, 5));
    assert_eq!(
        (report.recommended[42], report.totals.peak_instances),
        (2, 5)
    );
}

#[test]
fn a_group_of_fixed_size_costs_its_size_times_the_time_to_the_last_digit() {
    let trace = generated(
        Shape::Weekly {
            low: 0.5,
            high: 9.0,
        },
        7 * DAY,
        0.2,
        3,
    );
    for size in [1, 3, 7] {
        let model = priced();
        let totals = totals(&Policy::default_for(size, size, 0.5), &trace, &model);
        assert_eq!(totals.instance_hours, f64::from(size) * 168.0);
        assert_eq!(
            totals.cost_usd,
            f64::from(size) * 168.0 * model.price_per_hour
        );
        assert_eq!((totals.peak_instances, totals.moves), (size, 0));
    }
}

#[test]
fn overload_is_what_exceeds_the_instances_that_work() {
    let trace = generated(
        Shape::Step {
            low: 1.0,
            high: 3.5,
            at_minute: 10,
        },
        30,
        0.0,
        0,
    );
    let fixed = |size| totals(&Policy::default_for(size, size, 0.5), &trace, &priced());
    assert_eq!(fixed(3).overload_minutes, 20);
    assert_eq!(fixed(4).overload_minutes, 0);
    // Slower instances leave the group overloaded for longer.
    let slow = Model {
        boot_s: 300,
        ..priced()
    };
    let policy = Policy::default_for(2, 10, 0.5);
    let (fast, slow) = (
        totals(&policy, &trace, &priced()),
        totals(&policy, &trace, &slow),
    );
    assert!(
        fast.overload_minutes < slow.overload_minutes,
        "{fast:?} {slow:?}"
    );
}

#[test]
fn more_requests_than_the_backends_are_rated_for_are_overload_too() {
    let trace = generated(
        Shape::Step {
            low: 0.5,
            high: 0.5,
            at_minute: 0,
        },
        10,
        0.0,
        0,
    );
    let policy = Policy::default_for(1, 1, 0.5);
    // Half an instance's worth are 50 requests each second.
    let rated = |rate| Model {
        max_rate_per_instance: Some(rate),
        ..priced()
    };
    assert_eq!(totals(&policy, &trace, &rated(40.0)).overload_minutes, 10);
    assert_eq!(totals(&policy, &trace, &rated(50.0)).overload_minutes, 0);
}

/// A policy from Google's JSON.
fn policy_of(policy: serde_json::Value) -> Policy {
    validate(&policy).unwrap()
}

#[test]
fn requests_are_followed_by_the_load_balancing_signal() {
    let trace = generated(
        Shape::Step {
            low: 1.0,
            high: 4.0,
            at_minute: 10,
        },
        60,
        0.0,
        0,
    );
    let policy = policy_of(json!({
        "minNumReplicas": 1, "maxNumReplicas": 20,
        "loadBalancingUtilization": { "utilizationTarget": 0.8 },
    }));
    // 400 requests each second at 80 % of 100 for each instance.
    let rated = Model {
        max_rate_per_instance: Some(100.0),
        ..priced()
    };
    assert_eq!(backtest(&policy, &trace, &rated).size.last(), Some(&5));
    // Without a rate the balancer goes by CPU: four instances' worth at 80 %.
    let by_cpu = Trace {
        requests_per_second: Vec::new(),
        ..trace
    };
    assert_eq!(backtest(&policy, &by_cpu, &priced()).size.last(), Some(&5));
}

#[test]
fn metrics_of_the_group_are_taken_whole_and_those_of_instances_are_shared() {
    let policy = policy_of(json!({
        "minNumReplicas": 1, "maxNumReplicas": 50,
        "customMetricUtilizations": [
            { "metric": "custom.googleapis.com/queue", "singleInstanceAssignment": 10,
              "filter": "resource.type = \"global\"" },
            { "metric": "custom.googleapis.com/sessions", "utilizationTarget": 20,
              "utilizationTargetType": "GAUGE" },
        ],
    }));
    let mut trace = Trace::default();
    let names: Vec<String> = policy.metrics.iter().map(Trace::metric_name).collect();
    assert_eq!(
        names,
        [
            "custom.googleapis.com/queue resource.type = \"global\"",
            "custom.googleapis.com/sessions"
        ]
    );
    let sizes = |queue: f64, sessions: f64, trace: &mut Trace| {
        for (name, value) in names.iter().zip([queue, sessions]) {
            trace.metrics.insert(name.clone(), vec![Some(value); 30]);
        }
        *backtest(&policy, trace, &priced()).size.last().unwrap()
    };
    assert_eq!(sizes(95.0, 40.0, &mut trace), 10);
    assert_eq!(sizes(25.0, 250.0, &mut trace), 13);
}

#[test]
fn schedules_are_kept_to_the_minute_and_in_their_zone() {
    let hour = |hours: i64| Timestamp(1_795_478_400_000 + hours * 3_600_000);
    let mut trace = generated(
        Shape::Step {
            low: 0.2,
            high: 0.2,
            at_minute: 0,
        },
        2 * DAY,
        0.0,
        0,
    );
    let tokyo = ZoneTable::new(9 * 3600, []);
    trace.zones.insert("Asia/Tokyo", tokyo);
    let policy = policy_of(json!({
        "minNumReplicas": 1, "maxNumReplicas": 10, "stabilizationPeriodSec": 0,
        "cpuUtilization": { "utilizationTarget": 0.5 },
        "scalingSchedules": { "lunch": {
            "minRequiredReplicas": 6, "schedule": "0 12 * * *", "durationSec": 3600, "timeZone": "Asia/Tokyo",
        } },
    }));
    let report = backtest(&policy, &trace, &priced());
    // Noon in Tokyo is 03:00 in UTC; the trace begins at midnight.
    assert_eq!(trace.start, hour(0));
    let busy: Vec<usize> = (0..trace.len())
        .filter(|index| report.recommended[*index] == 6)
        .collect();
    assert_eq!(trace.end_of(busy[0]), hour(3));
    assert_eq!(busy.iter().filter(|index| **index < 1440).count(), 60);
    let decisions = report.decisions(&policy);
    let signal = decisions[0].reason.scaling_signal.as_ref().unwrap();
    assert_eq!(signal.name, "SCALING_SCHEDULE");
}

#[test]
fn a_gap_in_the_recording_holds_the_size() {
    let mut trace = generated(
        Shape::Step {
            low: 2.2,
            high: 0.0,
            at_minute: 30,
        },
        90,
        0.0,
        0,
    );
    trace.cpu[30..70].fill(None);
    let report = backtest(&Policy::default_for(1, 6, 0.5), &trace, &priced());
    assert!(
        report.size[30..71].iter().all(|size| *size == 5),
        "{:?}",
        report.size
    );
    assert_eq!(report.utilization[40], None);
    // The stabilization period starts over when the data returns.
    assert_eq!((report.recommended[77], report.recommended[81]), (5, 1));
}

#[test]
fn a_mode_that_does_not_follow_costs_what_the_group_has() {
    let trace = generated(
        Shape::Step {
            low: 0.5,
            high: 2.5,
            at_minute: 5,
        },
        60,
        0.0,
        0,
    );
    let policy = Policy {
        mode: Mode::Off,
        ..Policy::default_for(2, 6, 0.5)
    };
    let report = backtest(&policy, &trace, &priced());
    assert_eq!((report.totals.peak_instances, report.totals.moves), (2, 0));
    assert!(report.recommended.iter().any(|size| *size > 2));
}

#[test]
fn the_present_policy_is_replayed_before_the_candidates_are() {
    let model = priced();
    let present = Policy::default_for(2, 6, 0.5);
    let load = generated(
        Shape::Weekly {
            low: 0.5,
            high: 2.5,
        },
        2 * DAY,
        0.1,
        11,
    );
    let recorded = backtest(&present, &load, &model).as_recording(&load);
    let cheap = Policy::default_for(1, 6, 0.8);
    let Comparison {
        fidelity,
        recorded,
        current,
        candidates,
    } = compare(&present, &[present.clone(), cheap], &recorded, &model);
    assert_eq!((fidelity.reproduced, fidelity.invented), (fidelity.of, 0));
    assert!(fidelity.of > 10 && !fidelity.is_below_bar());
    assert_eq!(candidates[0], current);
    assert_eq!(recorded.instance_hours, current.totals.instance_hours);
    let (saved, _) = candidates[1].totals.difference(&current.totals);
    assert!(saved < 0.0, "{saved}");
}

/// The engine fed every second by a group of real-looking instances, as the local cloud does it, and
/// then replayed from nothing but a value a minute.
#[test]
fn minutes_are_enough_to_reproduce_what_seconds_decided() {
    let shapes = [
        Shape::FlashCrowd {
            low: 0.7,
            high: 3.0,
            at_minute: 60,
        },
        Shape::Step {
            low: 0.6,
            high: 2.3,
            at_minute: 45,
        },
        Shape::Ramp {
            low: 0.3,
            high: 4.0,
        },
        Shape::Weekly {
            low: 0.4,
            high: 4.5,
        },
    ];
    for (shape, stabilization_s) in shapes.into_iter().zip([600, 300, 600, 300]) {
        let policy = Policy {
            stabilization: Duration::from_secs(stabilization_s),
            ..Policy::default_for(2, 10, 0.5)
        };
        let loads: Vec<f64> = generated(shape, DAY, 0.05, 5)
            .cpu
            .into_iter()
            .flatten()
            .collect();
        let trace = record(&mut Group::new(policy.clone(), 2).with_ceiling(8.0), &loads);
        let model = Model {
            boot_s: 10,
            initialization_s: 0,
            burst: 8.0,
            ..priced()
        };
        let fidelity = Fidelity::of(&policy, &backtest(&policy, &trace, &model), &trace);
        assert!(
            fidelity.of >= 2 && !fidelity.is_below_bar(),
            "{shape:?}: {fidelity:?}"
        );
    }
}

#[test]
fn a_sweep_in_slices_is_the_sweep_as_a_whole() {
    let base = Policy::default_for(2, 8, 0.5);
    let trace = generated(
        Shape::Weekly {
            low: 0.5,
            high: 4.0,
        },
        2 * DAY,
        0.1,
        1,
    )
    .coarser(5);
    let sweep = Sweep {
        targets: vec![0.4, 0.6, 0.8],
        minimums: vec![1, 3],
        stabilizations_s: vec![0, 600],
    };
    let whole = Frontier::new(&base, trace.clone(), priced(), &sweep).finish();
    let mut sliced = Frontier::new(&base, trace.clone(), priced(), &sweep);
    let mut slices = 1;
    while sliced.advance(1000) {
        slices += 1;
    }
    // Twelve policies over 576 steps.
    assert_eq!(slices, 7);
    assert_eq!(
        (sliced.progress(), sliced.points()),
        ((12, 12), whole.clone())
    );
    for point in &whole {
        let policy = Policy {
            stabilization: Duration::from_secs(u64::from(point.stabilization_s)),
            ..Policy::default_for(point.min, 8, point.target.unwrap())
        };
        assert_eq!(totals(&policy, &trace, &priced()), point.totals);
    }
    let front: Vec<Totals> = whole
        .iter()
        .filter(|point| point.on_front)
        .map(|point| point.totals)
        .collect();
    assert!(front.is_sorted_by(|a, b| a.cost_usd < b.cost_usd && a.overload_minutes > b.overload_minutes));
}

#[test]
fn a_report_survives_the_wire_between_server_and_browser() {
    let mut trace = generated(
        Shape::FlashCrowd {
            low: 0.5,
            high: 3.0,
            at_minute: 20,
        },
        60,
        0.0,
        2,
    );
    trace.requests_per_second.clear();
    trace
        .cpu
        .iter_mut()
        .flatten()
        .for_each(|load| *load = (*load * 1e3).round() / 1e3);
    let text = serde_json::to_string(&trace).unwrap();
    let received: Trace = serde_json::from_str(&text).unwrap();
    assert_eq!(received, trace);
    let policy = Policy::default_for(1, 6, 0.5);
    let report = backtest(&policy, &trace, &priced());
    assert_eq!(backtest(&policy, &received, &priced()), report);
    let text = serde_json::to_string(&report).unwrap();
    let received: Report = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (received.totals, received.size),
        (report.totals, report.size)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_higher_minimum_never_overloads_for_longer(policy in policies(), trace in traces(), more in 1_u32..5) {
        let raised = Policy { min: policy.min + more, max: policy.max + more, ..policy.clone() };
        let same_max = Policy { max: policy.max + more, ..policy };
        let (low, high) = (totals(&same_max, &trace, &instant()), totals(&raised, &trace, &instant()));
        prop_assert!(high.overload_minutes <= low.overload_minutes, "{low:?} {high:?}");
    }

    #[test]
    fn a_lower_target_never_overloads_for_longer(policy in policies(), trace in traces(), part in 0.3_f64..1.0) {
        let mut strict = policy.clone();
        strict.cpu = strict.cpu.map(|cpu| autoscaler::CpuUtilization { target: cpu.target * part, ..cpu });
        let (mild, strict) = (totals(&policy, &trace, &instant()), totals(&strict, &trace, &instant()));
        prop_assert!(strict.overload_minutes <= mild.overload_minutes, "{mild:?} {strict:?}");
    }

    #[test]
    fn a_recording_of_the_engine_itself_is_reproduced_to_the_last_decision(
        policy in policies(), trace in traces(), boot_s in 0_u32..200,
    ) {
        let model = Model { boot_s, ..priced() };
        let recorded = backtest(&policy, &trace, &model).as_recording(&trace);
        let again = backtest(&policy, &recorded, &model);
        let fidelity = Fidelity::of(&policy, &again, &recorded);
        prop_assert_eq!((fidelity.reproduced, fidelity.invented), (fidelity.of, 0));
        prop_assert_eq!(fidelity.steps_within_one, fidelity.steps);
    }

    #[test]
    fn sizes_stay_within_the_bounds_and_totals_add_up(
        policy in policies(), trace in traces(), boot_s in 0_u32..400, initialization_s in 0_u32..400,
    ) {
        let model = Model { boot_s, initialization_s, ..priced() };
        let report = backtest(&policy, &trace, &model);
        prop_assert_eq!(report.size.len(), trace.len());
        prop_assert!(report.size.iter().all(|size| (policy.min..=policy.max).contains(size)));
        prop_assert_eq!(report.totals.peak_instances, report.size.iter().copied().max().unwrap_or(0));
        let minutes: u64 = report.size.iter().map(|size| u64::from(*size)).sum();
        prop_assert_eq!(report.totals.instance_hours, (minutes * 60) as f64 / 3600.0);
        prop_assert_eq!(report.totals, totals(&policy, &trace, &model));
    }

    #[test]
    fn no_trace_makes_it_panic(
        policy in policies(), start in any::<i64>(), step_s in any::<u32>(),
        cpu in proptest::collection::vec(proptest::option::of(any::<f64>()), 0..50),
        size in proptest::collection::vec(proptest::option::of(any::<u32>()), 0..50),
        boot_s in any::<u32>(), capacity in any::<f64>(), burst in any::<f64>(),
    ) {
        let trace = Trace { start: Timestamp(start), step_s, cpu, recommended: size, ..Trace::default() };
        let model = Model { boot_s, capacity, burst, ..Model::default() };
        let compared = compare(&policy, &[], &trace, &model);
        prop_assert!(!compared.fidelity.sentence().is_empty());
        let sweep = Sweep::around(&policy);
        prop_assert!(!Frontier::new(&policy, trace.coarser(5), model, &sweep).finish().is_empty());
    }
}
