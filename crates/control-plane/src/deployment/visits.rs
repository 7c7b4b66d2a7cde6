//! What visitors got before a new version and with it, so that what gets worse is taken back.
//!
//! The load balancer measures, and knows groups but no versions: with old and new instances in one
//! group, what can be told apart is before and after.

use std::fmt;

use autoscaler::Timestamp;
use futures::TryStreamExt;
use gce::monitoring::{Aggregation, Query, TimeSeries};
use gce::{Client, Error};

use crate::time::{format, parse};

/// What a deployment's visitors got in a while.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Visits {
    /// How many requests they made.
    pub requests: f64,
    /// How many of them were answered with a status of 500 or above, by the app or by the balancer in
    /// its place.
    pub failed: f64,
    /// Within how many milliseconds 95 of 100 were answered, if there were any.
    pub p95_ms: Option<f64>,
    /// Until when it is measured, in milliseconds since the Unix epoch.
    pub until: Option<i64>,
}

/// Fewer requests say nothing.
const FEWEST: f64 = 20.0;
/// Fewer say nothing of the slowest twentieth.
const FEWEST_FOR_P95: f64 = 100.0;
/// A share of failures that was there before may double, and grow by so much.
const MORE_FAILED: f64 = 0.01;
/// A latency may double, and grow by so much.
const SLOWER_MS: f64 = 200.0;
/// The least that Google aligns to.
const PERIOD_S: i64 = 60;

impl Visits {
    /// What the balancer measured between two instants, both in milliseconds since the Unix epoch, as far
    /// as it is whole minutes up to the later one: what came before the earlier one is not blamed on
    /// what began then.
    pub async fn between(
        client: &Client,
        deployment: &str,
        from: i64,
        to: i64,
    ) -> Result<Self, Error> {
        let minutes = (to - from) / (PERIOD_S * 1_000);
        if minutes <= 0 {
            return Ok(Self::default());
        }
        let window = Window { to, minutes };
        let (requests, latency) = futures::try_join!(
            window.read(client, deployment, REQUESTS, 1, CLASSES),
            window.read(client, deployment, LATENCIES, minutes, P95),
        )?;
        Ok(Self::of(&requests, &latency))
    }

    fn of(requests: &[TimeSeries], latency: &[TimeSeries]) -> Self {
        let mut visits = Self::default();
        for series in requests {
            let points = series.points.iter();
            let count: f64 = points.filter_map(|point| point.value.as_f64()).sum();
            visits.requests += count;
            if series.metric.label("response_code_class") == "500" {
                visits.failed += count;
            }
        }
        let points = requests.iter().flat_map(|series| &series.points);
        let ends = points.filter_map(|point| parse(&point.interval.end_time));
        visits.until = ends.map(|end| end.0).max();
        let mut latencies = latency.iter().flat_map(|series| &series.points);
        visits.p95_ms = latencies.find_map(|point| point.value.as_f64());
        visits
    }

    /// Whether they say something of a version.
    pub fn are_enough(&self) -> bool {
        self.requests >= FEWEST
    }

    /// Why more of them fail than of those before; `None` if they do not, or too few are known.
    pub fn fail_more_than(&self, before: &Self) -> Option<String> {
        let allowed = before.failed_share() * 2.0 + MORE_FAILED;
        let is_worse = self.are_enough() && self.failed_share() > allowed;
        is_worse.then(|| {
            format!(
                "{:.1} % of the requests fail, and before it were {:.1} %",
                self.failed_share() * 100.0,
                before.failed_share() * 100.0
            )
        })
    }

    /// Why they are slower than those before; `None` if they are not, or too few are known.
    pub fn are_slower_than(&self, before: &Self) -> Option<String> {
        let known = |visits: &Self| visits.p95_ms.filter(|_| visits.requests >= FEWEST_FOR_P95);
        let (now, then) = known(self).zip(known(before))?;
        let is_worse = now > then * 2.0 && now > then + SLOWER_MS;
        is_worse.then(|| {
            format!(
                "95 of 100 requests are answered within {now:.0} ms, and before it were {then:.0} ms"
            )
        })
    }

    fn failed_share(&self) -> f64 {
        if self.requests > 0.0 {
            self.failed / self.requests
        } else {
            0.0
        }
    }
}

