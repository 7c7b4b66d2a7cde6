//! Operations: done at once or a little later, waited for, listed, and repeated by `requestId`.

use reqwest::Method;
use serde_json::json;

use crate::cloud::{Cloud, ZONE, health_check};

#[tokio::test]
async fn an_operation_is_done_when_its_effect_is_stored() {
    let cloud = Cloud::start().await;
    cloud
        .post("global/healthChecks", health_check("alive"))
        .await;
    let operation = cloud
        .patch("global/healthChecks/alive", json!({"checkIntervalSec": 7}))
        .await;
    assert_eq!(operation["kind"], "compute#operation");
    assert_eq!(operation["status"], "DONE");
    assert_eq!(operation["progress"], 100);
    assert_eq!(operation["operationType"], "patch");
    assert!(
        operation["targetLink"]
            .as_str()
            .unwrap()
            .ends_with("global/healthChecks/alive")
    );
    assert!(operation["endTime"].is_string());
    let name = operation["name"].as_str().unwrap();
    assert_eq!(
        cloud.get(&format!("global/operations/{name}")).await,
        operation
    );
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_slow_operation_runs_first_and_wait_holds_until_it_is_done() {
    let cloud = Cloud::with(|config| {
        config.slow_operations = true;
        config.speed = 4;
    })
    .await;
    cloud.group(0).await;
    let path = format!("zones/{ZONE}/instanceGroupManagers/m");
    let (_, running) = cloud
        .call(Method::POST, &format!("{path}/resize?size=0"), None)
        .await;
    assert_eq!(running["status"], "RUNNING");
    assert_eq!(
        running["operationType"],
        "compute.instanceGroupManagers.resize"
    );
    assert!(running.get("endTime").is_none());
    assert!(
        running["zone"]
            .as_str()
            .unwrap()
            .ends_with(&format!("zones/{ZONE}"))
    );
    let name = running["name"].as_str().unwrap();
    let wait = format!("zones/{ZONE}/operations/{name}/wait");
    let (_, done) = cloud.call(Method::POST, &wait, None).await;
    assert_eq!(done["status"], "DONE");
    assert_eq!(done["selfLink"], running["selfLink"]);
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn operations_are_listed_by_place_and_filter() {
    let cloud = Cloud::start().await;
    cloud.group(0).await;
    cloud
        .patch("global/healthChecks/alive", json!({"checkIntervalSec": 7}))
        .await;
    let filter = r#"operationType eq ".*\binsert\b.*""#;
    let request = cloud.request(Method::GET, "/compute/v1/projects/demo/global/operations");
    let answer = request.query(&[("filter", filter)]).send().await.unwrap();
    let list: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    let zonal = cloud.get(&format!("zones/{ZONE}/operations")).await;
    assert_eq!(zonal["items"].as_array().unwrap().len(), 1);
    let all = cloud.get("aggregated/operations").await;
    assert_eq!(
        all["items"]["global"]["operations"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_repeated_request_is_answered_with_the_first_operation() {
    let cloud = Cloud::start().await;
    let id = "2d4c5f4e-94c7-4d21-9d56-8b1c9a3f3c11";
    let path = format!("global/healthChecks?requestId={id}");
    let first = cloud.post(&path, health_check("h")).await;
    let second = cloud.post(&path, health_check("h")).await;
    assert_eq!(first, second);
    assert_eq!(first["clientOperationId"], id);
    let zero = "global/healthChecks?requestId=00000000-0000-0000-0000-000000000000";
    cloud
        .refused(Method::POST, zero, Some(health_check("i")), 400)
        .await;
    cloud.emulator.shutdown().await;
}
