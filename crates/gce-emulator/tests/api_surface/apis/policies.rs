//! IAM policies: read, changed and written again, and what they let a service account do.

use reqwest::Method;
use serde_json::{Value, json};

use super::{by_hand, call, get, post, refused};
use crate::{cloud::Cloud, identity::token};

const GET: &str = "/v3/projects/demo:getIamPolicy";
const SET: &str = "/v3/projects/demo:setIamPolicy";
const TEST: &str = "/v3/projects/demo:testIamPermissions";

fn binding(role: &str, member: &str) -> Value {
    json!({"role": role, "members": [member]})
}

#[tokio::test]
async fn a_policy_that_somebody_else_has_changed_is_not_overwritten() {
    let cloud = Cloud::start().await;
    let read = post(
        &cloud,
        GET,
        json!({"options": {"requestedPolicyVersion": 3}}),
    )
    .await;
    assert_eq!(read["etag"], "ACAB", "nobody has written it");
    let with = |etag: &Value, member: &str| {
        json!({"policy": {"version": 3, "etag": etag,
        "bindings": [binding("roles/viewer", member)]}})
    };
    let written = post(&cloud, SET, with(&read["etag"], "user:a@x.test")).await;
    let (status, word, message) = refused(
        &cloud,
        Method::POST,
        SET,
        Some(with(&read["etag"], "user:b@x.test")),
    )
    .await;
    assert_eq!((status, word.as_str()), (409, "ABORTED"));
    assert!(
        message.starts_with("There were concurrent policy changes."),
        "{message}"
    );
    let kept = post(&cloud, GET, json!({})).await;
    assert_eq!(kept["bindings"], written["bindings"]);
    post(&cloud, SET, with(&kept["etag"], "user:b@x.test")).await;
    // The first version answers for the same policy.
    let first = post(&cloud, "/v1/projects/demo:getIamPolicy", json!({})).await;
    assert_eq!(first["bindings"][0]["members"], json!(["user:b@x.test"]));
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn whoever_knows_no_conditions_sees_another_role() {
    let cloud = Cloud::start().await;
    let mut conditional = binding("roles/viewer", "user:a@x.test");
    conditional["condition"] =
        json!({"title": "until", "expression": "request.time < timestamp('2030-01-01T00:00:00Z')"});
    let policy = |version: i64| json!({"policy": {"version": version, "bindings": [conditional]}});
    let (status, _, _) = refused(&cloud, Method::POST, SET, Some(policy(1))).await;
    assert_eq!(status, 400);
    post(&cloud, SET, policy(3)).await;
    let plain = post(&cloud, GET, json!({})).await;
    let role = plain["bindings"][0]["role"].as_str().unwrap();
    assert!(role.starts_with("roles/viewer_withcond_"), "{role}");
    let whole = post(
        &cloud,
        GET,
        json!({"options": {"requestedPolicyVersion": 3}}),
    )
    .await;
    assert_eq!(
        (&whole["version"], &whole["bindings"][0]),
        (&json!(3), &conditional)
    );
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_secret_can_be_opened_to_one_account_alone() {
    let cloud = by_hand().await;
    let email = "web-vm@demo.iam.gserviceaccount.com";
    post(
        &cloud,
        "/v1/projects/demo/serviceAccounts",
        json!({"accountId": "web-vm"}),
    )
    .await;
    cloud.advance(7).await;
    let vm = token(&cloud, Some(email)).await;
    let owner = json!({"policy": {"bindings": [binding("roles/owner", "user:a@x.test")]}});
    post(&cloud, SET, owner).await;
    for secret in ["own", "other"] {
        let path = format!("/v1/projects/demo/secrets?secretId={secret}");
        post(&cloud, &path, json!({"replication": {"automatic": {}}})).await;
        let add = format!("/v1/projects/demo/secrets/{secret}:addVersion");
        post(&cloud, &add, json!({"payload": {"data": "aGVsbG8="}})).await;
    }
    let set = "/v1/projects/demo/secrets/own:setIamPolicy";
    let member = format!("serviceAccount:{email}");
    let policy =
        json!({"policy": {"bindings": [binding("roles/secretmanager.secretAccessor", &member)]}});
    post(&cloud, set, policy).await;
    let access = async |secret: &str| {
        let path = format!("/v1/projects/demo/secrets/{secret}/versions/1:access");
        call(&cloud, Method::GET, &path, Some(&vm), None).await
    };
    assert_eq!(access("own").await.1["payload"]["data"], "aGVsbG8=");
    let (status, answer) = access("other").await;
    assert_eq!(status, 403);
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("'secretmanager.versions.access'"),
        "{message}"
    );
    let shown = get(&cloud, "/v1/projects/demo/secrets/own:getIamPolicy").await;
    assert_eq!(shown["bindings"][0]["members"], json!([member]));
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_custom_role_gives_what_it_includes_and_tests_say_so() {
    let cloud = by_hand().await;
    let email = "web-vm@demo.iam.gserviceaccount.com";
    post(
        &cloud,
        "/v1/projects/demo/serviceAccounts",
        json!({"accountId": "web-vm"}),
    )
    .await;
    let role =
        json!({"roleId": "web", "role": {"includedPermissions": ["compute.autoscalers.get"]}});
    post(&cloud, "/v1/projects/demo/roles", role).await;
    cloud.advance(7).await;
    let bindings = [binding(
        "projects/demo/roles/web",
        &format!("serviceAccount:{email}"),
    )];
    post(&cloud, SET, json!({"policy": {"bindings": bindings}})).await;
    let asked = json!({"permissions": ["compute.autoscalers.get", "compute.autoscalers.update"]});
    let vm = token(&cloud, Some(email)).await;
    let (_, held) = call(&cloud, Method::POST, TEST, Some(&vm), Some(asked.clone())).await;
    assert_eq!(held, json!({"permissions": ["compute.autoscalers.get"]}));
    // Whoever sits at the machine may everything.
    assert_eq!(post(&cloud, TEST, asked.clone()).await, asked);
    let none = json!({"permissions": ["dns.changes.create"]});
    let (_, held) = call(&cloud, Method::POST, TEST, Some(&vm), Some(none)).await;
    assert_eq!(held, json!({}));
    let wrong = json!({"permissions": ["compute.autoscalers"]});
    assert_eq!(
        refused(&cloud, Method::POST, TEST, Some(wrong)).await.0,
        400
    );

    call(
        &cloud,
        Method::DELETE,
        "/v1/projects/demo/roles/web",
        None,
        None,
    )
    .await;
    let (_, held) = call(&cloud, Method::POST, TEST, Some(&vm), Some(asked)).await;
    assert_eq!(held, json!({}), "a deleted role gives nothing");
    cloud.emulator.shutdown().await;
}