/// `0.0 % of 812 requests failed, 95 of 100 were answered within 12 ms`
impl fmt::Display for Visits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = self.failed_share() * 100.0;
        write!(f, "{share:.1} % of {:.0} requests failed", self.requests)?;
        match self.p95_ms {
            Some(p95) => write!(f, ", 95 of 100 were answered within {p95:.0} ms"),
            None => Ok(()),
        }
    }
}

/// So many minutes until an instant.
#[derive(Clone, Copy)]
struct Window {
    to: i64,
    minutes: i64,
}

impl Window {
    /// Requests for a deployment's site, also those that reached no instance.
    async fn read(
        self,
        client: &Client,
        deployment: &str,
        metric: &str,
        period: i64,
        (reducer, group_by): How,
    ) -> Result<Vec<TimeSeries>, Error> {
        let from = self.to - self.minutes * PERIOD_S * 1_000;
        let query = Query {
            filter: format!(
                "metric.type=\"{metric}\" AND resource.labels.url_map_name=\"{deployment}-site\""
            ),
            start: format(Timestamp(from)),
            end: format(Timestamp(self.to)),
            aggregation: Some(Aggregation {
                period_s: period * PERIOD_S,
                aligner: "ALIGN_DELTA",
                reducer: Some(reducer),
                group_by: group_by.to_vec(),
            }),
        };
        client.time_series(&query).try_collect().await
    }
}

/// Reducer and labels that are kept apart.
type How = (&'static str, &'static [&'static str]);

const CLASSES: How = ("REDUCE_SUM", &["metric.label.response_code_class"]);
const P95: How = ("REDUCE_PERCENTILE_95", &[]);
const REQUESTS: &str = "loadbalancing.googleapis.com/https/request_count";
const LATENCIES: &str = "loadbalancing.googleapis.com/https/backend_latencies";

#[cfg(test)]
mod tests {
    use super::*;

    fn visits(requests: f64, failed: f64, p95_ms: f64) -> Visits {
        Visits {
            requests,
            failed,
            p95_ms: Some(p95_ms),
            until: None,
        }
    }

    #[test]
    fn what_fails_more_than_twice_as_often_is_worse() {
        for (before, after, is_worse) in [
            (visits(1_000.0, 0.0, 9.0), visits(1_000.0, 11.0, 9.0), true),
            (visits(1_000.0, 0.0, 9.0), visits(1_000.0, 10.0, 9.0), false),
            (visits(1_000.0, 10.0, 9.0), visits(1_000.0, 31.0, 9.0), true),
            (
                visits(1_000.0, 10.0, 9.0),
                visits(1_000.0, 30.0, 9.0),
                false,
            ),
            // Nineteen requests say nothing, twenty do, also where nobody came before.
            (visits(0.0, 0.0, 9.0), visits(19.0, 19.0, 9.0), false),
            (visits(0.0, 0.0, 9.0), visits(20.0, 20.0, 9.0), true),
        ] {
            let why = after.fail_more_than(&before);
            assert_eq!(why.is_some(), is_worse, "{before:?} {after:?}: {why:?}");
        }
    }

    #[test]
    fn what_takes_more_than_twice_as_long_and_a_fifth_of_a_second_more_is_worse() {
        for (before, after, is_worse) in [
            (visits(100.0, 0.0, 10.0), visits(100.0, 0.0, 211.0), true),
            (visits(100.0, 0.0, 10.0), visits(100.0, 0.0, 210.0), false),
            (visits(100.0, 0.0, 300.0), visits(100.0, 0.0, 601.0), true),
            (visits(100.0, 0.0, 300.0), visits(100.0, 0.0, 600.0), false),
            (visits(99.0, 0.0, 10.0), visits(100.0, 0.0, 900.0), false),
            (visits(100.0, 0.0, 10.0), visits(99.0, 0.0, 900.0), false),
        ] {
            let why = after.are_slower_than(&before);
            assert_eq!(why.is_some(), is_worse, "{before:?} {after:?}: {why:?}");
        }
    }

    #[test]
    fn it_reads_as_a_sentence() {
        let told = visits(812.0, 4.06, 12.4).to_string();
        let expected = "0.5 % of 812 requests failed, 95 of 100 were answered within 12 ms";
        assert_eq!(told, expected);
    }
}
