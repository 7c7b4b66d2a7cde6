use control_plane::{ChangeError, HistoryQuery, PolicyEdit};
use serde_json::json;

use crate::cloud::Cloud;
use crate::{admin, control, group};

fn at_least(min: i64) -> PolicyEdit {
    PolicyEdit {
        min: Some(min.into()),
        ..PolicyEdit::default()
    }
}

async fn hash(control: &control_plane::ControlPlane) -> String {
    let fleet = control.fleet().await;
    fleet
        .group(&group())
        .unwrap()
        .autoscaler
        .as_ref()
        .unwrap()
        .hash
        .clone()
}

#[tokio::test]
async fn only_what_was_changed_is_written_and_what_we_do_not_know_survives() {
    let (cloud, client) = Cloud::start().await;
    let control = control(client);
    let before = cloud.lock().unwrap().policy.clone();
    let base = hash(&control).await;
    let change = control
        .change_policy(&admin(), &group(), &base, at_least(3), "the sale")
        .await
        .unwrap();
    let mut expected = before.clone();
    expected["minNumReplicas"] = json!(3);
    assert_eq!(cloud.lock().unwrap().policy, expected);
    assert_eq!(change.policy, expected);
    assert_eq!(change.changes[0].to_string(), "minimum from 2 to 3");
    assert!(change.surprises.is_empty() && change.unrecorded.is_none());
    let record = cloud.lock().unwrap().records().remove(0);
    assert_eq!((&record["before"], &record["after"]), (&before, &expected));
    assert_eq!(
        (&record["actor"], &record["note"]),
        (&json!("admin"), &json!("the sale"))
    );
    assert_eq!(record["operation"], json!(change.operation.unwrap()));
}

#[tokio::test]
async fn a_stale_policy_is_refused_and_the_difference_shown() {
    let (cloud, client) = Cloud::start().await;
    let control = control(client);
    let base = hash(&control).await;
    cloud.lock().unwrap().policy["maxNumReplicas"] = json!(9);
    let refused = control
        .change_policy(&admin(), &group(), &base, at_least(3), "")
        .await;
    let Err(ChangeError::Conflict { theirs, hash }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(theirs.len(), 1);
    assert_eq!(theirs[0].to_string(), "maximum from 6 to 9");
    assert_eq!(cloud.lock().unwrap().policy["minNumReplicas"], 2);
    assert!(cloud.lock().unwrap().log.is_empty());
    control
        .change_policy(&admin(), &group(), &hash, at_least(3), "")
        .await
        .unwrap();
    assert_eq!(cloud.lock().unwrap().policy["minNumReplicas"], 3);
    assert_eq!(cloud.lock().unwrap().policy["maxNumReplicas"], 9);
}

#[tokio::test]
async fn a_form_of_another_instance_is_refused_with_what_is_there_now() {
    let (_cloud, client) = Cloud::start().await;
    let refused = control(client)
        .change_policy(&admin(), &group(), "another", at_least(3), "")
        .await;
    let Err(ChangeError::Conflict { theirs, .. }) = refused else {
        panic!("{refused:?}")
    };
    let told: Vec<String> = theirs.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "CPU target to 0.5",
            "maximum to 6",
            "minimum to 2",
            "mode to ON"
        ]
    );
}

#[tokio::test]
async fn values_that_are_not_allowed_change_nothing_and_are_all_told() {
    let (cloud, client) = Cloud::start().await;
    let control = control(client);
    let base = hash(&control).await;
    let edit = PolicyEdit {
        min: Some(PolicyEdit::typed("many")),
        stabilization_s: Some(PolicyEdit::typed("9999")),
        ..PolicyEdit::default()
    };
    let refused = control
        .change_policy(&admin(), &group(), &base, edit, "")
        .await;
    let Err(ChangeError::Invalid(violations)) = refused else {
        panic!("{refused:?}")
    };
    let fields: Vec<&str> = violations.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "autoscalingPolicy.minNumReplicas",
            "autoscalingPolicy.stabilizationPeriodSec"
        ]
    );
    assert_eq!(cloud.lock().unwrap().operations, 0);
}

#[tokio::test]
async fn a_form_that_changes_nothing_writes_nothing() {
    let (cloud, client) = Cloud::start().await;
    let control = control(client);
    let base = hash(&control).await;
    let edit = PolicyEdit {
        initialization_s: Some(60.into()),
        ..at_least(2)
    };
    let change = control
        .change_policy(&admin(), &group(), &base, edit, "")
        .await
        .unwrap();
    assert!(change.changes.is_empty() && change.operation.is_none());
    assert_eq!(cloud.lock().unwrap().operations, 0);
}

#[tokio::test]
async fn a_change_that_cannot_be_recorded_is_made_and_says_so() {
    let (cloud, client) = Cloud::start().await;
    let control = control(client);
    let base = hash(&control).await;
    cloud.lock().unwrap().broken.insert("entries:write", 403);
    let change = control
        .change_policy(&admin(), &group(), &base, at_least(3), "")
        .await
        .unwrap();
    assert_eq!(cloud.lock().unwrap().policy["minNumReplicas"], 3);
    assert!(
        change
            .unrecorded
            .unwrap()
            .contains("refused: /v2/entries:write")
    );
}

#[tokio::test]
async fn a_change_is_seen_at_once_by_whoever_made_it() {
    let (_cloud, client) = Cloud::start().await;
    let control = control(client);
    let base = hash(&control).await;
    assert!(
        control
            .history(&group(), HistoryQuery::default())
            .await
            .unwrap()
            .entries
            .is_empty()
    );
    let change = control
        .change_policy(&admin(), &group(), &base, at_least(3), "")
        .await
        .unwrap();
    assert_eq!(hash(&control).await, change.hash);
    let page = control
        .history(&group(), HistoryQuery::default())
        .await
        .unwrap();
    assert_eq!(
        page.entries[0].sentence,
        "admin changed minimum from 2 to 3."
    );
}

#[tokio::test]
async fn a_group_without_an_autoscaler_has_no_policy_to_change() {
    let (_cloud, client) = Cloud::start().await;
    let other = "us-central1-a/other".parse().unwrap();
    let refused = control(client)
        .change_policy(&admin(), &other, "", at_least(3), "")
        .await;
    assert!(matches!(refused, Err(ChangeError::NotFound(_))));
}

#[tokio::test]
async fn a_change_through_one_control_plane_is_seen_by_another_that_is_told_of_it() {
    let (cloud, client) = Cloud::start().await;
    let (one, other) = (control(client.clone()), control(client));
    let base = hash(&one).await;
    assert_eq!(hash(&other).await, base);
    one.change_policy(&admin(), &group(), &base, at_least(3), "the sale")
        .await
        .unwrap();
    assert_eq!(hash(&other).await, base, "at Google's pace it is not due");

    other.catch_up("the change");
    assert_ne!(hash(&other).await, base);
    let history = other.history(&group(), HistoryQuery::default()).await;
    assert_eq!(history.unwrap().entries[0].note, "the sale");

    let asked = cloud.lock().unwrap().asked("entries:list");
    other.catch_up("the change");
    other
        .history(&group(), HistoryQuery::default())
        .await
        .unwrap();
    assert_eq!(cloud.lock().unwrap().asked("entries:list"), asked);
}
