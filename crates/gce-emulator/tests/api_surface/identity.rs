//! Who may call, and what a service account may do.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    apis::call,
    cloud::{Cloud, health_check},
};

const ZONES: &str = "/compute/v1/projects/demo/zones";

async fn guarded() -> Cloud {
    Cloud::with(|config| config.conditions.require_auth = true).await
}

/// The token of a service account, or of whoever sits at the machine.
pub(crate) async fn token(cloud: &Cloud, account: Option<&str>) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
    let form = match account {
        None => "grant_type=refresh_token&refresh_token=any".to_owned(),
        Some(email) => {
            let claims = BASE64.encode(json!({"iss": email}).to_string());
            let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
            format!("grant_type={grant}&assertion=e30.{claims}.c2ln")
        }
    };
    let answer = cloud
        .request(Method::POST, "/token")
        .body(form)
        .send()
        .await
        .unwrap();
    let answer: Value = answer.json().await.unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

async fn get(cloud: &Cloud, path: &str, token: Option<&str>) -> (u16, Value) {
    call(cloud, Method::GET, path, token, None).await
}

#[tokio::test]
async fn a_guarded_cloud_refuses_whoever_shows_no_token_of_its_own() {
    let cloud = guarded().await;
    let (status, answer) = get(&cloud, ZONES, None).await;
    assert_eq!(
        (status, &answer["error"]["errors"][0]["reason"]),
        (401, &json!("required"))
    );
    let (status, answer) = get(&cloud, ZONES, Some("ya29.from-google")).await;
    assert_eq!(
        (status, &answer["error"]["errors"][0]["reason"]),
        (401, &json!("authError"))
    );
    let (status, answer) = call(
        &cloud,
        Method::POST,
        "/v2/entries:list",
        None,
        Some(json!({})),
    )
    .await;
    assert_eq!(
        (status, &answer["error"]["status"]),
        (401, &json!("UNAUTHENTICATED"))
    );

    let token = token(&cloud, None).await;
    assert_eq!(get(&cloud, ZONES, Some(&token)).await.0, 200);
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn an_open_cloud_asks_nobody() {
    let cloud = Cloud::start().await;
    assert_eq!(get(&cloud, ZONES, None).await.0, 200);
    assert_eq!(get(&cloud, ZONES, Some("anything")).await.0, 200);
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_service_account_does_what_its_roles_say_and_no_more() {
    let cloud = guarded().await;
    let me = token(&cloud, None).await;
    let account = "web-app@demo.iam.gserviceaccount.com";
    let app = token(&cloud, Some(account)).await;
    let checks = "/compute/v1/projects/demo/global/healthChecks";
    assert_eq!(
        get(&cloud, checks, Some(&app)).await.0,
        200,
        "no policy, no limits"
    );

    let made = json!({"accountId": "web-app"});
    let accounts = "/v1/projects/demo/serviceAccounts";
    call(&cloud, Method::POST, accounts, Some(&me), Some(made)).await;
    cloud
        .until_asked("the account", async || {
            let path = format!("{accounts}/{account}");
            get(&cloud, &path, Some(&me)).await.0 == 200
        })
        .await;
    let bindings =
        json!([{"role": "roles/compute.viewer", "members": [format!("serviceAccount:{account}")]}]);
    let policy = json!({"policy": {"bindings": bindings}});
    let set = "/v1/projects/demo:setIamPolicy";
    assert_eq!(
        call(&cloud, Method::POST, set, Some(&me), Some(policy))
            .await
            .0,
        200
    );
    let read = call(
        &cloud,
        Method::POST,
        "/v1/projects/demo:getIamPolicy",
        Some(&me),
        None,
    )
    .await;
    assert_eq!(read.1["bindings"], bindings);

    assert_eq!(get(&cloud, checks, Some(&app)).await.0, 200);
    let insert = call(
        &cloud,
        Method::POST,
        checks,
        Some(&app),
        Some(health_check("h")),
    )
    .await;
    assert_eq!(
        (insert.0, &insert.1["error"]["errors"][0]["reason"]),
        (403, &json!("forbidden"))
    );
    let message = insert.1["error"]["message"].as_str().unwrap();
    assert_eq!(
        message,
        "Required 'compute.healthChecks.create' permission for 'projects/demo/global/healthChecks'"
    );
    assert_eq!(
        get(&cloud, &format!("{checks}/h"), Some(&me)).await.0,
        404,
        "nothing was made"
    );
    let series = "/v3/projects/demo/timeSeries";
    let (status, answer) = get(&cloud, series, Some(&app)).await;
    assert_eq!(
        (status, &answer["error"]["status"]),
        (403, &json!("PERMISSION_DENIED"))
    );

    let own = json!({"policy": {"bindings": [{"role": "roles/owner", "members": ["allUsers"]}]}});
    assert_eq!(
        call(&cloud, Method::POST, set, Some(&app), Some(own))
            .await
            .0,
        403
    );

    // Who sits at the machine is not locked out, and the log tells the two apart.
    let (status, _) = call(
        &cloud,
        Method::POST,
        checks,
        Some(&me),
        Some(health_check("h")),
    )
    .await;
    assert_eq!(status, 200);
    let filter = json!({"resourceNames": ["projects/demo"],
        "filter": "protoPayload.methodName=\"v1.compute.healthChecks.insert\""});
    let (_, log) = call(
        &cloud,
        Method::POST,
        "/v2/entries:list",
        Some(&me),
        Some(filter),
    )
    .await;
    let who = &log["entries"][0]["protoPayload"]["authenticationInfo"]["principalEmail"];
    assert_eq!(*who, "you@flaskscale.invalid");
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_policy_with_an_unknown_role_changes_nothing() {
    let cloud = Cloud::start().await;
    let (_, before) = cloud.rpc("/v1/projects/demo:getIamPolicy", json!({})).await;
    let policy = json!({"policy": {"bindings": [{"role": "roles/king", "members": []}]}});
    let (status, answer) = cloud.rpc("/v1/projects/demo:setIamPolicy", policy).await;
    assert_eq!(status, 400);
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .contains("roles/king")
    );
    let (_, read) = cloud.rpc("/v1/projects/demo:getIamPolicy", json!({})).await;
    assert_eq!(read, before);
    cloud.emulator.shutdown().await;
}
