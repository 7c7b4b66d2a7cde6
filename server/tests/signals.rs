//! What instances write to Monitoring about themselves, and what an autoscaler makes of it.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::{FORM, LocalCloud, ask, get, log_in, time_series, until};

const NAMES: [&str; 4] = [
    "memory_utilization",
    "requests_per_second",
    "p95_latency",
    "queue_time",
];

/// The series of one of the metrics, as Monitoring's API lists them.
fn series(cloud: &LocalCloud, name: &str) -> Vec<Value> {
    let filter = format!("metric.type=\"custom.googleapis.com/flaskscale/{name}\"");
    time_series(cloud.api, &filter)
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

/// A page of the console, as whoever is logged in sees it.
fn page(cloud: &LocalCloud, cookie: &str, path: &str) -> String {
    let answer = ask(cloud.site, "GET", path, &[("cookie", cookie)], "").unwrap();
    assert_eq!(answer.status, 200, "{path}");
    answer.body
}

/// Posts the form with a target for requests a second, as a browser without a script does.
fn follow_requests(cloud: &LocalCloud, cookie: &str, target: &str) {
    let group = "/admin/groups/us-central1-a/flaskscale";
    let form = page(cloud, cookie, group);
    let (_, base) = form.split_once("name=\"base\" value=\"").unwrap();
    let base = base.split('"').next().unwrap();
    let body = format!(
        "group=us-central1-a%2Fflaskscale&base={base}&mode=&min=&max=&cpu=&init=&stabilization=\
         &requests={target}&note="
    );
    let headers = [FORM, ("cookie", cookie), ("sec-fetch-site", "same-origin")];
    let answer = ask(
        cloud.site,
        "POST",
        "/api/admin/policy/apply",
        &headers,
        &body,
    )
    .unwrap();
    let place = answer.header("location").unwrap_or_default();
    assert!(place.contains("applied="), "{} {place}", answer.status);
}

fn followed(cloud: &LocalCloud) -> Value {
    let autoscalers = cloud.api_json("zones/us-central1-a/autoscalers");
    autoscalers["items"][0]["autoscalingPolicy"]["customMetricUtilizations"].clone()
}

#[test]
fn a_group_follows_the_requests_that_its_instances_count() {
    let state = tempfile::tempdir().unwrap();
    let cloud = LocalCloud::start(state.path());
    let cookie = log_in(cloud.site, cloud.password.as_deref().unwrap()).unwrap();
    follow_requests(&cloud, &cookie, "2");
    let entry = json!({
        "metric": "custom.googleapis.com/flaskscale/requests_per_second",
        "utilizationTarget": 2.0,
        "utilizationTargetType": "GAUGE",
    });
    assert_eq!(followed(&cloud), json!([entry]));

    until("a larger group", || {
        assert_eq!(get(cloud.site, "/").unwrap().status, 200);
        let groups = cloud.api_json("zones/us-central1-a/instanceGroupManagers");
        (groups["items"][0]["targetSize"].as_u64().unwrap() > 2).then_some(())
    });
    let history = page(&cloud, &cookie, "/admin/groups/us-central1-a/flaskscale");
    assert!(
        history.contains("custom.googleapis.com/flaskscale/requests_per_second"),
        "{history}"
    );

    follow_requests(&cloud, &cookie, "off");
    assert_eq!(followed(&cloud), Value::Null);
    cloud.stop();
}
