use std::collections::BTreeMap;
use std::time::Duration;

use autoscaler::Timestamp;
use futures::TryStreamExt;
use gce::monitoring::{Aggregation, Query, TimeSeries};
use gce::{Client, Error};

use crate::{GroupId, Reading, time};

/// Google shows a measurement up to five minutes after it was made.
const LOOK_BACK: Duration = Duration::from_mins(10);
/// The least that Google aligns to.
const PERIOD_S: i64 = 60;

/// The newest measurements of everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    /// Utilization by instance: the numeric id, which no other instance ever had.
    by_id: BTreeMap<String, Reading>,
    /// The same by zone and name, for instances whose id is not known.
    by_name: BTreeMap<(String, String), Reading>,
    groups: BTreeMap<(String, String), GroupNumbers>,
}

/// What the load balancer measured about a group.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct GroupNumbers {
    pub(crate) requests_per_second: Option<Reading>,
    pub(crate) p95_ms: Option<Reading>,
}

impl Numbers {
    /// The utilization of an instance.
    pub(crate) fn cpu(&self, id: Option<&str>, zone: &str, name: &str) -> Option<Reading> {
        match id {
            Some(id) => self.by_id.get(id).copied(),
            None => self
                .by_name
                .get(&(zone.to_owned(), name.to_owned()))
                .copied(),
        }
    }

    /// What the load balancer measured about a group.
    pub(crate) fn group(&self, id: &GroupId) -> GroupNumbers {
        let key = (id.location.name().to_owned(), id.name.clone());
        self.groups.get(&key).copied().unwrap_or_default()
    }

    fn add_cpu(&mut self, series: &TimeSeries) {
        let Some(reading) = newest(series) else {
            return;
        };
        let zone = series.resource.label("zone").to_owned();
        let name = series.metric.label("instance_name").to_owned();
        self.by_id
            .insert(series.resource.label("instance_id").to_owned(), reading);
        self.by_name.insert((zone, name), reading);
    }

    fn of_backend(&mut self, series: &TimeSeries) -> &mut GroupNumbers {
        let label = |name| series.resource.label(name).to_owned();
        self.groups
            .entry((label("backend_scope"), label("backend_name")))
            .or_default()
    }
}

/// Three queries for the whole project, however many groups it has.
pub(crate) async fn numbers(client: Client) -> Result<Numbers, Error> {
    let (cpu, requests, latency) = futures::try_join!(
        read(&client, CPU, "ALIGN_MEAN", None, &[]),
        read(&client, REQUESTS, "ALIGN_RATE", Some("REDUCE_SUM"), BACKEND),
        read(
            &client,
            LATENCIES,
            "ALIGN_DELTA",
            Some("REDUCE_PERCENTILE_95"),
            BACKEND
        ),
    )?;
    let mut numbers = Numbers::default();
    for series in &cpu {
        numbers.add_cpu(series);
    }
    for series in &requests {
        numbers.of_backend(series).requests_per_second = newest(series);
    }
    for series in &latency {
        numbers.of_backend(series).p95_ms = newest(series);
    }
    Ok(numbers)
}

async fn read(
    client: &Client,
    metric: &str,
    aligner: &'static str,
    reducer: Option<&'static str>,
    group_by: &[&'static str],
) -> Result<Vec<TimeSeries>, Error> {
    let now = time::now(client);
    let query = Query {
        filter: format!("metric.type=\"{metric}\""),
        start: time::format(Timestamp(now.0 - LOOK_BACK.as_millis() as i64)),
        end: time::format(now),
        aggregation: Some(Aggregation {
            period_s: PERIOD_S,
            aligner,
            reducer,
            group_by: group_by.to_vec(),
        }),
    };
    client.time_series(&query).try_collect().await
}

/// The newest point that holds a number. Google sends the newest first.
fn newest(series: &TimeSeries) -> Option<Reading> {
    series.points.iter().find_map(|point| {
        let at = time::parse(&point.interval.end_time)?;
        let value = point.value.as_f64().filter(|value| value.is_finite())?;
        Some(Reading { value, at })
    })
}

const CPU: &str = "compute.googleapis.com/instance/cpu/utilization";
const REQUESTS: &str = "loadbalancing.googleapis.com/https/backend_request_count";
const LATENCIES: &str = "loadbalancing.googleapis.com/https/backend_latencies";
const BACKEND: &[&str] = &[
    "resource.label.backend_name",
    "resource.label.backend_scope",
];
