//! Instances without programs, and the load that is given to their groups.

use reqwest::Method;
use serde_json::{Value, json};

use crate::cloud::{Cloud, ZONE};

const LOAD: &str = "/_emulator/load";

fn group() -> String {
    format!("zones/{ZONE}/instanceGroupManagers/m")
}

async fn simulated(manual: bool) -> Cloud {
    Cloud::with(|config| {
        config.conditions.simulated = true;
        config.conditions.manual = manual;
    })
    .await
}

async fn advance(cloud: &Cloud, seconds: u32) {
    let path = format!("/_emulator/advance?seconds={seconds}");
    let (status, answer) = cloud.rpc(&path, Value::Null).await;
    assert_eq!(status, 200, "{answer}");
}

async fn give(cloud: &Cloud, cores: f64) {
    let load = json!({"group": group(), "cores": cores});
    let (status, answer) = cloud.rpc(LOAD, load).await;
    assert_eq!(status, 200, "{answer}");
}

async fn autoscale(cloud: &Cloud, most: u32) {
    let policy = json!({"minNumReplicas": 2, "maxNumReplicas": most,
        "cpuUtilization": {"utilizationTarget": 0.5}});
    let body = json!({"name": "a", "target": group(), "autoscalingPolicy": policy});
    cloud.post(&format!("zones/{ZONE}/autoscalers"), body).await;
}

async fn instances(cloud: &Cloud) -> Vec<Value> {
    let answer = cloud.request(Method::GET, "/_emulator/instances").send();
    let answer: Value = answer.await.unwrap().json().await.unwrap();
    answer.as_array().unwrap().clone()
}

#[tokio::test]
async fn an_autoscaler_follows_the_load_that_is_given() {
    let cloud = simulated(true).await;
    cloud.group(2).await;
    autoscale(&cloud, 60).await;
    // An e2-micro is a quarter of a core: half of forty of them.
    give(&cloud, 5.0).await;
    advance(&cloud, 1800).await;
    assert_eq!(cloud.get(&group()).await["targetSize"], 40);
    assert_eq!(cloud.get(&group()).await["status"]["isStable"], true);
    let running = instances(&cloud).await;
    assert_eq!(running.len(), 40);
    for instance in &running {
        assert_eq!(instance["state"], "RUNNING");
        assert_eq!(
            (&instance["pid"], &instance["port"]),
            (&Value::Null, &Value::Null)
        );
    }
    give(&cloud, 1.0).await;
    advance(&cloud, 1800).await;
    assert_eq!(cloud.get(&group()).await["targetSize"], 8);
    assert_eq!(instances(&cloud).await.len(), 8);
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_simulated_instance_can_be_rolled_recreated_and_refused_like_any_other() {
    let cloud = simulated(true).await;
    cloud.group(3).await;
    advance(&cloud, 20).await;
    let before = instances(&cloud).await;
    let name = before[0]["name"].as_str().unwrap();
    let path = format!("{}/recreateInstances", group());
    let instance = format!("zones/{ZONE}/instances/{name}");
    cloud.post(&path, json!({"instances": [instance]})).await;
    advance(&cloud, 1).await;
    let created = |instances: &[Value]| instances[0]["state"].clone();
    assert_eq!(created(&instances(&cloud).await), "PROVISIONING");
    let stockout = json!({"type": "stockout", "zone": "*"});
    assert_eq!(cloud.rpc("/_emulator/faults", stockout).await.0, 200);
    advance(&cloud, 20).await;
    assert_ne!(created(&instances(&cloud).await), "RUNNING");
    let removed = cloud.request(Method::DELETE, "/_emulator/faults/1").send();
    assert_eq!(removed.await.unwrap().status(), 200);
    advance(&cloud, 120).await;
    let after = instances(&cloud).await;
    assert!(
        after.iter().all(|one| one["state"] == "RUNNING"),
        "{after:?}"
    );
    cloud.emulator.shutdown().await;
}

async fn loads(cloud: &Cloud) -> Value {
    let answer = cloud.request(Method::GET, LOAD).send().await.unwrap();
    answer.json().await.unwrap()
}

#[tokio::test]
async fn a_load_ends_with_its_group() {
    let cloud = simulated(true).await;
    cloud.group(1).await;
    give(&cloud, 5.0).await;
    assert_eq!(loads(&cloud).await["loads"][0]["cores"], 5.0);
    cloud.delete(&group()).await;
    advance(&cloud, 600).await;
    assert_eq!(loads(&cloud).await["loads"], json!([]));
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_load_that_cannot_be_is_refused_and_changes_nothing() {
    let cloud = simulated(false).await;
    cloud.group(1).await;
    for (load, status, word) in [
        (json!({"cores": 1}), 400, "group"),
        (json!({"group": group()}), 400, "cores"),
        (
            json!({"group": group(), "cores": -1}),
            400,
            "from 0 to 1000000",
        ),
        (json!({"group": group(), "cores": "2"}), 400, "cores"),
        (
            json!({"group": "m", "cores": 1}),
            400,
            "managed instance group",
        ),
        (
            json!({"group": format!("{}x", group()), "cores": 1}),
            404,
            "was not found",
        ),
    ] {
        let (answered, answer) = cloud.rpc(LOAD, load).await;
        assert_eq!(answered, status, "{answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(word), "{message}");
    }
    let listed = cloud.request(Method::GET, LOAD).send().await.unwrap();
    assert_eq!(listed.json::<Value>().await.unwrap(), json!({"loads": []}));
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn processes_cannot_be_given_a_load() {
    let cloud = Cloud::start().await;
    cloud.group(1).await;
    let load = json!({"group": group(), "cores": 1});
    let (status, answer) = cloud.rpc(LOAD, load).await;
    assert_eq!(status, 412, "{answer}");
    cloud.emulator.shutdown().await;
}
