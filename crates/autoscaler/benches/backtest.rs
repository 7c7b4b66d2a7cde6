//! How fast a policy is tried: while somebody drags a slider, it has a sixtieth of a second.

#![allow(
    missing_docs,
    reason = "criterion's macros make public items without a word"
)]

use std::hint::black_box;

use autoscaler::backtest::{
    Comparison, Frontier, Generator, Model, Shape, Sweep, Trace, backtest, compare,
};
use autoscaler::{Policy, Timestamp, validate};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::json;

const DAY: u32 = 24 * 60;

fn load(days: u32) -> Trace {
    let generator = Generator {
        shape: Shape::Weekly {
            low: 1.0,
            high: 12.0,
        },
        minutes: days * DAY,
        noise: 0.15,
        seed: 7,
    };
    generator.trace(Timestamp(1_795_478_400_000))
}

fn policy() -> Policy {
    Policy::default_for(2, 40, 0.6)
}

fn a_week(criterion: &mut Criterion) {
    let (trace, model) = (load(7), Model::of_machine_type("e2-medium"));
    criterion.bench_function("7 days at one-minute steps", |bench| {
        bench.iter(|| backtest(black_box(&policy()), &trace, &model));
    });
}

/// What the form does when a field changes: the present policy, the candidate, and the comparison.
fn a_form(criterion: &mut Criterion) {
    let model = Model::of_machine_type("e2-medium");
    let trace = backtest(&policy(), &load(7), &model).as_recording(&load(7));
    criterion.bench_function("7 days, present policy and a candidate", |bench| {
        bench.iter(|| -> Comparison { compare(&policy(), black_box(&[policy()]), &trace, &model) });
    });
}

fn a_sweep(criterion: &mut Criterion) {
    let (trace, model) = (load(7).coarser(5), Model::of_machine_type("e2-medium"));
    let sweep = Sweep {
        targets: (1..=10).map(|tenth| f64::from(tenth) / 10.0).collect(),
        minimums: vec![1, 2, 3, 5, 8],
        stabilizations_s: vec![0, 300, 600, 1800],
    };
    criterion.bench_function("200 policies over 7 days at five-minute steps", |bench| {
        bench.iter(|| {
            Frontier::new(black_box(&policy()), trace.clone(), model.clone(), &sweep).finish()
        });
    });
}

/// A month under as many schedules as a policy may have, four hours long, all over the day.
fn schedules(criterion: &mut Criterion) {
    let (trace, model) = (load(28), Model::of_machine_type("e2-medium"));
    let schedules: serde_json::Map<String, serde_json::Value> = (0..128)
        .map(|index| {
            let schedule = json!({
                "minRequiredReplicas": index % 30,
                "schedule": format!("{} {} * * {}", index % 60, index % 24, index % 7),
                "durationSec": 4 * 3600,
            });
            (format!("schedule-{index}"), schedule)
        })
        .collect();
    let policy = validate(&json!({
        "minNumReplicas": 2, "maxNumReplicas": 40,
        "cpuUtilization": { "utilizationTarget": 0.6 }, "scalingSchedules": schedules,
    }));
    let Ok(policy) = policy else {
        panic!("the policy is not valid: {policy:?}")
    };
    criterion.bench_function("28 days with 128 schedules", |bench| {
        bench.iter(|| backtest(black_box(&policy), &trace, &model));
    });
}

criterion_group!(benches, a_week, a_form, a_sweep, schedules);
criterion_main!(benches);
