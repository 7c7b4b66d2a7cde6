//! What goes wrong on demand, and gets well again.

use reqwest::Method;
use serde_json::{Value, json};

use crate::cloud::{Cloud, ZONE};

const FAULTS: &str = "/_emulator/faults";

/// Switches a fault on; its number.
async fn on(cloud: &Cloud, fault: Value) -> String {
    let (status, answer) = cloud.rpc(FAULTS, fault).await;
    assert_eq!(status, 200, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

async fn off(cloud: &Cloud, id: &str) {
    let path = format!("{FAULTS}/{id}");
    let answer = cloud.request(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

fn manager() -> String {
    format!("zones/{ZONE}/instanceGroupManagers/m")
}

async fn inspected(cloud: &Cloud) -> Vec<Value> {
    let answer = cloud
        .request(Method::GET, "/_emulator/instances")
        .send()
        .await
        .unwrap();
    answer.json().await.unwrap()
}

/// Waits for an error of this code in `listErrors`.
async fn reported(cloud: &Cloud, code: &str) -> Value {
    let path = format!("{}/listErrors", manager());
    let wanted = |error: &&Value| error["error"]["code"] == code;
    let errors = cloud
        .until(&path, |answer| {
            answer["items"]
                .as_array()
                .is_some_and(|items| items.iter().any(|item| wanted(&item)))
        })
        .await;
    errors["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(wanted)
        .unwrap()
        .clone()
}

#[tokio::test]
async fn calls_fail_as_they_do_at_google_while_the_fault_is_on() {
    let cloud = Cloud::start().await;
    for (error, status, reason) in [
        ("tooManyRequests", 429, "rateLimitExceeded"),
        ("quotaExceeded", 403, "rateLimitExceeded"),
        ("internalError", 500, "backendError"),
        ("unavailable", 503, "backendError"),
    ] {
        let fault = json!({"type": "apiError", "method": "compute.zones.*", "error": error});
        let id = on(&cloud, fault).await;
        let (given, _) = cloud.refused(Method::GET, "zones", None, status).await;
        assert_eq!(given, reason);
        cloud.get("regions").await;
        off(&cloud, &id).await;
        cloud.get("zones").await;
    }
    on(
        &cloud,
        json!({"type": "apiError", "method": "logging.*", "error": "unavailable"}),
    )
    .await;
    let (status, answer) = cloud.rpc("/v2/entries:list", json!({})).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["status"]),
        (503, &json!("UNAVAILABLE"))
    );
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_fault_that_cannot_be_is_refused_and_changes_nothing() {
    let cloud = Cloud::start().await;
    for (fault, word) in [
        (json!({"type": "earthquake"}), "earthquake"),
        (
            json!({"type": "apiError", "error": "unavailable", "rate": 7}),
            "rate",
        ),
        (json!({"type": "crash"}), "instance"),
    ] {
        let (status, answer) = cloud.rpc(FAULTS, fault).await;
        assert_eq!(status, 400);
        assert!(
            answer["error"]["message"].as_str().unwrap().contains(word),
            "{answer}"
        );
    }
    let listed: Value = cloud
        .request(Method::GET, FAULTS)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(listed, json!({"faults": []}));
    let foreign = cloud
        .request(Method::POST, FAULTS)
        .header("origin", "http://evil.example");
    let refused = foreign
        .json(&json!({"type": "quota", "instances": 0}))
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 403);
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_zone_without_machines_is_reported_and_gets_better() {
    let cloud = Cloud::start().await;
    let id = on(&cloud, json!({"type": "stockout", "zone": ZONE})).await;
    cloud.group(1).await;
    let error = reported(&cloud, "ZONE_RESOURCE_POOL_EXHAUSTED").await;
    assert_eq!(error["instanceActionDetails"]["action"], "CREATING");
    let group = cloud.get(&manager()).await;
    assert_eq!(
        (
            &group["status"]["isStable"],
            &group["currentActions"]["creating"]
        ),
        (&json!(false), &json!(1))
    );
    off(&cloud, &id).await;
    cloud.stable(1).await;
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_quota_lets_only_so_many_instances_start() {
    let cloud = Cloud::start().await;
    let id = on(&cloud, json!({"type": "quota", "instances": 1})).await;
    cloud.group(2).await;
    reported(&cloud, "QUOTA_EXCEEDED").await;
    let running = inspected(&cloud)
        .await
        .iter()
        .filter(|one| one["state"] != "PROVISIONING")
        .count();
    assert_eq!(running, 1);
    off(&cloud, &id).await;
    cloud.stable(2).await;
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_boot_can_fail_or_take_long() {
    let cloud = Cloud::start().await;
    let id = on(&cloud, json!({"type": "failedBoot"})).await;
    cloud.group(1).await;
    reported(&cloud, "INTERNAL_ERROR").await;
    on(&cloud, json!({"type": "slowBoot", "seconds": 1_000_000})).await;
    off(&cloud, &id).await;
    cloud
        .until_asked("a slow boot", async || {
            inspected(&cloud)
                .await
                .iter()
                .any(|one| one["state"] == "STAGING")
        })
        .await;
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_crashed_instance_is_repaired_and_not_struck_again() {
    let cloud = Cloud::start().await;
    cloud.group(1).await;
    cloud.stable(1).await;
    let before = inspected(&cloud).await[0]["pid"].clone();
    on(&cloud, json!({"type": "crash", "instance": "m-*"})).await;
    cloud
        .until_asked("the crash", async || {
            inspected(&cloud).await[0]["pid"] != before
        })
        .await;
    cloud.stable(1).await;
    reported(&cloud, "INTERNAL_ERROR").await;
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_preempted_instance_is_told_and_made_anew() {
    let cloud = Cloud::start().await;
    cloud.group(1).await;
    cloud.stable(1).await;
    let before = inspected(&cloud).await[0]["pid"].clone();
    on(
        &cloud,
        json!({"type": "preemption", "instance": "*", "noticeSec": 0}),
    )
    .await;
    let body = json!({"resourceNames": ["projects/demo"],
        "filter": "protoPayload.methodName=\"compute.instances.preempted\""});
    cloud
        .until_asked("the event", async || {
            let (_, answer) = cloud.rpc("/v2/entries:list", body.clone()).await;
            answer["entries"]
                .as_array()
                .is_some_and(|entries| entries.len() == 1)
        })
        .await;
    cloud.stable(1).await;
    assert_ne!(inspected(&cloud).await[0]["pid"], before);
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_program_that_lives_and_answers_nothing_is_healed() {
    let cloud = Cloud::start().await;
    cloud.group(1).await;
    let quick = json!({"name": "quick", "type": "HTTP", "checkIntervalSec": 1, "timeoutSec": 1,
        "httpHealthCheck": {"requestPath": "/health"}});
    cloud.post("global/healthChecks", quick).await;
    let policy = json!({"autoHealingPolicies": [
        {"healthCheck": "global/healthChecks/quick", "initialDelaySec": 60}]});
    cloud.patch(&manager(), policy).await;
    cloud.stable(1).await;
    cloud
        .until_asked("a healthy instance", async || {
            inspected(&cloud).await[0]["healthy"] == true
        })
        .await;
    let before = inspected(&cloud).await[0]["pid"].clone();
    let id = on(&cloud, json!({"type": "unhealthy", "instance": "*"})).await;
    cloud
        .until_asked("the verdict", async || {
            inspected(&cloud).await[0]["healthy"] == false
        })
        .await;
    off(&cloud, &id).await;
    cloud
        .until_asked("the repair", async || {
            let now = inspected(&cloud).await[0].clone();
            now["pid"].is_u64() && now["pid"] != before && now["healthy"] == true
        })
        .await;
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn metrics_can_go_missing() {
    let cloud = Cloud::start().await;
    cloud.group(1).await;
    cloud.stable(1).await;
    let fleet = cloud.emulator.fleet();
    let key = fleet.machines()[0].key.clone();
    cloud
        .until_asked("a measurement", async || fleet.cpu(&key).is_some())
        .await;
    let id = on(&cloud, json!({"type": "missingMetrics"})).await;
    cloud
        .until_asked("silence", async || fleet.cpu(&key).is_none())
        .await;
    off(&cloud, &id).await;
    cloud
        .until_asked("another measurement", async || fleet.cpu(&key).is_some())
        .await;
    cloud.emulator.shutdown().await;
}
