//! What the balancer counts.

use crate::support::*;
use gce_emulator::balancer::{Balancer, Traffic, TrafficLabels};
use http::{Method, StatusCode};

/// Everything counted once `count` requests have been.
///
/// A request is counted when it is over, which is a moment after its client has the answer.
async fn taken(balancer: &Balancer, count: u64) -> Vec<Traffic> {
    let mut taken = Vec::new();
    let all = async {
        while taken
            .iter()
            .map(|traffic: &Traffic| traffic.count)
            .sum::<u64>()
            < count
        {
            taken.extend(balancer.take_traffic());
            tokio::task::yield_now().await;
        }
    };
    guarded("the requests to be counted", all).await;
    taken
}

#[tokio::test]
async fn requests_are_counted_under_their_whole_chain_and_only_once() {
    let a = Instance::start("a");
    let (balancer, site) = balancer(unchecked(vec![a.backend()]));
    send(site, Method::POST, "/echo", "12345").await;
    let traffic = taken(&balancer, 1).await.remove(0);
    let labels = TrafficLabels {
        rule: RULE.to_owned(),
        target_proxy: "proxy".to_owned(),
        url_map: "map".to_owned(),
        path_rule: String::new(),
        service: "service".to_owned(),
        group: "group".to_owned(),
        zone: "us-central1-a".to_owned(),
    };
    assert_eq!(traffic.labels, labels);
    assert_eq!((traffic.response_code, traffic.request_bytes), (200, 5));
    assert!(traffic.response_bytes > 0);
    assert_eq!(traffic.total_latency.count(), 1);
    assert_eq!(traffic.backend_latency.count(), 1);
    assert!(traffic.backend_latency.sum_ms <= traffic.total_latency.sum_ms);
    assert_eq!(balancer.take_traffic(), []);
}

#[tokio::test]
async fn a_request_that_reached_no_backend_is_counted_without_a_group() {
    let (balancer, site) = balancer(unchecked(vec![]));
    assert_eq!(
        get_page(site, "/").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    let traffic = taken(&balancer, 1).await.remove(0);
    assert_eq!((traffic.response_code, &*traffic.labels.group), (503, ""));
    assert_eq!(traffic.backend_latency.count(), 0);
}

#[tokio::test]
async fn a_new_table_loses_no_count() {
    let a = Instance::start("a");
    let (balancer, site) = balancer(unchecked(vec![a.backend()]));
    for _ in 0..100 {
        get_page(site, "/").await;
        balancer
            .apply(&table(unchecked(vec![a.backend()])))
            .unwrap();
    }
    balancer
        .apply(&gce_emulator::balancer::RoutingTable::default())
        .unwrap();
    let taken = taken(&balancer, 100).await;
    assert_eq!(taken.iter().map(|traffic| traffic.count).sum::<u64>(), 100);
}

mod as_metrics {
    //! The same counts in the store's metrics.

    use autoscaler::Timestamp;
    use gce_emulator::balancer::TrafficRecorder;
    use gce_emulator::metrics::{Aggregate, Metrics, Selected};
    use gce_emulator::store::Store;

    use super::*;

    async fn select(metrics: &Metrics, metric: &str) -> Vec<Selected> {
        let name = format!("loadbalancing.googleapis.com/https/{metric}");
        let all = (Timestamp(0), Timestamp(i64::MAX / 2));
        metrics
            .select(|key| key.metric_type == name, all.0, all.1)
            .await
            .unwrap()
    }

    fn sum(value: &Aggregate) -> f64 {
        match value {
            Aggregate::Numbers(numbers) => numbers.sum,
            Aggregate::Distribution(distribution) => distribution.counts.iter().sum::<u64>() as f64,
        }
    }

    #[tokio::test]
    async fn a_rate_over_emulated_seconds_is_the_real_rate_and_silence_is_zero() {
        let dir = tempfile::tempdir().unwrap();
        let metrics = Metrics::open(Store::open(dir.path(), "p").unwrap())
            .await
            .unwrap();
        let mut recorder = TrafficRecorder::new(metrics.clone(), "p", 20);
        let a = Instance::start("a");
        let (balancer, site) = balancer(unchecked(vec![a.backend()]));
        for _ in 0..3 {
            get_page(site, "/echo").await;
        }
        // A request is counted before it stops being in flight.
        until("the requests to be over", || balancer.in_flight("a") == 0).await;
        recorder.record(Timestamp(20_000), &balancer.take_traffic());
        recorder.record(Timestamp(40_000), &[]);

        for metric in ["request_count", "backend_request_count"] {
            let [series] = &select(&metrics, metric).await[..] else {
                panic!("one series")
            };
            let sums: Vec<f64> = series
                .points
                .iter()
                .map(|point| sum(&point.value))
                .collect();
            assert_eq!(sums, [60.0, 0.0], "{metric}");
            assert_eq!(series.key.metric_labels["response_code_class"], "200");
            assert_eq!(series.key.resource_labels["backend_name"], "group");
            assert_eq!(series.key.resource_labels["backend_scope_type"], "ZONE");
        }
        for metric in ["response_bytes_count", "backend_response_bytes_count"] {
            let [series] = &select(&metrics, metric).await[..] else {
                panic!("one series")
            };
            let bytes = sum(&series.points[0].value);
            // Whole bytes, at twenty times the speed. What a head echoes differs in length by its trace.
            assert!(bytes > 0.0 && bytes % 20.0 == 0.0, "{metric}: {bytes}");
        }
        for metric in ["total_latencies", "backend_latencies"] {
            let [series] = &select(&metrics, metric).await[..] else {
                panic!("one series")
            };
            let counts: Vec<f64> = series
                .points
                .iter()
                .map(|point| sum(&point.value))
                .collect();
            assert_eq!(counts, [60.0], "{metric}");
        }
    }
}
