//! What instances write to Monitoring about themselves, and what an autoscaler makes of it.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::{LocalCloud, get, until};

const NAMES: [&str; 4] = [
    "memory_utilization",
    "requests_per_second",
    "p95_latency",
    "queue_time",
];

/// The series of one of the metrics, as Monitoring's API lists them.
fn series(cloud: &LocalCloud, name: &str) -> Vec<Value> {
    let path = format!(
        "/v3/projects/flaskscale-local/timeSeries?interval.startTime=2000-01-01T00:00:00Z\
         &interval.endTime=2100-01-01T00:00:00Z\
         &filter=metric.type%3D%22custom.googleapis.com%2Fflaskscale%2F{name}%22"
    );
    let answer = get(cloud.api, &path).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    answer["timeSeries"].as_array().cloned().unwrap_or_default()
}

fn newest(series: &Value) -> f64 {
    series["points"][0]["value"]["doubleValue"]
        .as_f64()
        .unwrap()
}

#[test]
fn every_instance_writes_its_four_metrics_under_its_own_id() {
    let state = tempfile::tempdir().unwrap();
    let cloud = LocalCloud::start(state.path());
    let instances = cloud.api_json("aggregated/instances");
    let ids: BTreeSet<String> = instances["items"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|zone| zone["instances"].as_array().cloned().unwrap_or_default())
        .map(|instance| instance["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 2);
    for name in NAMES {
        let found = until(name, || {
            let found = series(&cloud, name);
            let several = |series: &Value| series["points"].as_array().unwrap().len() > 1;
            (found.len() == 2 && found.iter().all(several)).then_some(found)
        });
        for series in &found {
            let resource = &series["resource"];
            assert_eq!(resource["type"], "gce_instance");
            assert!(ids.contains(resource["labels"]["instance_id"].as_str().unwrap()));
            assert!(resource["labels"]["zone"].is_string());
            assert!(newest(series) >= 0.0);
        }
    }
    let memory: Vec<f64> = series(&cloud, NAMES[0]).iter().map(newest).collect();
    assert!(
        memory.iter().all(|share| *share > 0.001 && *share < 1.0),
        "a share of the machine type's memory: {memory:?}"
    );
    cloud.stop();
}

#[test]
fn requests_are_counted_and_health_checks_are_not() {
    let state = tempfile::tempdir().unwrap();
    let cloud = LocalCloud::start(state.path());
    until("a first point of both", || {
        (series(&cloud, NAMES[1]).len() == 2).then_some(())
    });
    // Probes have come all the while.
    let quiet: Vec<f64> = series(&cloud, NAMES[1]).iter().map(newest).collect();
    assert!(quiet.iter().all(|rate| *rate < 1.0), "{quiet:?}");
    until("requests in Monitoring", || {
        assert_eq!(get(cloud.site, "/").unwrap().status, 200);
        let busy: f64 = series(&cloud, NAMES[1]).iter().map(newest).sum();
        let latency: f64 = series(&cloud, NAMES[2]).iter().map(newest).sum();
        (busy > 5.0 && latency > 0.0).then_some(())
    });
    cloud.stop();
}
