use autoscaler::Timestamp;
use control_plane::Error;
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::{control, group};

const MINUTE: i64 = 60_000;

/// A minute that ended some time ago.
fn noon() -> i64 {
    let now = jiff::Timestamp::now().as_millisecond();
    (now / MINUTE - 90) * MINUTE
}

fn at(minute: i64) -> String {
    jiff::Timestamp::from_millisecond(noon() + minute * MINUTE)
        .unwrap()
        .to_string()
}

/// Points newest first, as Monitoring has them.
fn series(values: &[(i64, f64)]) -> Value {
    let points = values.iter().rev().map(|(minute, value)| {
        json!({"interval": {"endTime": at(*minute)}, "value": {"doubleValue": value}})
    });
    json!({"points": points.collect::<Vec<_>>()})
}

#[tokio::test]
async fn a_recording_holds_what_the_group_served_minute_by_minute() {
    let (cloud, client) = Cloud::start().await;
    cloud.lock().unwrap().series = vec![
        (
            ["cpu%2Futilization", "REDUCE_SUM"],
            series(&[(1, 0.500_000_04), (2, 1.25), (4, 2.0)]),
        ),
        (
            ["cpu%2Futilization", "REDUCE_COUNT"],
            series(&[(1, 2.0), (2, 2.0), (4, 3.0)]),
        ),
        (
            ["instance_group%2Fsize", "NEXT_OLDER"],
            series(&[(1, 2.0), (2, 3.0), (3, 3.0), (4, 3.0)]),
        ),
        (
            ["recommended_size", "NEXT_OLDER"],
            series(&[(1, 2.0), (2, 3.0), (3, 3.0), (4, 3.0)]),
        ),
        (
            ["backend_request_count", "ALIGN_RATE"],
            series(&[(-5, 9.0), (2, 40.0)]),
        ),
    ];
    let recording = control(client).recording(&group(), 7, &[]).await.unwrap();
    let trace = recording.trace;
    // It begins with the first minute that says something, and has a gap where Monitoring has one.
    assert_eq!((trace.start, trace.step_s), (Timestamp(noon()), 60));
    assert_eq!(trace.cpu, [Some(0.5), Some(1.25), None, Some(2.0)]);
    assert_eq!(trace.serving, [Some(2), Some(2), None, Some(3)]);
    assert_eq!(trace.recommended, [2, 3, 3, 3].map(Some));
    assert_eq!(trace.requests_per_second, [None, Some(40.0), None, None]);
    assert_eq!(
        (recording.boot_measured, recording.missing),
        (false, Vec::new())
    );
    assert_eq!(recording.machine_type, "e2-small");
    assert_eq!(
        (recording.model.initialization_s, recording.model.burst),
        (60, 4.0)
    );
}

#[tokio::test]
async fn the_last_change_of_the_policy_is_known_and_its_absence_is_said() {
    let (cloud, client) = Cloud::start().await;
    let change = |operation: &str, minute: i64, after: u32| {
        json!({
            "logName": "projects/demo/logs/flaskscale-changes",
            "timestamp": at(minute),
            "jsonPayload": {
                "action": "policy", "actor": "admin", "group": "us-central1-a/web",
                "before": {"minNumReplicas": 2}, "after": {"minNumReplicas": after},
                "operation": operation,
            },
        })
    };
    // The newest was saved without a change.
    cloud.lock().unwrap().log = vec![change("1", 1, 3), change("2", 2, 4), change("3", 3, 2)];
    let control = control(client);
    let recording = control.recording(&group(), 7, &[]).await.unwrap();
    assert_eq!(
        recording.trace.policy_since,
        Some(Timestamp(noon() + 2 * MINUTE))
    );

    cloud.lock().unwrap().broken.insert("entries:list", 403);
    let recording = control.recording(&group(), 8, &[]).await.unwrap();
    assert_eq!(recording.trace.policy_since, None);
    let missing = &recording.missing[0];
    assert!(
        missing.starts_with("when the policy was changed last: refused"),
        "{missing}"
    );
}

#[tokio::test]
async fn load_that_cannot_be_read_is_an_error_and_not_an_empty_recording() {
    let (cloud, client) = Cloud::start().await;
    cloud.lock().unwrap().broken.insert("/timeSeries", 403);
    let recording = control(client).recording(&group(), 7, &[]).await;
    assert!(matches!(recording, Err(Error::Unavailable(_))));
    let other = "us-central1-a/other".parse().unwrap();
    let (_, client) = Cloud::start().await;
    let recording = control(client).recording(&other, 7, &[]).await;
    assert!(matches!(recording, Err(Error::NoSuchGroup(_))));
}

#[tokio::test]
async fn a_hold_is_read_out_of_the_recorded_load() {
    let (cloud, client) = Cloud::start().await;
    // Four instances of which all were needed until six minutes ago, and since then two would do.
    let newest = 89;
    let load = |minute: i64| if minute > newest - 6 { 0.9 } else { 1.9 };
    let column = |value: &dyn Fn(i64) -> f64| {
        let minutes: Vec<_> = (0..=newest).map(|minute| (minute, value(minute))).collect();
        series(&minutes)
    };
    cloud.lock().unwrap().series = vec![
        (["cpu%2Futilization", "REDUCE_SUM"], column(&load)),
        (["cpu%2Futilization", "REDUCE_COUNT"], column(&|_| 4.0)),
        (["instance_group%2Fsize", "NEXT_OLDER"], column(&|_| 4.0)),
    ];
    let held = control(client).hold(&group()).await.unwrap().unwrap();
    assert_eq!(held.span.cause, autoscaler::HoldCause::Stabilization);
    assert_eq!((held.span.size, held.span.wanted), (4, 2));
    let needed = Timestamp(noon() + (newest - 6) * MINUTE);
    assert_eq!(held.span.needed_at, Some(needed));
    assert_eq!(held.span.until, Some(Timestamp(needed.0 + 10 * MINUTE)));
    assert!(!held.began_before);
}

#[tokio::test]
async fn without_recorded_load_no_hold_is_made_up() {
    let (cloud, client) = Cloud::start().await;
    let control = control(client);
    assert_eq!(control.hold(&group()).await.unwrap(), None);
    cloud.lock().unwrap().broken.insert("/timeSeries", 403);
    let nowhere = "us-central1-a/nothing".parse().unwrap();
    let unknown = control.hold(&nowhere).await.unwrap_err();
    assert!(matches!(unknown, Error::NoSuchGroup(_)), "{unknown}");
}
