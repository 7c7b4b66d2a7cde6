//! The APIs beside Compute that a deployment calls.

mod dns;
mod identities;
mod org_policies;
mod policies;
mod repositories;
mod secrets;
mod services;

use reqwest::Method;
use serde_json::Value;

use crate::cloud::Cloud;

/// Any call, with or without a token: status and body.
pub(crate) async fn call(
    cloud: &Cloud,
    method: Method,
    path: &str,
    token: Option<&str>,
    body: Option<Value>,
) -> (u16, Value) {
    let mut request = cloud.request(method, path);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// A call that must be good: its body.
async fn good(cloud: &Cloud, method: Method, path: &str, body: Option<Value>) -> Value {
    let (status, answer) = call(cloud, method, path, None, body).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

async fn get(cloud: &Cloud, path: &str) -> Value {
    good(cloud, Method::GET, path, None).await
}

async fn post(cloud: &Cloud, path: &str, body: Value) -> Value {
    good(cloud, Method::POST, path, Some(body)).await
}

/// A call that must be refused: its status, Google's word for it, and the message.
async fn refused(
    cloud: &Cloud,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> (u16, String, String) {
    let (status, answer) = call(cloud, method, path, None, body).await;
    assert!(status >= 400, "{path}: {answer}");
    let error = &answer["error"];
    let reason = error["errors"][0]["reason"].as_str();
    let word = error["status"].as_str().or(reason).unwrap_or_default();
    let message = error["message"].as_str().unwrap_or_default();
    (status, word.to_owned(), message.to_owned())
}

/// A cloud whose clock the test turns.
async fn by_hand() -> Cloud {
    Cloud::with(|config| config.conditions.manual = true).await
}
