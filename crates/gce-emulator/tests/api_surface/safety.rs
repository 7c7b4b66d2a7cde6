//! A web page in the owner's browser must not be able to do anything here.

use reqwest::Method;
use serde_json::{Value, json};

use crate::cloud::{Cloud, health_check};

#[tokio::test]
async fn foreign_hosts_and_origins_are_refused_and_change_nothing() {
    let cloud = Cloud::start().await;
    let port = cloud.emulator.api_addr().port();
    let path = "/compute/v1/projects/demo/global/healthChecks";
    let headers = [
        ("host", "evil.example".to_owned()),
        ("host", format!("evil.example:{port}")),
        ("host", "127.0.0.1:1".to_owned()),
        ("origin", "http://evil.example".to_owned()),
        ("origin", "null".to_owned()),
        ("sec-fetch-site", "cross-site".to_owned()),
    ];
    for (name, value) in headers {
        let request = cloud.request(Method::POST, path).header(name, &value);
        let answer = request.json(&health_check("h")).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{name}: {value}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["error"]["errors"][0]["reason"], "forbidden");
        let get = cloud
            .request(Method::GET, path)
            .header(name, &value)
            .send()
            .await
            .unwrap();
        assert_eq!(get.status(), 403);
    }
    assert!(
        cloud
            .get("global/healthChecks")
            .await
            .get("items")
            .is_none()
    );
    let own = format!("http://127.0.0.1:{port}");
    let answer = cloud
        .request(Method::GET, path)
        .header("origin", own)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let answer = cloud
        .request(Method::GET, path)
        .header("host", format!("localhost:{port}"));
    assert_eq!(answer.send().await.unwrap().status(), 200);
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn no_get_changes_anything() {
    let cloud = Cloud::start().await;
    cloud.group(0).await;
    let manager = "zones/us-central1-a/instanceGroupManagers/m";
    let before = cloud.get(manager).await;
    cloud
        .refused(Method::GET, &format!("{manager}/resize?size=5"), None, 501)
        .await;
    cloud
        .refused(
            Method::GET,
            &format!("{manager}/deleteInstances"),
            None,
            501,
        )
        .await;
    assert_eq!(cloud.get(manager).await, before);
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn large_and_broken_bodies_are_refused_in_googles_shape() {
    let cloud = Cloud::start().await;
    let path = "/compute/v1/projects/demo/global/healthChecks";
    let send = async |body: String| {
        let answer = cloud
            .request(Method::POST, path)
            .body(body)
            .send()
            .await
            .unwrap();
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.unwrap(),
        )
    };
    let (status, answer) = send("{".to_owned()).await;
    assert_eq!(status, 400);
    assert_eq!(answer["error"]["errors"][0]["reason"], "parseError");
    let (status, _) = send("[]".to_owned()).await;
    assert_eq!(status, 400);
    let large = json!({"description": "x".repeat(5 << 20)}).to_string();
    let (status, _) = send(large).await;
    assert_eq!(status, 413);
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn answers_bear_the_clouds_time() {
    let cloud = Cloud::start().await;
    let clock = cloud.emulator.clock().clone();
    let before = clock.now();
    let answer = cloud
        .request(Method::GET, "/_emulator/clock")
        .send()
        .await
        .unwrap();
    let date = answer.headers()["date"].to_str().unwrap().to_owned();
    assert!(date.ends_with(" GMT"));
    let body: Value = answer.json().await.unwrap();
    let now = gce_emulator::clock::parse_rfc3339(body["now"].as_str().unwrap()).unwrap();
    assert!(before <= now && now <= clock.now());
    assert_eq!(body["speed"], 60);
    cloud.emulator.shutdown().await;
}
