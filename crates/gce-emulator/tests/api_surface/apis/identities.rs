//! Service accounts and custom roles.

use reqwest::Method;
use serde_json::{Value, json};

use super::{by_hand, get, good, post, refused};
use crate::cloud::Cloud;

const ACCOUNTS: &str = "/v1/projects/demo/serviceAccounts";
const ROLES: &str = "/v1/projects/demo/roles";
const EMAIL: &str = "web-vm@demo.iam.gserviceaccount.com";

fn account() -> Value {
    json!({"accountId": "web-vm", "serviceAccount": {"displayName": "Web", "description": "mark"}})
}

#[tokio::test]
async fn a_new_account_is_unknown_for_a_while_and_exists_at_once() {
    let cloud = by_hand().await;
    let made = post(&cloud, ACCOUNTS, account()).await;
    assert_eq!(
        (&made["email"], &made["description"]),
        (&json!(EMAIL), &json!("mark"))
    );
    let path = format!("{ACCOUNTS}/{EMAIL}");
    let (status, _, message) = refused(&cloud, Method::GET, &path, None).await;
    assert_eq!(status, 404);
    assert!(message.contains("does not exist"), "{message}");
    let (status, word, message) = refused(&cloud, Method::POST, ACCOUNTS, Some(account())).await;
    assert_eq!((status, word.as_str()), (409, "ALREADY_EXISTS"));
    assert_eq!(
        message,
        "Service account web-vm already exists within project projects/demo."
    );
    let member = format!("serviceAccount:{EMAIL}");
    let policy = json!({"policy": {"bindings": [{"role": "roles/viewer", "members": [member]}]}});
    let set = "/v3/projects/demo:setIamPolicy";
    let (status, _, message) = refused(&cloud, Method::POST, set, Some(policy.clone())).await;
    assert_eq!(status, 400);
    assert_eq!(message, format!("Service account {EMAIL} does not exist."));

    cloud.advance(7).await;
    let escaped = format!("{ACCOUNTS}/web-vm%40demo.iam.gserviceaccount.com");
    assert_eq!(get(&cloud, &escaped).await["uniqueId"], made["uniqueId"]);
    assert_eq!(get(&cloud, ACCOUNTS).await["accounts"][0]["email"], EMAIL);
    post(&cloud, set, policy).await;

    // What named it names somebody who is gone, and not whoever comes next.
    good(&cloud, Method::DELETE, &path, None).await;
    let left = post(&cloud, "/v3/projects/demo:getIamPolicy", json!({})).await;
    let uid = made["uniqueId"].as_str().unwrap();
    let gone = format!("deleted:serviceAccount:{EMAIL}?uid={uid}");
    assert_eq!(left["bindings"][0]["members"], json!([gone]));
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn an_account_is_changed_under_its_mask_and_switched_off() {
    let cloud = by_hand().await;
    post(&cloud, ACCOUNTS, account()).await;
    cloud.advance(7).await;
    let path = format!("{ACCOUNTS}/{EMAIL}");
    let change = json!({"serviceAccount": {"displayName": "New", "description": "lost"},
        "updateMask": "displayName"});
    let changed = good(&cloud, Method::PATCH, &path, Some(change)).await;
    assert_eq!(
        (&changed["displayName"], &changed["description"]),
        (&json!("New"), &json!("mark"))
    );
    post(&cloud, &format!("{path}:disable"), json!({})).await;
    assert_eq!(get(&cloud, &path).await["disabled"], true);
    post(&cloud, &format!("{path}:enable"), json!({})).await;
    assert_eq!(get(&cloud, &path).await.get("disabled"), None);
    for id in [
        "short",
        "Upper-case",
        "ends-with-",
        "a-name-that-is-longer-than-thirty-characters",
    ] {
        let (status, _, message) = refused(
            &cloud,
            Method::POST,
            ACCOUNTS,
            Some(json!({"accountId": id})),
        )
        .await;
        assert_eq!(status, 400);
        assert!(message.contains(id), "{message}");
    }
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_deleted_role_keeps_its_id_until_it_is_brought_back() {
    let cloud = Cloud::start().await;
    let role = json!({"roleId": "web_console", "role": {"title": "Console", "stage": "GA",
        "includedPermissions": ["compute.autoscalers.update"]}});
    let made = post(&cloud, ROLES, role.clone()).await;
    assert_eq!(made["name"], "projects/demo/roles/web_console");
    let path = format!("{ROLES}/web_console");
    assert_eq!(
        refused(&cloud, Method::POST, ROLES, Some(role.clone()))
            .await
            .0,
        409
    );

    let deleted = good(&cloud, Method::DELETE, &path, None).await;
    assert_eq!(deleted["deleted"], true);
    assert_eq!(get(&cloud, &path).await["deleted"], true);
    assert_eq!(get(&cloud, ROLES).await.get("roles"), None);
    assert_eq!(
        refused(&cloud, Method::POST, ROLES, Some(role)).await.0,
        409
    );
    let change = json!({"includedPermissions": ["compute.autoscalers.get"]});
    let mask = format!("{path}?updateMask=includedPermissions");
    let (status, word, _) = refused(&cloud, Method::PATCH, &mask, Some(change.clone())).await;
    assert_eq!((status, word.as_str()), (400, "FAILED_PRECONDITION"));

    let back = post(&cloud, &format!("{path}:undelete"), json!({})).await;
    assert_eq!(back.get("deleted"), None);
    let changed = good(&cloud, Method::PATCH, &mask, Some(change.clone())).await;
    assert_eq!(
        changed["includedPermissions"],
        change["includedPermissions"]
    );
    assert_eq!(changed["title"], "Console");
    let mut stale = change;
    stale["etag"] = made["etag"].clone();
    let (status, word, _) = refused(&cloud, Method::PATCH, &mask, Some(stale)).await;
    assert_eq!((status, word.as_str()), (409, "ABORTED"));
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_role_cannot_have_what_no_role_of_a_project_has() {
    let cloud = Cloud::start().await;
    for permission in [
        "resourcemanager.organizations.get",
        "compute.everything",
        "pizza.slices.eat",
    ] {
        let role = json!({"roleId": "wrong", "role": {"includedPermissions": [permission]}});
        let (status, _, message) = refused(&cloud, Method::POST, ROLES, Some(role)).await;
        assert_eq!(status, 400);
        assert_eq!(message, format!("Permission {permission} is not valid."));
    }
    let hyphen = json!({"roleId": "with-hyphen", "role": {}});
    assert_eq!(
        refused(&cloud, Method::POST, ROLES, Some(hyphen)).await.0,
        400
    );
    cloud.emulator.shutdown().await;
}
