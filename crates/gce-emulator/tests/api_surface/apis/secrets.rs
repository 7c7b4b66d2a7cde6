//! Secrets and their versions.

use reqwest::Method;
use serde_json::{Value, json};

use super::{get, good, post, refused};
use crate::cloud::Cloud;

const SECRETS: &str = "/v1/projects/demo/secrets";
const KEY: &str = "/v1/projects/demo/secrets/key";

async fn with_secret() -> Cloud {
    let cloud = Cloud::start().await;
    let secret = json!({"replication": {"automatic": {}}, "labels": {"flaskscale": "web"}});
    let made = post(&cloud, &format!("{SECRETS}?secretId=key"), secret).await;
    // Google names the project by its number here.
    assert_eq!(made["name"], "projects/104857600001/secrets/key");
    cloud
}

async fn add(cloud: &Cloud, payload: Value) -> Value {
    post(
        cloud,
        &format!("{KEY}:addVersion"),
        json!({ "payload": payload }),
    )
    .await
}

#[tokio::test]
async fn versions_are_numbered_and_the_latest_is_the_newest() {
    let cloud = with_secret().await;
    let first = add(
        &cloud,
        json!({"data": "MTIzNDU2Nzg5", "dataCrc32c": "3808858755"}),
    )
    .await;
    assert_eq!(
        first["name"],
        "projects/104857600001/secrets/key/versions/1"
    );
    assert_eq!(first["clientSpecifiedPayloadChecksum"], true);
    for _ in 0..10 {
        add(&cloud, json!({"data": "dHdv"})).await;
    }
    let latest = get(&cloud, &format!("{KEY}/versions/latest:access")).await;
    assert_eq!(latest["payload"]["data"], "dHdv");
    assert!(latest["name"].as_str().unwrap().ends_with("/versions/11"));
    let pinned = get(&cloud, &format!("{KEY}/versions/1:access")).await;
    assert_eq!(
        pinned["payload"],
        json!({"data": "MTIzNDU2Nzg5", "dataCrc32c": "3808858755"})
    );
    let page = get(&cloud, &format!("{KEY}/versions?pageSize=2")).await;
    assert!(
        page["versions"][0]["name"]
            .as_str()
            .unwrap()
            .ends_with("/11"),
        "{page}"
    );
    let token = page["nextPageToken"].as_str().unwrap();
    let next = get(
        &cloud,
        &format!("{KEY}/versions?pageSize=2&pageToken={token}"),
    )
    .await;
    assert!(
        next["versions"][0]["name"]
            .as_str()
            .unwrap()
            .ends_with("/9"),
        "{next}"
    );
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_payload_is_shown_to_nobody_who_does_not_access_it() {
    let cloud = with_secret().await;
    let added = add(&cloud, json!({"data": "dG9wLXNlY3JldA=="})).await;
    let query = json!({"resourceNames": ["projects/demo"],
        "filter": "protoPayload.serviceName=\"secretmanager.googleapis.com\""});
    let (_, log) = cloud.rpc("/v2/entries:list", query).await;
    assert_eq!(log["entries"].as_array().unwrap().len(), 2);
    let version = get(&cloud, &format!("{KEY}/versions/1")).await;
    let list = get(&cloud, &format!("{KEY}/versions")).await;
    for shown in [added, log, version, list, get(&cloud, SECRETS).await] {
        assert!(!shown.to_string().contains("dG9wLXNlY3JldA"), "{shown}");
    }
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_version_that_is_off_or_gone_cannot_be_accessed() {
    let cloud = with_secret().await;
    add(&cloud, json!({"data": "eA=="})).await;
    let one = format!("{KEY}/versions/1");
    post(&cloud, &format!("{one}:disable"), json!({})).await;
    let access = format!("{one}:access");
    let (status, word, _) = refused(&cloud, Method::GET, &access, None).await;
    assert_eq!((status, word.as_str()), (400, "FAILED_PRECONDITION"));
    post(&cloud, &format!("{one}:enable"), json!({})).await;
    get(&cloud, &access).await;
    let destroyed = post(&cloud, &format!("{one}:destroy"), json!({})).await;
    assert_eq!(destroyed["state"], "DESTROYED");
    assert_eq!(refused(&cloud, Method::GET, &access, None).await.0, 400);
    let back = format!("{one}:enable");
    assert_eq!(
        refused(&cloud, Method::POST, &back, Some(json!({})))
            .await
            .0,
        400
    );
    let two = format!("{KEY}/versions/2:access");
    let (status, _, message) = refused(&cloud, Method::GET, &two, None).await;
    assert_eq!(status, 404);
    assert!(message.starts_with("Secret Version ["), "{message}");
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_secret_is_changed_by_mask_and_etag_and_deleted_with_its_versions() {
    let cloud = with_secret().await;
    add(&cloud, json!({"data": "eA=="})).await;
    let first = get(&cloud, KEY).await;
    let change = json!({"annotations": {"release": "r1"}, "etag": first["etag"]});
    let mask = format!("{KEY}?updateMask=annotations");
    let changed = good(&cloud, Method::PATCH, &mask, Some(change.clone())).await;
    assert_eq!(
        (
            &changed["annotations"]["release"],
            &changed["labels"]["flaskscale"]
        ),
        (&json!("r1"), &json!("web"))
    );
    let (status, word, _) = refused(&cloud, Method::PATCH, &mask, Some(change.clone())).await;
    assert_eq!((status, word.as_str()), (409, "ABORTED"));
    assert_eq!(
        refused(&cloud, Method::PATCH, KEY, Some(change)).await.0,
        400,
        "no mask"
    );
    let other = json!({"replication": {"userManaged": {"replicas": [{"location": "us-east1"}]}}});
    let fixed = format!("{KEY}?updateMask=replication");
    assert_eq!(
        refused(&cloud, Method::PATCH, &fixed, Some(other)).await.0,
        400
    );

    let again = json!({"replication": {"automatic": {}}});
    let create = format!("{SECRETS}?secretId=key");
    let (status, word, _) = refused(&cloud, Method::POST, &create, Some(again.clone())).await;
    assert_eq!((status, word.as_str()), (409, "ALREADY_EXISTS"));
    good(&cloud, Method::DELETE, KEY, None).await;
    assert_eq!(refused(&cloud, Method::GET, KEY, None).await.0, 404);
    post(&cloud, &create, again).await;
    assert_eq!(get(&cloud, &format!("{KEY}/versions")).await, json!({}));
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn what_cannot_be_a_secret_is_refused() {
    let cloud = with_secret().await;
    for (path, body) in [
        (
            format!("{SECRETS}?secretId=a.b"),
            json!({"replication": {"automatic": {}}}),
        ),
        (format!("{SECRETS}?secretId=b"), json!({})),
        (
            SECRETS.to_owned(),
            json!({"replication": {"automatic": {}}}),
        ),
        (format!("{KEY}:addVersion"), json!({})),
        (
            format!("{KEY}:addVersion"),
            json!({"payload": {"data": "?"}}),
        ),
        (
            format!("{KEY}:addVersion"),
            json!({"payload": {"data": "eA==", "dataCrc32c": "1"}}),
        ),
        (
            format!("{KEY}:addVersion"),
            json!({"payload": {"data": "A".repeat(90_000)}}),
        ),
    ] {
        let (status, word, message) = refused(&cloud, Method::POST, &path, Some(body)).await;
        assert_eq!(
            (status, word.as_str()),
            (400, "INVALID_ARGUMENT"),
            "{message}"
        );
    }
    cloud.emulator.shutdown().await;
}
