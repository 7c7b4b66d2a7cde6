#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use super::*;

fn key(name: &str) -> SeriesKey {
    SeriesKey {
        metric_type: "compute.googleapis.com/instance/cpu/utilization".into(),
        metric_labels: BTreeMap::from([("instance_name".into(), name.into())]),
        resource_type: "gce_instance".into(),
        resource_labels: BTreeMap::new(),
        system_labels: BTreeMap::new(),
        kind: MetricKind::Gauge,
    }
}

async fn all(metrics: &Metrics) -> Vec<Selected> {
    metrics
        .select(|_| true, Timestamp(i64::MIN + 60_000), Timestamp(i64::MAX))
        .await
        .unwrap()
}

fn total(series: &Selected) -> (u64, f64) {
    series
        .points
        .iter()
        .fold((0, 0.0), |(count, sum), point| match &point.value {
            Aggregate::Numbers(numbers) => (count + numbers.count, sum + numbers.sum),
            Aggregate::Distribution(_) => (count, sum),
        })
}

#[tokio::test]
async fn every_point_is_counted_once_whether_raw_or_rolled_up() {
    let dir = tempfile::tempdir().unwrap();
    let metrics = Metrics::open(Store::open(dir.path(), "p").unwrap())
        .await
        .unwrap();
    // Two hours of a point every ten seconds: the first hour has left the ring.
    for n in 0..720 {
        assert!(metrics.record(
            Timestamp(1_000_000_007 + n * 10_000),
            &key("a"),
            Value::Double(1.0)
        ));
        if n % 50 == 0 {
            metrics.flush().await.unwrap();
        }
    }
    metrics.flush().await.unwrap();
    let found = all(&metrics).await;
    assert_eq!(total(&found[0]), (720, 720.0));
    assert!(found[0].points.len() < 720 && found[0].points.len() > 400);
    assert!(found[0].points.is_sorted_by(|a, b| a.end < b.end));
}

#[tokio::test]
async fn rollups_survive_a_restart_inside_a_minute() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), "p").unwrap();
    let metrics = Metrics::open(store).await.unwrap();
    let start = 60_000 * 1000;
    metrics.record(Timestamp(start + 10_000), &key("a"), Value::Double(1.0));
    metrics.flush().await.unwrap();
    drop(metrics);

    let metrics = Metrics::open(Store::open(dir.path(), "p").unwrap())
        .await
        .unwrap();
    for second in 61..=130 {
        metrics.record(
            Timestamp(start + second * 1000),
            &key("a"),
            Value::Double(1.0),
        );
    }
    metrics.flush().await.unwrap();
    let found = all(&metrics).await;
    assert_eq!(total(&found[0]), (71, 71.0));
}

#[tokio::test]
async fn a_point_that_is_not_newer_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let metrics = Metrics::open(Store::open(dir.path(), "p").unwrap())
        .await
        .unwrap();
    assert!(metrics.record(Timestamp(5_000), &key("a"), Value::Double(1.0)));
    assert!(!metrics.record(Timestamp(5_000), &key("a"), Value::Double(1.0)));
    assert!(!metrics.record(Timestamp(6_000), &key("a"), Value::Int64(1)));
    assert!(metrics.record(Timestamp(4_000), &key("b"), Value::Double(1.0)));
}

#[test]
fn a_quantile_lies_inside_its_bucket() {
    let mut latencies = Distribution::empty(vec![1.0, 2.0, 4.0, 8.0]);
    for value in [0.5, 1.5, 1.5, 3.0, 3.0, 3.0, 3.0, 5.0, 5.0, 100.0] {
        latencies.add(value);
    }
    assert_eq!(latencies.counts, [1, 2, 4, 2, 1]);
    assert_eq!(latencies.quantile(0.5), Some(3.0));
    assert_eq!(latencies.quantile(0.9), Some(8.0));
    assert_eq!(latencies.quantile(1.0), Some(8.0));
    assert_eq!(Distribution::empty(vec![1.0]).quantile(0.5), None);
}
