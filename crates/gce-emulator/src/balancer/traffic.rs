//! Counts of what went through, taken from time to time for the load-balancer metrics.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

/// The upper bounds of all but the last latency bucket, in milliseconds. They grow by 1.4, as
/// Google's own do, from a quarter of a millisecond to more than a minute.
pub static LATENCY_BOUNDS_MS: LazyLock<Vec<f64>> =
    LazyLock::new(|| (0..38).map(|step| 0.25 * 1.4_f64.powi(step)).collect());

/// What a request is counted under.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct TrafficLabels {
    pub rule: String,
    pub target_proxy: String,
    pub url_map: String,
    /// The path of the URL map's rule, or empty when a default answered.
    pub path_rule: String,
    /// The backend service, or empty when there was none.
    pub service: String,
    /// The instance group, or empty when no backend was asked.
    pub group: String,
    /// The group's zone or region.
    pub zone: String,
}

/// The requests with one response code since the last time they were taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Traffic {
    pub labels: TrafficLabels,
    /// 0 when the client left before an answer began.
    pub response_code: u16,
    pub count: u64,
    /// The bodies of the requests.
    pub request_bytes: u64,
    /// The bodies of the answers.
    pub response_bytes: u64,
    /// From the request's head to the end of the answer.
    pub total_latency: Latencies,
    /// From the choice of the backend that answered to the end of the answer.
    pub backend_latency: Latencies,
}

/// A distribution over [`LATENCY_BOUNDS_MS`].
#[derive(Debug, Clone, PartialEq)]
pub struct Latencies {
    /// One count per bound, and one for what is beyond the last.
    pub counts: Vec<u64>,
    pub sum_ms: f64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self {
            counts: vec![0; LATENCY_BOUNDS_MS.len() + 1],
            sum_ms: 0.0,
        }
    }
}

impl Latencies {
    fn add(&mut self, latency: Duration) {
        let ms = latency.as_secs_f64() * 1000.0;
        // Google's buckets include their lower bound and exclude their upper one.
        let bucket = LATENCY_BOUNDS_MS.partition_point(|bound| *bound <= ms);
        self.counts[bucket] += 1;
        self.sum_ms += ms;
    }

    /// How many latencies are in the distribution.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// One finished request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) response_code: u16,
    pub(super) request_bytes: u64,
    pub(super) response_bytes: u64,
    pub(super) total: Duration,
    /// `None` when no backend was asked.
    pub(super) backend: Option<Duration>,
}

#[derive(Debug, Default)]
struct Tally {
    count: u64,
    request_bytes: u64,
    response_bytes: u64,
    total_latency: Latencies,
    backend_latency: Latencies,
}

/// The counters of one set of labels.
#[derive(Debug, Default)]
pub(super) struct Meter(Mutex<BTreeMap<u16, Tally>>);

impl Meter {
    pub(super) fn add(&self, sample: Sample) {
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = tallies.entry(sample.response_code).or_default();
        tally.count += 1;
        tally.request_bytes += sample.request_bytes;
        tally.response_bytes += sample.response_bytes;
        tally.total_latency.add(sample.total);
        if let Some(backend) = sample.backend {
            tally.backend_latency.add(backend);
        }
    }

    fn take(&self) -> BTreeMap<u16, Tally> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// All meters, by their labels.
#[derive(Debug, Default)]
pub(super) struct Meters(Mutex<HashMap<TrafficLabels, Arc<Meter>>>);

impl Meters {
    /// The meter for `labels`: the same one for as long as anybody counts with it, so that a new
    /// routing table never splits or loses a count.
    pub(super) fn get(&self, labels: TrafficLabels) -> Arc<Meter> {
        let mut meters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(meters.entry(labels).or_default())
    }

    /// Everything counted since the last call, and forgets meters that nobody uses any more.
    pub(super) fn take(&self) -> Vec<Traffic> {
        let mut taken = Vec::new();
        let mut meters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        meters.retain(|labels, meter| {
            // Only this map can hand out a meter, and it is locked: a count of one stays one.
            let unused = Arc::strong_count(meter) == 1;
            taken.extend(
                meter
                    .take()
                    .into_iter()
                    .map(|(code, tally)| traffic(labels, code, tally)),
            );
            !unused
        });
        taken
    }
}

fn traffic(labels: &TrafficLabels, response_code: u16, tally: Tally) -> Traffic {
    Traffic {
        labels: labels.clone(),
        response_code,
        count: tally.count,
        request_bytes: tally.request_bytes,
        response_bytes: tally.response_bytes,
        total_latency: tally.total_latency,
        backend_latency: tally.backend_latency,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(response_code: u16, total_ms: u64) -> Sample {
        Sample {
            response_code,
            request_bytes: 1,
            response_bytes: 2,
            total: Duration::from_millis(total_ms),
            backend: None,
        }
    }

    #[test]
    fn taking_empties_the_meters_and_forgets_the_unused() {
        let meters = Meters::default();
        let meter = meters.get(TrafficLabels::default());
        meter.add(sample(200, 1));
        meter.add(sample(200, 5));
        meter.add(sample(503, 1));
        drop(meter);
        let taken = meters.take();
        let counts: Vec<_> = taken.iter().map(|t| (t.response_code, t.count)).collect();
        assert_eq!(counts, [(200, 2), (503, 1)]);
        assert_eq!((taken[0].request_bytes, taken[0].response_bytes), (2, 4));
        assert!(meters.take().is_empty());
    }

    #[test]
    fn a_latency_beyond_the_last_bound_has_a_bucket() {
        let mut latencies = Latencies::default();
        latencies.add(Duration::from_hours(1));
        latencies.add(Duration::ZERO);
        assert_eq!(latencies.count(), 2);
        assert_eq!(
            (latencies.counts.first(), latencies.counts.last()),
            (Some(&1), Some(&1))
        );
    }
}
