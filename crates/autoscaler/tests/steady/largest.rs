//! The largest group under the largest policy: a thousand instances, CPU with prediction, load
//! balancing, five metrics, 128 schedules in two zones, and a scale-in control.

use autoscaler::{
    Decision, Engine, Observed, OffsetChange, Sample, Step, Timestamp, ZoneTable, Zones, validate,
};
use serde_json::{Map, Value, json};

const SIZE: u32 = 1000;
const MINUTE_MS: i64 = 60_000;

pub(crate) struct Group {
    engine: Engine,
    minute: i64,
}

impl Group {
    #[allow(clippy::expect_used, reason = "a test fails by panicking")]
    pub(crate) fn new() -> Self {
        let policy = validate(&policy()).expect("the largest policy is valid");
        let start = Timestamp(0);
        let engine = Engine::new(policy, start, SIZE).with_zones(zones());
        Self { engine, minute: 0 }
    }

    /// A sample and a decision, a minute after the last.
    pub(crate) fn minute(&mut self) -> Step {
        let now = self.observe();
        self.engine.step(now, SIZE)
    }

    #[allow(dead_code, reason = "only the benchmark asks for words")]
    pub(crate) fn minute_in_words(&mut self) -> Decision {
        let now = self.observe();
        self.engine.decide(now, SIZE)
    }

    fn observe(&mut self) -> Timestamp {
        self.minute += 1;
        let now = Timestamp(self.minute * MINUTE_MS);
        // A day's wave, so that sizes, peaks and the winner change all the time.
        let phase = (self.minute % 1440) as f64 / 1440.0 * std::f64::consts::TAU;
        let wave = 0.5 + 0.4 * phase.sin();
        let metric = |index: u32| Observed::Value(wave * f64::from(index + 1) * 10.0);
        let sample = Sample {
            serving: SIZE - 3,
            size: SIZE,
            cpu: Some(wave),
            load_balancing: Observed::Value(wave * 0.9),
            metrics: [0, 1, 2, 3, 4].map(metric),
        };
        self.engine.observe(now, sample);
        now
    }
}

fn policy() -> Value {
    let metric = |index: usize| json!({ "metric": format!("custom.googleapis.com/m{index}"), "utilizationTarget": 20 });
    let schedule = |index: usize| {
        let zone = ["UTC", "Europe/Berlin"][index % 2];
        let schedule = json!({
            "minRequiredReplicas": index + 1, "durationSec": 300 + index * 60,
            "schedule": format!("{} {} * * {}", index % 60, index % 24, ["*", "Mon-Fri", "1,3"][index % 3]),
            "timeZone": zone,
        });
        (format!("schedule-{index}"), schedule)
    };
    json!({
        "minNumReplicas": 1, "maxNumReplicas": 2000,
        "cpuUtilization": { "utilizationTarget": 0.5, "predictiveMethod": "OPTIMIZE_AVAILABILITY" },
        "loadBalancingUtilization": { "utilizationTarget": 0.7 },
        "customMetricUtilizations": (0..5).map(metric).collect::<Vec<_>>(),
        "scalingSchedules": (0..128).map(schedule).collect::<Map<String, Value>>(),
        "scaleInControl": { "maxScaledInReplicas": { "percent": 10 }, "timeWindowSec": 3600 },
    })
}

/// Berlin with a change every half year.
fn zones() -> Zones {
    let half_year = 182 * 24 * 60 * MINUTE_MS;
    let changes = (1..20_i32).map(|count| OffsetChange {
        at: Timestamp(i64::from(count) * half_year),
        offset_s: 3600 + 3600 * (count % 2),
    });
    [("Europe/Berlin".to_owned(), ZoneTable::new(3600, changes))]
        .into_iter()
        .collect()
}
