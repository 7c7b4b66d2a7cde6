//! What the organisation of the project lets it do.

use reqwest::Method;
use serde_json::json;

use super::{get, good, post, refused};
use crate::cloud::Cloud;

const POLICIES: &str = "/v2/projects/demo/policies";
const ACCOUNTS: &str = "iam.disableServiceAccountCreation";

#[tokio::test]
async fn where_nobody_has_said_anything_the_default_is_in_force() {
    let cloud = Cloud::start().await;
    let effective = get(&cloud, &format!("{POLICIES}/{ACCOUNTS}:getEffectivePolicy")).await;
    assert_eq!(effective["spec"], json!({}));
    let project = get(&cloud, "/v3/projects/demo").await;
    assert_eq!(project.get("parent"), None, "no policy, no organisation");
    let unknown = format!("{POLICIES}/compute.unknown:getEffectivePolicy");
    let (status, ..) = refused(&cloud, Method::GET, &unknown, None).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_policy_is_obeyed_until_it_is_removed() {
    let cloud = Cloud::start().await;
    let name = format!("projects/demo/policies/{ACCOUNTS}");
    let policy = json!({"name": name, "spec": {"rules": [{"enforce": true}]}});
    post(&cloud, POLICIES, policy).await;
    let project = get(&cloud, "/v3/projects/demo").await;
    assert!(
        project["parent"]
            .as_str()
            .unwrap()
            .starts_with("organizations/")
    );

    let accounts = "/v1/projects/demo/serviceAccounts";
    let account = json!({"accountId": "web-account"});
    let (status, word, message) =
        refused(&cloud, Method::POST, accounts, Some(account.clone())).await;
    assert_eq!((status, word.as_str()), (400, "FAILED_PRECONDITION"));
    assert!(message.contains(ACCOUNTS), "{message}");

    good(
        &cloud,
        Method::DELETE,
        &format!("{POLICIES}/{ACCOUNTS}"),
        None,
    )
    .await;
    post(&cloud, accounts, account).await;
}

#[tokio::test]
async fn a_rule_says_one_thing() {
    let cloud = Cloud::start().await;
    let name = format!("projects/demo/policies/{ACCOUNTS}");
    for rule in [json!({}), json!({"enforce": true, "denyAll": true})] {
        let policy = json!({"name": name, "spec": {"rules": [rule]}});
        let (status, _, message) = refused(&cloud, Method::POST, POLICIES, Some(policy)).await;
        assert_eq!(status, 400);
        assert!(message.contains("exactly one"), "{message}");
    }
}
