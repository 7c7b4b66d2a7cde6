//! Turns counted traffic into the metrics of Google's load balancer, on resource `https_lb_rule`.

use std::collections::{BTreeMap, HashMap};

use autoscaler::Timestamp;

use super::traffic::{LATENCY_BOUNDS_MS, Latencies, Traffic, TrafficLabels};
use crate::metrics::{Distribution, MetricKind, Metrics, SeriesKey, Value};
use crate::resource::last_segment;

/// How long a series that has gone silent still gets its zeros, in emulated milliseconds: as long
/// as the longest chart.
const SILENT_FOR_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// Records traffic as metrics.
///
/// Emulated time runs `speed` times as fast as the requests come, so counts are multiplied by
/// it: with 5 requests in a real second at speed 20, 100 are recorded for 20 emulated seconds, and
/// the rate is the real one, 5 a second.
#[derive(Debug)]
pub struct TrafficRecorder {
    metrics: Metrics,
    project: String,
    speed: u64,
    /// When each series last had traffic.
    active: HashMap<(TrafficLabels, u16), Timestamp>,
}

impl TrafficRecorder {
    /// A recorder for the balancer of one local cloud.
    pub fn new(metrics: Metrics, project: impl Into<String>, speed: u32) -> Self {
        let project = project.into();
        Self {
            metrics,
            project,
            speed: u64::from(speed.max(1)),
            active: HashMap::new(),
        }
    }

    /// Records what was taken since the last call, as the change up to `at`.
    ///
    /// A series that had traffic before and has none now gets a zero: otherwise its last rate would
    /// stand until the next request.
    pub fn record(&mut self, at: Timestamp, taken: &[Traffic]) {
        for traffic in taken {
            self.active
                .insert((traffic.labels.clone(), traffic.response_code), at);
            self.record_one(at, traffic);
        }
        self.active.retain(|_, last| at.0 - last.0 <= SILENT_FOR_MS);
        for ((labels, code), last) in &self.active {
            if *last != at {
                self.count(at, labels, *code, 0);
            }
        }
    }

    fn record_one(&self, at: Timestamp, traffic: &Traffic) {
        let (labels, code) = (&traffic.labels, traffic.response_code);
        self.count(at, labels, code, traffic.count);
        self.number(
            at,
            labels,
            code,
            "request_bytes_count",
            traffic.request_bytes,
        );
        self.number(
            at,
            labels,
            code,
            "response_bytes_count",
            traffic.response_bytes,
        );
        self.latencies(at, labels, code, "total_latencies", &traffic.total_latency);
        self.latencies(
            at,
            labels,
            code,
            "backend_latencies",
            &traffic.backend_latency,
        );
    }

    fn count(&self, at: Timestamp, labels: &TrafficLabels, code: u16, count: u64) {
        self.number(at, labels, code, "request_count", count);
    }

    /// Records a number for the whole exchange, and for the part of a backend if it had one.
    fn number(&self, at: Timestamp, labels: &TrafficLabels, code: u16, metric: &str, number: u64) {
        let value = Value::Int64((number * self.speed) as i64);
        let of = |metric: &str| self.series(metric, labels, code);
        self.metrics.record(at, &of(metric), value.clone());
        if !labels.group.is_empty() {
            let of_backend = of(&format!("backend_{metric}"));
            self.metrics.record(at, &of_backend, value);
        }
    }

    fn latencies(
        &self,
        at: Timestamp,
        labels: &TrafficLabels,
        code: u16,
        metric: &str,
        latencies: &Latencies,
    ) {
        if latencies.count() == 0 {
            return;
        }
        let value = Value::Distribution(Distribution {
            bounds: LATENCY_BOUNDS_MS.clone(),
            counts: latencies
                .counts
                .iter()
                .map(|count| count * self.speed)
                .collect(),
            sum: latencies.sum_ms * self.speed as f64,
        });
        self.metrics
            .record(at, &self.series(metric, labels, code), value);
    }

    fn series(&self, metric: &str, labels: &TrafficLabels, code: u16) -> SeriesKey {
        SeriesKey {
            metric_type: format!("loadbalancing.googleapis.com/https/{metric}"),
            metric_labels: metric_labels(code),
            resource_type: "https_lb_rule".to_owned(),
            resource_labels: resource_labels(&self.project, labels),
            system_labels: BTreeMap::new(),
            kind: MetricKind::Delta,
        }
    }
}

fn metric_labels(code: u16) -> BTreeMap<String, String> {
    label_map([
        ("response_code", &code.to_string()),
        // The class of 404 is 400; an exchange without an answer has code and class 0.
        ("response_code_class", &(code / 100 * 100).to_string()),
        ("cache_result", "DISABLED"),
        ("protocol", "HTTP/1.1"),
    ])
}

fn resource_labels(project: &str, labels: &TrafficLabels) -> BTreeMap<String, String> {
    let or_none = |name: &str, none: &str| match name {
        "" => none.to_owned(),
        name => name.to_owned(),
    };
    // A region is named like us-central1, a zone like us-central1-a.
    let scope_type = match labels.zone.matches('-').count() {
        0 => "INVALID_BACKEND",
        1 => "REGION",
        _ => "ZONE",
    };
    label_map([
        ("project_id", project),
        ("region", "global"),
        ("forwarding_rule_name", last_segment(&labels.rule)),
        ("target_proxy_name", &labels.target_proxy),
        ("url_map_name", &labels.url_map),
        (
            "matched_url_path_rule",
            &or_none(&labels.path_rule, "UNMATCHED"),
        ),
        (
            "backend_target_name",
            &or_none(last_segment(&labels.service), "NO_BACKEND_SELECTED"),
        ),
        ("backend_target_type", "BACKEND_SERVICE"),
        (
            "backend_name",
            &or_none(&labels.group, "NO_BACKEND_SELECTED"),
        ),
        ("backend_type", "INSTANCE_GROUP"),
        ("backend_scope", &or_none(&labels.zone, "INVALID_BACKEND")),
        ("backend_scope_type", scope_type),
    ])
}

fn label_map<const N: usize>(labels: [(&str, &str); N]) -> BTreeMap<String, String> {
    labels
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}
