use control_plane::{Error, HistoryQuery, Window};
use futures::future::join_all;
use serde_json::json;

use crate::cloud::Cloud;
use crate::{control, group};

#[tokio::test]
async fn a_hundred_viewers_cost_as_many_calls_as_one() {
    let (cloud, client) = Cloud::start().await;
    let control = control(client);
    let fleets = join_all((0..100).map(|_| control.fleet())).await;
    assert!(
        fleets
            .iter()
            .all(|fleet| fleet.groups.len() == 1 && fleet.problems.is_empty())
    );
    let asked = cloud.lock().unwrap().asked.clone();
    let more_than_once: Vec<_> = asked.iter().filter(|(_, count)| **count > 1).collect();
    // The three series of Monitoring share a path.
    assert_eq!(
        more_than_once,
        [(&"GET /v3/projects/demo/timeSeries".to_owned(), &3)]
    );
}

#[tokio::test]
async fn a_source_that_refuses_leaves_the_rest_and_says_so() {
    let (cloud, client) = Cloud::start().await;
    for path in ["/timeSeries", "aggregated/backendServices"] {
        cloud.lock().unwrap().broken.insert(path, 429);
    }
    let fleet = control(client).fleet().await;
    let group = fleet.group(&group()).unwrap();
    assert_eq!((group.running, group.healthy), (1, None));
    let mut sources: Vec<&str> = fleet.problems.iter().map(|it| it.source.as_str()).collect();
    sources.sort_unstable();
    assert_eq!(sources, ["health", "metrics"]);
    assert!(fleet.problems[0].message.starts_with("refused: "));
}

#[tokio::test]
async fn a_group_that_does_not_exist_is_not_asked_about() {
    let (cloud, client) = Cloud::start().await;
    let control = control(client);
    let other = "us-central1-a/other".parse().unwrap();
    let charts = control.charts(&other, Window::Hour1).await;
    assert!(matches!(charts, Err(Error::NoSuchGroup(_))));
    let history = control.history(&other, HistoryQuery::default()).await;
    assert!(matches!(history, Err(Error::NoSuchGroup(_))));
    assert_eq!(cloud.lock().unwrap().asked("entries:list"), 1);
}

#[tokio::test]
async fn while_the_groups_cannot_be_read_none_is_said_not_to_exist() {
    let (cloud, client) = Cloud::start().await;
    cloud
        .lock()
        .unwrap()
        .broken
        .insert("aggregated/instanceGroupManagers", 503);
    let charts = control(client).charts(&group(), Window::Hour1).await;
    assert!(matches!(charts, Err(Error::Unavailable(_))));
}

#[tokio::test]
async fn charts_without_events_are_drawn_and_say_so() {
    let (cloud, client) = Cloud::start().await;
    cloud.lock().unwrap().broken.insert("entries:list", 403);
    let charts = control(client)
        .charts(&group(), Window::Minutes15)
        .await
        .unwrap();
    assert_eq!(charts.problems[0].source, "history");
    let targets: Vec<f64> = charts
        .cpu_target
        .iter()
        .map(|(_, target)| *target)
        .collect();
    assert_eq!(targets, [0.5, 0.5]);
}

#[tokio::test]
async fn googles_entry_about_a_change_of_ours_is_not_shown_beside_ours() {
    let (cloud, client) = Cloud::start().await;
    let activity = |operation: &str, at: &str| {
        json!({
            "logName": "projects/demo/logs/cloudaudit.googleapis.com%2Factivity",
            "timestamp": at,
            "operation": {"id": operation, "first": true, "last": true},
            "protoPayload": {
                "methodName": "v1.compute.autoscalers.patch",
                "authenticationInfo": {"principalEmail": "robot@demo"},
                "request": {"autoscalingPolicy": {"minNumReplicas": 3}},
            },
        })
    };
    let ours = json!({
        "logName": "projects/demo/logs/flaskscale-changes",
        "timestamp": "2026-11-24T03:00:02Z",
        "jsonPayload": {
            "action": "policy", "actor": "admin", "group": "us-central1-a/web",
            "before": {"minNumReplicas": 2}, "after": {"minNumReplicas": 3},
            "operation": "operation-1",
        },
    });
    cloud.lock().unwrap().log = vec![
        activity("operation-0", "2026-11-24T02:00:00Z"),
        activity("operation-1", "2026-11-24T03:00:00Z"),
        ours,
    ];
    let page = control(client)
        .history(&group(), HistoryQuery::default())
        .await
        .unwrap();
    let told: Vec<&str> = page.entries.iter().map(|it| it.sentence.as_str()).collect();
    assert_eq!(
        told,
        [
            "admin changed minimum from 2 to 3.",
            "robot@demo changed minimum to 3."
        ]
    );
}
