//! What survives, and how a start is refused.

use std::error::Error;

use gce_emulator::{Emulator, StartError};
use serde_json::json;

use crate::cloud::{Cloud, ZONE, config, health_check};

#[tokio::test]
async fn everything_acknowledged_is_there_after_a_restart() {
    let cloud = Cloud::start().await;
    cloud.group(1).await;
    let operation = cloud
        .patch("global/healthChecks/alive", json!({"checkIntervalSec": 9}))
        .await;
    let manager = format!("zones/{ZONE}/instanceGroupManagers/m");
    let before = cloud.get(&manager).await;
    let first_run = cloud.emulator.clock().now();
    let cloud = cloud.restart().await;
    assert!(cloud.emulator.clock().now() >= first_run);
    assert_eq!(
        cloud.get("global/healthChecks/alive").await["checkIntervalSec"],
        9
    );
    let after = cloud.get(&manager).await;
    assert_eq!(
        (&after["id"], &after["targetSize"]),
        (&before["id"], &before["targetSize"])
    );
    let name = operation["name"].as_str().unwrap();
    assert_eq!(
        cloud.get(&format!("global/operations/{name}")).await["status"],
        "DONE"
    );
    let body = json!({"resourceNames": ["projects/demo"], "filter": "protoPayload.methodName:healthChecks"});
    let (_, log) = cloud.rpc("/v2/entries:list", body).await;
    assert_eq!(log["entries"].as_array().unwrap().len(), 2);
    cloud.stable(1).await;
    cloud.emulator.shutdown().await;
}

/// One line for people; the chain of causes below it.
fn lines(error: &StartError) -> String {
    assert!(!error.to_string().contains('\n'));
    let source = error.source().map(ToString::to_string).unwrap_or_default();
    format!("{error}: {source}")
}

#[tokio::test]
async fn a_damaged_state_file_is_named_and_left_and_can_be_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("state.sqlite");
    std::fs::write(&file, "broken").unwrap();
    let refused = Emulator::start(config(dir.path())).await.unwrap_err();
    assert!(
        lines(&refused).contains(&file.display().to_string()),
        "{}",
        lines(&refused)
    );
    assert_eq!(std::fs::read(&file).unwrap(), b"broken");

    let mut anew = config(dir.path());
    anew.reset_state = true;
    Emulator::start(anew).await.unwrap().shutdown().await;
    let kept = std::fs::read_dir(dir.path()).unwrap().any(|entry| {
        std::fs::read(entry.unwrap().path()).is_ok_and(|content| content == b"broken")
    });
    assert!(kept);
}

#[tokio::test]
async fn a_start_that_cannot_be_says_why_in_one_line() {
    let cloud = Cloud::start().await;
    let busy = Emulator::start(config(cloud.dir.path())).await.unwrap_err();
    assert!(
        lines(&busy).contains("in use by another program"),
        "{}",
        lines(&busy)
    );

    let dir = tempfile::tempdir().unwrap();
    let mut taken = config(dir.path());
    taken.api_port = cloud.emulator.api_addr().port();
    let taken = Emulator::start(taken).await.unwrap_err();
    assert!(lines(&taken).contains("for the API"), "{}", lines(&taken));
    let mut taken = config(dir.path());
    taken.site_rule = Some(("web".to_owned(), cloud.emulator.site_addr().unwrap().port()));
    let taken = Emulator::start(taken).await.unwrap_err();
    assert!(lines(&taken).contains("for the site"), "{}", lines(&taken));
    let mut missing = config(dir.path());
    missing.workload.command = vec!["/no/such/program".to_owned()];
    let missing = Emulator::start(missing).await.unwrap_err();
    assert!(
        lines(&missing).contains("/no/such/program"),
        "{}",
        lines(&missing)
    );
    let mut fast = config(dir.path());
    fast.speed = 61;
    assert!(matches!(
        Emulator::start(fast).await,
        Err(StartError::Speed(61))
    ));

    // Nothing that was refused has kept the directory.
    let started = Emulator::start(config(dir.path())).await.unwrap();
    started.shutdown().await;
    cloud
        .post("global/healthChecks", health_check("still-here"))
        .await;
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_cloud_that_is_dropped_frees_its_directory() {
    let cloud = Cloud::start().await;
    cloud.post("global/healthChecks", health_check("h")).await;
    let Cloud { emulator, dir, .. } = cloud;
    drop(emulator);
    let again = loop {
        match Emulator::start(config(dir.path())).await {
            Ok(emulator) => break emulator,
            Err(StartError::State(_)) => tokio::task::yield_now().await,
            Err(other) => panic!("{other}"),
        }
    };
    again.shutdown().await;
}
