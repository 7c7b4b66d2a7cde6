//! Policies and recordings at random.

use std::collections::BTreeMap;
use std::time::Duration;

use autoscaler::{
    Absence, FixedOrPercent, LoadBalancingUtilization, MetricGoal, MetricUtilization, Mode,
    Observed, Policy, PredictiveMethod, Sample, ScaleInControl, ScalingSchedule,
};
use proptest::prelude::*;

/// A valid policy on CPU.
pub(crate) fn cpu_policies() -> impl Strategy<Value = Policy> {
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

/// A valid policy with any of the signals there are.
pub(crate) fn policies() -> impl Strategy<Value = Policy> {
    let signals = (
        any::<bool>(),
        any::<bool>(),
        proptest::option::of(0.1_f64..2.0),
        proptest::collection::vec(metrics(), 0..=5),
        proptest::collection::btree_map(names(), schedules(), 0..4),
    );
    (cpu_policies(), signals).prop_map(|(policy, signals)| {
        let (has_cpu, predicts, balancing, metrics, schedules) = signals;
        let mut cpu = policy.cpu.filter(|_| has_cpu);
        if let Some(cpu) = cpu.as_mut().filter(|_| predicts) {
            cpu.predictive = PredictiveMethod::OptimizeAvailability;
        }
        let load_balancing = balancing.map(|target| LoadBalancingUtilization { target });
        let cpu = if load_balancing.is_none() && metrics.is_empty() {
            policy.cpu
        } else {
            cpu
        };
        Policy {
            cpu,
            load_balancing,
            metrics,
            schedules,
            ..policy
        }
    })
}

fn metrics() -> impl Strategy<Value = MetricUtilization> {
    let goal = prop_oneof![
        (0.1_f64..100.0).prop_map(MetricGoal::Utilization),
        (0.1_f64..100.0).prop_map(MetricGoal::SingleInstanceAssignment),
    ];
    (goal, any::<bool>()).prop_map(|(goal, is_of_group)| MetricUtilization {
        metric: "custom.googleapis.com/m".to_owned(),
        filter: is_of_group.then(|| r#"resource.type = "global""#.parse().unwrap()),
        goal,
        target_type: None,
    })
}

/// Names of schedules.
pub(crate) fn names() -> impl Strategy<Value = String> {
    (0_u32..10).prop_map(|number| format!("schedule-{number}"))
}

pub(crate) fn schedules() -> impl Strategy<Value = ScalingSchedule> {
    let cron = prop_oneof![
        (0_u32..60, 0_u32..24).prop_map(|(minute, hour)| format!("{minute} {hour} * * *")),
        (1_u32..30).prop_map(|step| format!("*/{step} * * * *")),
        (1_u32..29).prop_map(|day| format!("0 0 {day} * Mon 2030")),
    ];
    (cron, 0_u32..40, 300_u64..40_000, any::<bool>()).prop_map(
        |(cron, min_required, seconds, disabled)| ScalingSchedule {
            min_required,
            schedule: cron.parse().unwrap(),
            duration: Duration::from_secs(seconds),
            time_zone: "UTC".to_owned(),
            disabled,
            description: None,
        },
    )
}

/// Samples as a healthy caller and a confused one would give them.
pub(crate) fn samples() -> impl Strategy<Value = Sample> {
    let cpu = proptest::option::of(prop_oneof![
        8 => 0.0_f64..3.0,
        1 => any::<f64>(),
    ]);
    let counts = prop_oneof![
        8 => (0_u32..30, 0_u32..10).prop_map(|(serving, more)| (serving, serving + more)),
        1 => (any::<u32>(), any::<u32>()),
    ];
    let metrics = proptest::array::uniform5(observed());
    (counts, cpu, observed(), metrics).prop_map(
        |((serving, size), cpu, load_balancing, metrics)| Sample {
            load_balancing,
            metrics,
            ..Sample::cpu(serving, size, cpu)
        },
    )
}

fn observed() -> impl Strategy<Value = Observed> {
    prop_oneof![
        8 => (0.0_f64..200.0).prop_map(Observed::Value),
        1 => any::<f64>().prop_map(Observed::Value),
        2 => (0.0_f64..200.0, 0_u32..30).prop_map(|(mean, of)| Observed::Partial(mean, of)),
        2 => prop_oneof![
            Just(Absence::NoData),
            Just(Absence::TooSparse),
            Just(Absence::Invalid),
            Just(Absence::NoBackendService),
        ]
        .prop_map(Observed::Absent),
    ]
}

/// Steps of the clock in milliseconds, and what was seen after each.
pub(crate) fn recordings() -> impl Strategy<Value = Vec<(i64, Sample)>> {
    proptest::collection::vec((0_i64..200_000, samples()), 1..60)
}

/// The schedules of a policy, and nothing else of it.
pub(crate) fn of_schedules(schedules: BTreeMap<String, ScalingSchedule>) -> Policy {
    Policy {
        schedules,
        stabilization: Duration::ZERO,
        ..Policy::default_for(1, 50, 0.5)
    }
}
