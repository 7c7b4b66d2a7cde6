//! Which APIs are enabled, and who pays.

use reqwest::Method;
use serde_json::json;

use super::{by_hand, call, get, good, post, refused};
use crate::cloud::{Cloud, health_check};

const SERVICES: &str = "/v1/projects/demo/services";

#[tokio::test]
async fn what_is_switched_off_is_refused_and_comes_back_a_while_after_it_is_on() {
    let cloud = by_hand().await;
    let secrets = "/v1/projects/demo/secrets";
    get(&cloud, secrets).await;
    let off = format!("{SERVICES}/secretmanager.googleapis.com:disable");
    let operation = post(&cloud, &off, json!({})).await;
    assert_eq!(operation["done"], true);
    assert_eq!(operation["response"]["service"]["state"], "DISABLED");

    let (status, answer) = call(&cloud, Method::GET, secrets, None, None).await;
    let error = &answer["error"];
    assert_eq!(
        (status, &error["status"]),
        (403, &json!("PERMISSION_DENIED"))
    );
    let message = error["message"].as_str().unwrap();
    assert!(
        message.starts_with("Secret Manager API has not been used in project"),
        "{message}"
    );
    assert_eq!(error["details"][0]["reason"], "SERVICE_DISABLED");
    assert_eq!(
        error["details"][0]["metadata"]["service"],
        "secretmanager.googleapis.com"
    );

    let on = json!({"serviceIds": ["secretmanager.googleapis.com", "compute.googleapis.com"]});
    let operation = post(&cloud, &format!("{SERVICES}:batchEnable"), on).await;
    assert_eq!(
        operation["response"]["services"].as_array().unwrap().len(),
        2
    );
    let name = "projects/demo/services/secretmanager.googleapis.com";
    let known = get(
        &cloud,
        &format!(
            "{SERVICES}:batchGet?names={name}&names=projects/demo/services/certificatemanager.googleapis.com"
        ),
    )
    .await;
    assert_eq!(known["services"][0]["state"], "ENABLED");
    assert_eq!(known["services"][1]["state"], "DISABLED");
    // The operation is done, and not every front end has heard of it.
    assert_eq!(refused(&cloud, Method::GET, secrets, None).await.0, 403);
    cloud.advance(10).await;
    get(&cloud, secrets).await;
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn compute_refuses_in_its_own_shape() {
    let cloud = Cloud::start().await;
    let off = format!("{SERVICES}/compute.googleapis.com:disable");
    post(&cloud, &off, json!({})).await;
    let path = "global/healthChecks";
    let (reason, _) = cloud.refused(Method::GET, path, None, 403).await;
    assert_eq!(reason, "accessNotConfigured");
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn an_operation_can_be_asked_for_until_it_is_done() {
    let cloud = Cloud::with(|config| {
        config.slow_operations = true;
        config.conditions.manual = true;
    })
    .await;
    let on = format!("{SERVICES}/certificatemanager.googleapis.com:enable");
    let started = post(&cloud, &on, json!({})).await;
    assert_eq!((started.get("done"), started.get("response")), (None, None));
    let path = format!("/v1/{}", started["name"].as_str().unwrap());
    cloud.advance(2).await;
    let ended = get(&cloud, &path).await;
    assert_eq!(ended["done"], true);
    assert_eq!(
        ended["response"]["service"]["config"]["name"],
        "certificatemanager.googleapis.com"
    );
    let again = post(&cloud, &on, json!({})).await;
    assert_eq!(again["done"], true, "nothing was left to do");
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn services_are_listed_by_state_and_strangers_refused() {
    let cloud = Cloud::start().await;
    let listed = get(&cloud, &format!("{SERVICES}?filter=state:DISABLED")).await;
    let listed = listed["services"].as_array().unwrap();
    assert!(listed.iter().all(|service| service["state"] == "DISABLED"));
    assert!(listed.len() >= 3);
    let (status, _, message) = refused(
        &cloud,
        Method::POST,
        &format!("{SERVICES}/pizza.googleapis.com:enable"),
        None,
    )
    .await;
    assert_eq!(status, 403);
    assert!(message.contains("pizza.googleapis.com"), "{message}");
    let many: Vec<&str> = vec!["dns.googleapis.com"; 21];
    let many = json!({"serviceIds": many});
    let path = format!("{SERVICES}:batchEnable");
    let (status, word, _) = refused(&cloud, Method::POST, &path, Some(many)).await;
    assert_eq!((status, word.as_str()), (400, "INVALID_ARGUMENT"));
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn the_project_is_shown_in_both_versions_and_a_foreign_one_in_none() {
    let cloud = Cloud::start().await;
    let v3 = get(&cloud, "/v3/projects/demo").await;
    assert_eq!(
        (&v3["projectId"], &v3["state"]),
        (&json!("demo"), &json!("ACTIVE"))
    );
    let number = v3["name"]
        .as_str()
        .unwrap()
        .strip_prefix("projects/")
        .unwrap();
    let v1 = get(&cloud, &format!("/v1/projects/{number}")).await;
    assert_eq!(
        (&v1["projectNumber"], &v1["lifecycleState"]),
        (&json!(number), &json!("ACTIVE"))
    );
    let foreign = refused(&cloud, Method::GET, "/v3/projects/other", None).await;
    assert_eq!((foreign.0, foreign.1.as_str()), (403, "PERMISSION_DENIED"));
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn nothing_that_costs_is_made_while_nobody_pays() {
    let cloud = Cloud::start().await;
    let info = "/v1/projects/demo/billingInfo";
    assert_eq!(get(&cloud, info).await["billingEnabled"], true);
    let nobody = json!({"billingAccountName": ""});
    good(&cloud, Method::PUT, info, Some(nobody)).await;
    assert_eq!(get(&cloud, info).await["billingEnabled"], false);
    let check = Some(health_check("h"));
    let (reason, _) = cloud
        .refused(Method::POST, "global/healthChecks", check, 403)
        .await;
    assert_eq!(reason, "billingDisabled");
    cloud.get("global/healthChecks").await;
    let somebody = json!({"billingAccountName": "billingAccounts/012345-567890-ABCDEF"});
    good(&cloud, Method::PUT, info, Some(somebody)).await;
    cloud.post("global/healthChecks", health_check("h")).await;
    cloud.emulator.shutdown().await;
}
