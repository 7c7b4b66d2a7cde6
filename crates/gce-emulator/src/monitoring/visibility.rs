//! How late Google shows a metric.

use autoscaler::Timestamp;

/// Emulated milliseconds after its sampling for which a point cannot be read yet, by the beginning
/// of the metric's type (Google Cloud metrics, "not visible for up to"). A caller's own metrics
/// are visible at once.
const DELAYS_MS: &[(&str, i64)] = &[
    ("autoscaler.googleapis.com/", 190_000),
    ("compute.googleapis.com/instance/uptime_total", 120_000),
    ("compute.googleapis.com/", 240_000),
    ("loadbalancing.googleapis.com/", 90_000),
];

/// The newest instant of a metric that can be read at `now`.
pub(super) fn visible_until(metric_type: &str, now: Timestamp) -> Timestamp {
    let found = DELAYS_MS
        .iter()
        .find(|(begin, _)| metric_type.starts_with(begin));
    Timestamp(now.0 - found.map_or(0, |(_, delay)| *delay))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_as_late_as_google_says_and_a_callers_own_is_not() {
        for (metric, seconds) in [
            ("compute.googleapis.com/instance/uptime_total", 120),
            ("compute.googleapis.com/instance/cpu/utilization", 240),
            ("autoscaler.googleapis.com/capacity", 190),
            ("loadbalancing.googleapis.com/https/request_count", 90),
            ("custom.googleapis.com/queue", 0),
        ] {
            let until = visible_until(metric, Timestamp(1_000_000));
            assert_eq!(until.0, 1_000_000 - seconds * 1000, "{metric}");
        }
    }
}
