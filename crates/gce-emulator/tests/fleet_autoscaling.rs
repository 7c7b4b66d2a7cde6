//! The autoscaler loop over real programs.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::collections::BTreeMap;

use gce_emulator::{
    metrics::{self, MetricKind, SeriesKey},
    resource::{Key, Kind},
};
use serde_json::{Value, json};
use support::{Cloud, PROGRAM, ZONE, get, group, wait_until};

fn autoscaler() -> Key {
    Key::zonal(Kind::Autoscaler, ZONE, "web")
}

async fn autoscale(cloud: &Cloud, policy: Value) {
    let body = json!({"target": group().url("p"), "autoscalingPolicy": policy});
    cloud.put(autoscaler(), body).await;
}

fn target_size(cloud: &Cloud) -> i64 {
    cloud
        .store
        .get(&group())
        .unwrap()
        .number("targetSize")
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn load_grows_a_group_and_rest_shrinks_it() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    cloud.group(1).await;
    let policy = json!({
        "minNumReplicas": 1, "maxNumReplicas": 3, "coolDownPeriodSec": 60,
        "stabilizationPeriodSec": 600, "cpuUtilization": {"utilizationTarget": 0.5},
    });
    autoscale(&cloud, policy).await;
    let machine = cloud.wait_for_running(1).await.remove(0);
    let addr = machine.listens.unwrap().addr;
    wait_until("an answer", || get(addr, "/burn").is_some()).await;
    wait_until("growth", || target_size(&cloud) > 1).await;
    cloud
        .wait_for("a second instance", |machines| machines.len() > 1)
        .await;

    let grown = cloud.log("compute.autoscalers.resize").await.remove(0);
    let payload = &grown.body["protoPayload"];
    assert_eq!(
        payload["resourceName"],
        "projects/p/zones/us-central1-a/autoscalers/web"
    );
    let explanation = &payload["metadata"];
    assert_eq!(
        explanation["@type"],
        "type.googleapis.com/autoscaler.AutoscalerSizeChangeExplanation"
    );
    assert_eq!(
        (
            explanation["oldSize"].as_i64(),
            explanation["autoscalingMode"].as_str()
        ),
        (Some(1), Some("ON"))
    );
    let signal = &explanation["autoscalingReason"]["scalingSignal"];
    assert!(
        signal["calculationDetails"]["signalValue"]
            .as_f64()
            .unwrap()
            > 0.5
    );
    assert!(
        !explanation["autoscalingReason"]["summary"]
            .as_str()
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        grown.body["resource"]["labels"]["instance_group_manager_name"],
        "web"
    );

    // The busy one dies and comes back idle.
    get(addr, "/exit");
    wait_until("rest", || target_size(&cloud) == 1).await;
    cloud.wait_for_running(1).await;
    let stored = cloud.store.get(&autoscaler()).unwrap();
    assert_eq!(
        (stored.text("status"), stored.number("recommendedSize")),
        (Some("ACTIVE"), Some(1))
    );
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn raised_bounds_are_obeyed_at_once_and_logged() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    cloud.group(1).await;
    let policy = |min: u32| json!({"minNumReplicas": min, "maxNumReplicas": 3, "cpuUtilization": {"utilizationTarget": 0.5}});
    autoscale(&cloud, policy(1)).await;
    cloud.wait_for_running(1).await;
    cloud
        .set(&autoscaler(), "autoscalingPolicy", policy(3))
        .await;
    cloud.wait_for_running(3).await;
    let entries = cloud.log("compute.autoscalers.resize").await;
    assert_eq!(
        entries.last().unwrap().body["protoPayload"]["metadata"]["newSize"],
        3
    );
    let statuses = cloud.log("compute.autoscalers.changeStatus").await;
    assert_eq!(
        statuses.last().unwrap().body["protoPayload"]["metadata"]["oldStatus"]["details"],
        "OK"
    );
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_mode_off_sizes_are_recommended_and_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    cloud.group(1).await;
    let policy = json!({"mode": "OFF", "minNumReplicas": 2, "maxNumReplicas": 3, "cpuUtilization": {"utilizationTarget": 0.5}});
    autoscale(&cloud, policy).await;
    wait_until("a recommendation", || {
        cloud
            .store
            .get(&autoscaler())
            .unwrap()
            .number("recommendedSize")
            == Some(2)
    })
    .await;
    assert_eq!(target_size(&cloud), 1);
    assert!(cloud.fleet.hold(&autoscaler()).is_some());
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_group_is_an_error_of_its_autoscaler() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    autoscale(&cloud, json!({"maxNumReplicas": 3})).await;
    wait_until("the status", || {
        cloud.store.get(&autoscaler()).unwrap().text("status") == Some("ERROR")
    })
    .await;
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_groups_and_autoscalers_are_measured() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    cloud.group(2).await;
    autoscale(&cloud, json!({"minNumReplicas": 2, "maxNumReplicas": 3, "cpuUtilization": {"utilizationTarget": 0.5}})).await;
    let machines = cloud.wait_for_running(2).await;
    let metrics = cloud.metrics.clone();
    let wanted = [
        ("compute.googleapis.com/instance/cpu/utilization", 2),
        ("compute.googleapis.com/instance/cpu/reserved_cores", 2),
        ("compute.googleapis.com/instance/uptime", 2),
        ("compute.googleapis.com/instance_group/size", 1),
        ("autoscaler.googleapis.com/recommended_size", 1),
        ("autoscaler.googleapis.com/configured_min_size", 1),
        ("autoscaler.googleapis.com/configured_max_size", 1),
        ("autoscaler.googleapis.com/current_utilization", 1),
        ("autoscaler.googleapis.com/capacity", 1),
    ];
    for (name, count) in wanted {
        let deadline = tokio::time::Instant::now() + support::HANG;
        loop {
            let (from, to) = (autoscaler::Timestamp(0), cloud.clock.now());
            let found = metrics
                .select(|key| key.metric_type == name, from, to)
                .await
                .unwrap();
            if found.len() == count {
                break;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "{name}: {} series",
                found.len()
            );
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
    let (from, to) = (autoscaler::Timestamp(0), cloud.clock.now());
    let cpu = metrics
        .select(|key| key.metric_type.ends_with("cpu/utilization"), from, to)
        .await
        .unwrap();
    for series in cpu {
        assert_eq!(series.key.system_labels["instance_group"], "web");
        let name = &series.key.metric_labels["instance_name"];
        assert!(machines.iter().any(|machine| machine.key.name == *name));
    }
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forecast_is_made_of_the_demand_on_record() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    cloud.group(1).await;
    let policy = |method: &str| {
        json!({
            "minNumReplicas": 1, "maxNumReplicas": 5,
            "cpuUtilization": {"utilizationTarget": 0.5, "predictiveMethod": method},
        })
    };
    autoscale(&cloud, policy("NONE")).await;
    cloud.wait_for_running(1).await;
    // For four days the group was as busy as one instance and a fifth.
    let id = cloud.store.get(&autoscaler()).unwrap().id.to_string();
    let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let series = SeriesKey {
        metric_type: "autoscaler.googleapis.com/current_utilization".into(),
        metric_labels: [label("metric_type", "cpu")].into(),
        resource_type: "autoscaler".into(),
        resource_labels: [label("autoscaler_id", &id)].into(),
        system_labels: BTreeMap::new(),
        kind: MetricKind::Gauge,
    };
    let (now, step) = (cloud.clock.now().0, 5 * 60_000);
    for ago in (1..4 * 24 * 12).rev() {
        let at = autoscaler::Timestamp(now - ago * step);
        cloud
            .metrics
            .record(at, &series, metrics::Value::Double(1.2));
    }
    cloud.metrics.flush().await.unwrap();

    let predicts = policy("OPTIMIZE_AVAILABILITY");
    cloud
        .set(&autoscaler(), "autoscalingPolicy", predicts)
        .await;
    wait_until("the forecast", || target_size(&cloud) == 3).await;
    let grown = cloud.log("compute.autoscalers.resize").await;
    let reason = &grown.last().unwrap().body["protoPayload"]["metadata"]["autoscalingReason"];
    assert_eq!(reason["scalingSignal"]["name"], "PREDICTED_CPU_UTILIZATION");
    cloud.shutdown().await;
}
