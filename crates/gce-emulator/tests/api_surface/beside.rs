//! What is beside the resources: partial answers, batches, tokens, metric descriptors.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::cloud::{Cloud, health_check};

async fn answer(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

#[tokio::test]
async fn an_answer_is_cut_down_to_the_fields_asked_for() {
    let cloud = Cloud::start().await;
    for name in ["a", "b"] {
        cloud.post("global/healthChecks", health_check(name)).await;
    }
    let list = cloud
        .get("global/healthChecks?fields=items(name,httpHealthCheck/port)")
        .await;
    let item = |name: &str| json!({"name": name, "httpHealthCheck": {"port": 5000}});
    assert_eq!(list, json!({"items": [item("a"), item("b")]}));
    let one = cloud.get("global/healthChecks/a?fields=type").await;
    assert_eq!(one, json!({"type": "HTTP"}));
    let (reason, message) = cloud
        .refused(Method::GET, "global/healthChecks?fields=items(", None, 400)
        .await;
    assert_eq!(reason, "invalidParameter");
    assert!(message.contains("items("), "{message}");
    // A refusal is given whole, and a mutation still happens.
    cloud
        .refused(Method::GET, "global/healthChecks/x?fields=name", None, 404)
        .await;
    let path = "global/healthChecks?fields=status,operationType";
    let operation = cloud.post(path, health_check("c")).await;
    assert_eq!(
        operation,
        json!({"status": "DONE", "operationType": "insert"})
    );
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_batch_answers_each_part_under_its_number() {
    let cloud = Cloud::start().await;
    cloud.post("global/healthChecks", health_check("h")).await;
    let part = |number: u32, request: &str, body: &str| {
        format!(
            "--===b==\nContent-Type: application/http\nMIME-Version: 1.0\n\
             Content-ID: <some-id+{number}>\n\n{request} HTTP/1.1\nContent-Type: application/json\n\
             content-length: {}\nHost: elsewhere\n\n{body}\n",
            body.len()
        )
    };
    let below = "/compute/v1/projects/demo/global/healthChecks";
    let body = part(0, &format!("GET {below}/h?alt=json&fields=name"), "")
        + &part(1, &format!("GET {below}/missing?alt=json"), "")
        + &part(
            2,
            &format!("POST {below}?alt=json"),
            &health_check("new").to_string(),
        )
        + "--===b==--";
    let response = cloud
        .request(Method::POST, "/batch/compute/v1")
        .header("content-type", "multipart/mixed; boundary=\"===b==\"")
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let kind = response.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    let boundary = kind.strip_prefix("multipart/mixed; boundary=").unwrap();
    let text = response.text().await.unwrap();
    let parts: Vec<&str> = text.split(&format!("--{boundary}")).collect();
    for (at, status, inside) in [
        (0, "HTTP/1.1 200 OK", r#"{"name":"h"}"#),
        (
            1,
            "HTTP/1.1 404 Not Found",
            "healthChecks/missing' was not found",
        ),
        (2, "HTTP/1.1 200 OK", r#""operationType":"insert""#),
    ] {
        let part = parts[at + 1];
        assert!(
            part.contains(&format!("Content-ID: <response-some-id+{at}>")),
            "{part}"
        );
        assert!(part.contains(status) && part.contains(inside), "{part}");
    }
    cloud.get("global/healthChecks/new").await;
    let plain = cloud
        .request(Method::POST, "/batch/compute/v1")
        .json(&json!({}));
    assert_eq!(answer(plain).await.0, 400);
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_token_says_who_asked_for_it() {
    let cloud = Cloud::start().await;
    let claims = json!({"iss": "robot@demo.iam.gserviceaccount.com", "scope": "s"});
    let jwt = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("assertion", jwt.as_str()),
    ];
    let (status, token) = answer(
        cloud
            .request(Method::POST, "/token")
            .body(serde_urlencoded::to_string(form).unwrap()),
    )
    .await;
    assert_eq!(
        (status.as_u16(), &token["token_type"]),
        (200, &json!("Bearer"))
    );
    assert_eq!(token["scope"], "s");
    let request = cloud
        .request(Method::POST, "/compute/v1/projects/demo/global/addresses")
        .bearer_auth(token["access_token"].as_str().unwrap())
        .json(&json!({"name": "ip"}));
    let (_, operation) = answer(request).await;
    assert_eq!(operation["user"], "robot@demo.iam.gserviceaccount.com");
    let form = [("grant_type", "refresh_token"), ("refresh_token", "any")];
    let request = cloud
        .request(Method::POST, "/o/oauth2/token")
        .body(serde_urlencoded::to_string(form).unwrap());
    assert!(answer(request).await.1["access_token"].is_string());
    for (form, error) in [
        (
            [("grant_type", "password"), ("x", "y")],
            "unsupported_grant_type",
        ),
        (
            [("grant_type", form_type()), ("assertion", "x")],
            "invalid_grant",
        ),
    ] {
        let (status, refusal) = answer(
            cloud
                .request(Method::POST, "/token")
                .body(serde_urlencoded::to_string(form).unwrap()),
        )
        .await;
        assert_eq!((status.as_u16(), &refusal["error"]), (400, &json!(error)));
    }
    cloud.emulator.shutdown().await;
}

fn form_type() -> &'static str {
    "urn:ietf:params:oauth:grant-type:jwt-bearer"
}

#[tokio::test]
async fn metrics_are_described_before_and_after_somebody_writes_them() {
    const PATH: &str = "/v3/projects/demo/metricDescriptors";
    let cloud = Cloud::start().await;
    let get = async |path: &str| answer(cloud.request(Method::GET, &format!("{PATH}{path}"))).await;
    let (_, cpu) = get("/compute.googleapis.com/instance/cpu/utilization").await;
    assert_eq!(cpu["metricKind"], "GAUGE");
    assert_eq!(cpu["labels"], json!([{"key": "instance_name"}]));
    let queue = json!({"type": "custom.googleapis.com/queue", "metricKind": "GAUGE",
        "valueType": "INT64", "description": "Waiting jobs."});
    let (status, made) = cloud.rpc(PATH, queue.clone()).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(
        made["name"],
        "projects/demo/metricDescriptors/custom.googleapis.com/queue"
    );
    let point = |metric: &str, kind: &str| {
        json!({"timeSeries": [{"metric": {"type": metric, "labels": {"shard": "1"}}, "metricKind": kind,
            "resource": {"type": "global"}, "points": [{
            "interval": {"endTime": cloud.now()}, "value": {"int64Value": "3"}}]}]})
    };
    let series = "/v3/projects/demo/timeSeries";
    let (status, refusal) = cloud
        .rpc(series, point("custom.googleapis.com/queue", "CUMULATIVE"))
        .await;
    assert_eq!(status, 400);
    assert!(
        refusal["error"]["message"]
            .as_str()
            .unwrap()
            .contains("declared as GAUGE"),
        "{refusal}"
    );
    let (status, _) = cloud
        .rpc(series, point("custom.googleapis.com/new", "GAUGE"))
        .await;
    assert_eq!(status, 200);
    let filter = "?filter=metric.type%3Dstarts_with(%22custom.googleapis.com/%22)";
    let (_, listed) = get(filter).await;
    let types: Vec<&Value> = listed["metricDescriptors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| &d["type"])
        .collect();
    assert_eq!(
        types,
        ["custom.googleapis.com/new", "custom.googleapis.com/queue"]
    );
    let (_, first) = get(&format!("{filter}&pageSize=1")).await;
    let (_, second) = get(&format!(
        "{filter}&pageSize=1&pageToken={}",
        first["nextPageToken"].as_str().unwrap()
    ))
    .await;
    assert_eq!(
        second["metricDescriptors"][0]["description"],
        "Waiting jobs."
    );
    assert!(second.get("nextPageToken").is_none());
    let mut wrong = queue;
    wrong["valueType"] = json!("COMPLEX");
    let (status, refusal) = cloud.rpc(PATH, wrong).await;
    assert_eq!(status, 400);
    assert_eq!(refusal["error"]["status"], "INVALID_ARGUMENT");
    assert_eq!(get("/custom.googleapis.com/none").await.0, 404);
    cloud.emulator.shutdown().await;
}
