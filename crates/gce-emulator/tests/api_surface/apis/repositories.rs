//! Repositories and their clean-up policies.

use reqwest::Method;
use serde_json::{Value, json};

use super::{get, good, post, refused};
use crate::cloud::Cloud;

const PLACE: &str = "/v1/projects/demo/locations/us-central1/repositories";

fn repository() -> Value {
    json!({"format": "DOCKER", "labels": {"flaskscale": "web"}, "cleanupPolicies": {
        "keep": {"id": "keep", "action": "KEEP", "mostRecentVersions": {"keepCount": 20}},
        "old": {"action": "DELETE", "condition": {"tagState": "UNTAGGED", "olderThan": "2592000s"}}}})
}

#[tokio::test]
async fn a_repository_is_made_and_removed_by_operations() {
    let cloud = Cloud::with(|config| {
        config.slow_operations = true;
        config.conditions.manual = true;
    })
    .await;
    let create = format!("{PLACE}?repositoryId=web");
    let started = post(&cloud, &create, repository()).await;
    assert_eq!(started.get("done"), None);
    let name = started["name"].as_str().unwrap();
    assert!(
        name.starts_with("projects/demo/locations/us-central1/operations/"),
        "{name}"
    );
    cloud.advance(2).await;
    let ended = get(&cloud, &format!("/v1/{name}")).await;
    let made = &ended["response"];
    assert_eq!(
        made["name"],
        "projects/demo/locations/us-central1/repositories/web"
    );
    assert_eq!(made["registryUri"], "us-central1-docker.pkg.dev/demo/web");
    assert_eq!(made["cleanupPolicies"]["old"]["id"], "old");

    let path = format!("{PLACE}/web");
    let (status, word, _) = refused(&cloud, Method::POST, &create, Some(repository())).await;
    assert_eq!((status, word.as_str()), (409, "ALREADY_EXISTS"));
    let change = json!({"cleanupPolicies": {"keep": {"action": "KEEP", "mostRecentVersions": {"keepCount": 5}}}, "description": "kept out"});
    let mask = format!("{path}?updateMask=cleanup_policies");
    let changed = good(&cloud, Method::PATCH, &mask, Some(change)).await;
    assert_eq!(
        changed["cleanupPolicies"]["keep"]["mostRecentVersions"]["keepCount"],
        5
    );
    assert_eq!(
        (
            changed.get("description"),
            changed["cleanupPolicies"].get("old")
        ),
        (None, None)
    );

    let policy = json!({"policy": {"bindings": [{"role": "roles/artifactregistry.reader", "members": ["user:a@x.test"]}]}});
    post(&cloud, &format!("{path}:setIamPolicy"), policy).await;
    let operation = good(&cloud, Method::DELETE, &path, None).await;
    assert!(
        operation["name"].as_str().unwrap().contains("/operations/"),
        "{operation}"
    );
    assert_eq!(refused(&cloud, Method::GET, &path, None).await.0, 404);
    post(&cloud, &create, repository()).await;
    let policy = get(&cloud, &format!("{path}:getIamPolicy")).await;
    assert_eq!(
        policy.get("bindings"),
        None,
        "a policy goes with what it is about"
    );
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn what_cannot_be_a_repository_is_refused() {
    let cloud = Cloud::start().await;
    let with = |policy: Value| json!({"format": "DOCKER", "cleanupPolicies": {"p": policy}});
    for (id, body) in [
        ("Web", repository()),
        ("w", repository()),
        ("web", json!({})),
        ("web", json!({"format": "ZIP"})),
        ("web", with(json!({"mostRecentVersions": {"keepCount": 1}}))),
        (
            "web",
            with(json!({"action": "DELETE", "mostRecentVersions": {"keepCount": 1}})),
        ),
        (
            "web",
            with(json!({"action": "DELETE", "condition": {"olderThan": "30 days"}})),
        ),
        (
            "web",
            with(json!({"action": "DELETE", "condition": {"tagState": "SOMETIMES"}})),
        ),
    ] {
        let create = format!("{PLACE}?repositoryId={id}");
        let (status, word, message) = refused(&cloud, Method::POST, &create, Some(body)).await;
        assert_eq!(
            (status, word.as_str()),
            (400, "INVALID_ARGUMENT"),
            "{message}"
        );
    }
    let elsewhere = "/v1/projects/demo/locations/moon/repositories";
    let (status, _, message) = refused(&cloud, Method::GET, elsewhere, None).await;
    assert_eq!(status, 400);
    assert!(message.contains("moon"), "{message}");
    cloud.emulator.shutdown().await;
}
