//! One decision for the largest policy there can be.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

#[path = "../tests/steady/largest.rs"]
mod largest;

fn decisions(c: &mut Criterion) {
    let mut group = largest::Group::new();
    // A week first, so that forecast and peaks are as full as they get.
    for _ in 0..7 * 24 * 60 {
        group.minute();
    }
    c.bench_function(
        "one step of 1000 instances, 7 signals, 128 schedules",
        |b| {
            b.iter(|| black_box(group.minute()));
        },
    );
    c.bench_function("the same in words", |b| {
        b.iter(|| black_box(group.minute_in_words()));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(3));
    targets = decisions
}
criterion_main!(benches);
