//! Writing to Monitoring: seldom enough for its rules, and never in the way of serving.

use std::time::Duration;

use gce::monitoring::{Interval, Labelled, Point, TimeSeries, TypedValue};
use gce::{Client, Error};
use serde_json::{Map, Value, json};
use tokio::time::{sleep, timeout};

use super::{OwnMetric, Signals};
use crate::{clock, metadata::Metadata};

/// Between two points, in milliseconds of the cloud's clock. An autoscaler wants one a minute, and
/// averages the last two minutes.
const PERIOD_MS: i64 = 20_000;
/// However fast the cloud's clock runs, we are no faster.
const SHORTEST_PERIOD: Duration = Duration::from_secs(1);
/// Monitoring refuses points of a series that are nearer to each other (Monitoring v3, quotas).
const LEAST_APART_MS: i64 = 10_000;
/// One write; the next one has newer values anyway.
const PATIENCE: Duration = Duration::from_secs(10);
/// Where writes keep failing, they are tried so seldom in the end.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

const PERMISSION: &str = "monitoring.timeSeries.create";

/// Writes points of one instance.
#[derive(Debug)]
pub(super) struct Publisher {
    client: Client,
    metadata: Metadata,
    resource: Labelled,
}

/// Why a round wrote nothing.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(
        "the service account may not write metrics: it needs the permission {PERMISSION}, as in roles/monitoring.metricWriter"
    )]
    Forbidden(#[source] Error),
    #[error("Monitoring refused the points")]
    Refused(#[source] Error),
    #[error("Monitoring did not answer within {} s", PATIENCE.as_secs())]
    Late,
    #[error("the metadata server does not tell the time")]
    NoTime,
}

impl Publisher {
    pub(super) fn new(client: Client, metadata: Metadata, resource: Labelled) -> Self {
        Self {
            client,
            metadata,
            resource,
        }
    }

    /// Writes for ever.
    pub(super) async fn run(&self, signals: &Signals, speed: u32) {
        let period = clock::real_wait(PERIOD_MS, speed).max(SHORTEST_PERIOD);
        let mut pauses = Pauses::new(period);
        let mut last_ms = i64::MIN;
        loop {
            sleep(pauses.next()).await;
            let outcome = match self.metadata.now_ms().await {
                None => Err(Failure::NoTime),
                // A clock that stands still has no new point to write.
                Some(now_ms) if now_ms < last_ms.saturating_add(LEAST_APART_MS) => continue,
                Some(now_ms) => {
                    // Also a write that we never hear of may have arrived.
                    last_ms = now_ms;
                    self.write(&signals.read(), now_ms).await
                }
            };
            pauses.after(&outcome);
        }
    }

    /// One point of each series.
    async fn write(&self, points: &[(OwnMetric, f64)], now_ms: i64) -> Result<(), Failure> {
        let series: Vec<_> = points
            .iter()
            .map(|(metric, value)| self.series(*metric, *value, now_ms))
            .collect();
        match timeout(PATIENCE, self.client.create_time_series(&series)).await {
            Err(_) => Err(Failure::Late),
            Ok(written) => written.map_err(Failure::of),
        }
    }

    fn series(&self, metric: OwnMetric, value: f64, now_ms: i64) -> TimeSeries {
        let end_time = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
        let point = Point {
            interval: Interval {
                start_time: None,
                end_time: end_time.to_string(),
            },
            value: TypedValue::double(value),
        };
        TimeSeries {
            metric: Labelled {
                kind: metric.metric_type().to_owned(),
                ..Labelled::default()
            },
            resource: self.resource.clone(),
            metric_kind: Some("GAUGE".to_owned()),
            value_type: Some("DOUBLE".to_owned()),
            points: vec![point],
            other: words(metric),
        }
    }
}

/// What Monitoring keeps with the metric when it meets it for the first time.
fn words(metric: OwnMetric) -> Map<String, Value> {
    Map::from_iter([
        ("unit".to_owned(), json!(metric.unit())),
        ("description".to_owned(), json!(metric.description())),
    ])
}

impl Failure {
    /// Google refuses with the same status what a quota does not allow for now, and what an API that
    /// is not enabled does not do; its own sentence says so.
    fn of(error: Error) -> Self {
        let is_permission = error.status() == Some(403)
            && !error.is_rate_limited()
            && error.disabled_service().is_none();
        if is_permission {
            Self::Forbidden(error)
        } else {
            Self::Refused(error)
        }
    }
}

/// How long to wait for the next round, and what to say about the last one: only what is new, since a
/// permission that is missing would else be told for ever.
#[derive(Debug)]
struct Pauses {
    period: Duration,
    pause: Duration,
    failing: Option<String>,
}

impl Pauses {
    fn new(period: Duration) -> Self {
        Self {
            period,
            pause: period,
            failing: None,
        }
    }

    fn next(&self) -> Duration {
        self.pause
    }

    fn after(&mut self, outcome: &Result<(), Failure>) {
        let Err(failure) = outcome else {
            if self.failing.take().is_some() {
                tracing::info!("the signals of this instance are written again");
            }
            self.pause = self.period;
            return;
        };
        let sentence = failure.to_string();
        if self.failing.as_ref() != Some(&sentence) {
            let why = std::error::Error::source(failure).map(ToString::to_string);
            tracing::warn!(
                why,
                "the signals of this instance are not written: {sentence}"
            );
        }
        self.failing = Some(sentence);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE.max(self.period));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_tried_more_and_more_seldom_until_it_succeeds() {
        let period = Duration::from_secs(20);
        let mut pauses = Pauses::new(period);
        let mut waited = Vec::new();
        for _ in 0..6 {
            pauses.after(&Err(Failure::Late));
            waited.push(pauses.next().as_secs());
        }
        assert_eq!(waited, [40, 80, 160, 300, 300, 300]);
        pauses.after(&Ok(()));
        assert_eq!(pauses.next(), period);
    }

    #[test]
    fn a_missing_permission_is_named() {
        let sentence = Failure::Forbidden(Error::Damaged {
            name: String::new(),
        })
        .to_string();
        assert!(
            sentence.contains("monitoring.timeSeries.create"),
            "{sentence}"
        );
        assert!(
            sentence.contains("roles/monitoring.metricWriter"),
            "{sentence}"
        );
    }
}
