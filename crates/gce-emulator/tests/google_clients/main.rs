//! Google's own clients, unmodified, drive groups from creation to deletion; and every exchange of
//! theirs and of ours is held against Google's discovery documents.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]

#[path = "../api_surface/cloud.rs"]
#[allow(dead_code, reason = "this test uses a part of it")]
mod cloud;
#[path = "../api_surface/http.rs"]
mod http;
mod own_client;
mod python;
mod recorder;

use serde_json::{Value, json};

use crate::{cloud::Cloud, python::Python, recorder::Recorder};

#[tokio::test(flavor = "multi_thread")]
async fn the_python_library_takes_groups_through_their_lives() {
    let cloud = Cloud::start().await;
    let recorder = Recorder::start(&cloud).await;
    let script = Python::script("library.py").api(&recorder.url());
    script.passes().await;
    recorder.holds_against_discovery(100).await;
    cloud.emulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gcloud_takes_groups_through_their_lives() {
    if !python::has_gcloud() {
        println!("skipped: gcloud is not installed, so its life-cycle test did not run");
        return;
    }
    // Operations that run for a while: gcloud waits for each. It has no flag for the stabilization
    // period, so a slower clock keeps a size that the load has reached.
    let cloud = Cloud::with(|config| {
        config.slow_operations = true;
        config.speed = 20;
    })
    .await;
    let recorder = Recorder::start(&cloud).await;
    let config = tempfile::tempdir().unwrap();
    let script = Python::script("gcloud.py")
        .api(&recorder.url())
        .env("CLOUDSDK_CONFIG", config.path());
    script.passes().await;
    recorder.holds_against_discovery(100).await;
    cloud.emulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_discovery_client_prepares_a_project_and_tidies_up() {
    for slow in [false, true] {
        let cloud = Cloud::with(|config| config.slow_operations = slow).await;
        let recorder = Recorder::start(&cloud).await;
        let script = Python::script("apis.py").api(&recorder.url());
        script.passes().await;
        recorder.holds_against_discovery(60).await;
        cloud.emulator.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_client_sends_what_google_knows() {
    for slow in [false, true] {
        let cloud = Cloud::with(|config| config.slow_operations = slow).await;
        let recorder = Recorder::start(&cloud).await;
        own_client::makes_every_call(&cloud, &recorder.url()).await;
        recorder.holds_against_discovery(60).await;
        cloud.emulator.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_says_of_every_method_whether_it_is_emulated() {
    let cloud = Cloud::start().await;
    let guide = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/emulator.md");
    let script = Python::script("methods.py").api(&cloud.url("")).arg(guide);
    script.passes().await;
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn an_exchange_that_google_would_not_know_is_a_fault() {
    let good = json!({"kind": "compute#healthCheck", "name": "h", "id": "1"});
    let checked = async |target: &str, status: u16, answer: &Value| {
        let exchange = json!({"method": "GET", "target": target, "status": status,
            "requestType": "", "request": "", "responseType": "", "response": answer.to_string()});
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("{exchange}\n")).unwrap();
        Python::script("discovery.py").arg(file.path()).runs().await
    };
    let path = "/compute/v1/projects/p/global/healthChecks/h";
    assert!(checked(path, 200, &good).await.0);
    let changed = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    for (target, status, answer, fault) in [
        (
            path,
            200,
            changed("colour", json!("red")),
            "healthChecks/h (HealthCheck).colour: Google has no such field",
        ),
        (
            path,
            200,
            changed("type", json!("PING")),
            "'PING' is not one of",
        ),
        (
            path,
            200,
            changed("id", json!(1)),
            "a string is wanted, not 1",
        ),
        (
            path,
            200,
            changed("timeoutSec", json!("5")),
            "an integer is wanted",
        ),
        (
            path,
            200,
            changed("kind", json!("compute#check")),
            "is not 'compute#healthCheck'",
        ),
        (
            path,
            404,
            good.clone(),
            "is not the shape of Google's refusals",
        ),
        (
            &format!("{path}?color=red"),
            200,
            good.clone(),
            "Google has no such parameter",
        ),
        (
            &format!("{path}/paint"),
            200,
            good.clone(),
            "Google has no such method",
        ),
    ] {
        let (passed, said) = checked(target, status, &answer).await;
        assert!(!passed && said.contains(fault), "{fault}: {said}");
    }
}
