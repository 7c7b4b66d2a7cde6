use control_plane::{ChangeError, ControlPlane, DRILL_KEY, Drill, DrillRequest};
use serde_json::{Value, json};

use crate::cloud::{Cloud, Shared};
use crate::{admin, control, group};

const DRILL: DrillRequest = DrillRequest {
    load: 2.2,
    seconds: 60,
};

fn key(cloud: &Shared, name: &str) -> Option<Value> {
    let cloud = cloud.lock().unwrap();
    let items = cloud.metadata["items"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    items
        .into_iter()
        .find(|item| item["key"] == name)
        .map(|item| item["value"].clone())
}

async fn start(control: &ControlPlane) -> Result<Drill, ChangeError> {
    control
        .start_drill(&admin(), &group(), "web-1", DRILL)
        .await
}

#[tokio::test]
async fn a_drill_is_a_key_beside_the_others_and_is_recorded() {
    let (cloud, client) = Cloud::start().await;
    let control = control(client);
    let drill = start(&control).await.unwrap();
    let written: Drill =
        serde_json::from_str(key(&cloud, DRILL_KEY).unwrap().as_str().unwrap()).unwrap();
    assert_eq!(written, drill);
    assert_eq!(key(&cloud, "user-data"), Some(json!("x")));
    let fleet = control.fleet().await;
    assert_eq!(
        fleet.group(&group()).unwrap().instances[0].drill,
        Some(drill)
    );

    control
        .stop_drill(&admin(), &group(), "web-1")
        .await
        .unwrap();
    assert_eq!(key(&cloud, DRILL_KEY), None);
    let actions: Vec<Value> = cloud
        .lock()
        .unwrap()
        .records()
        .iter()
        .map(|it| it["action"].clone())
        .collect();
    assert_eq!(actions, ["drill-start", "drill-stop"]);
}

#[tokio::test]
async fn an_instance_has_one_drill_at_a_time() {
    let (_cloud, client) = Cloud::start().await;
    let control = control(client);
    let first = start(&control).await.unwrap();
    let refused = start(&control).await;
    assert!(matches!(refused, Err(ChangeError::DrillRunning(running)) if *running == first));
}

#[tokio::test]
async fn somebody_elses_key_survives_a_drill_that_is_started_in_the_same_moment() {
    let (cloud, client) = Cloud::start().await;
    let meddled = json!({"fingerprint": "theirs", "items": [{"key": "their-key", "value": "y"}]});
    cloud.lock().unwrap().meddler = Some(meddled);
    start(&control(client)).await.unwrap();
    assert_eq!(key(&cloud, "their-key"), Some(json!("y")));
    assert!(key(&cloud, DRILL_KEY).is_some());
}

#[tokio::test]
async fn a_drill_has_bounds() {
    let (cloud, client) = Cloud::start().await;
    let control = control(client);
    for (load, seconds, field) in [
        (0.0, 60, "load"),
        (f64::NAN, 60, "load"),
        (9.0, 60, "load"),
        (1.0, 0, "seconds"),
        (1.0, 901, "seconds"),
    ] {
        let request = DrillRequest { load, seconds };
        let refused = control
            .start_drill(&admin(), &group(), "web-1", request)
            .await;
        let Err(ChangeError::Invalid(violations)) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(violations[0].field, field);
    }
    assert_eq!(cloud.lock().unwrap().operations, 0);
}

#[tokio::test]
async fn an_instance_of_another_group_is_out_of_reach() {
    let (_cloud, client) = Cloud::start().await;
    let refused = control(client)
        .start_drill(&admin(), &group(), "db-1", DRILL)
        .await;
    assert!(matches!(refused, Err(ChangeError::NotFound(_))));
}

#[tokio::test]
async fn stopping_what_does_not_run_does_nothing() {
    let (cloud, client) = Cloud::start().await;
    control(client)
        .stop_drill(&admin(), &group(), "web-1")
        .await
        .unwrap();
    assert_eq!(cloud.lock().unwrap().operations, 0);
    assert!(cloud.lock().unwrap().log.is_empty());
}
