//! Updates and membership of groups, as clients ask for them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::cloud::{Cloud, ZONE, template};

fn manager() -> String {
    format!("zones/{ZONE}/instanceGroupManagers/m")
}

/// A running group of `t1`, and a template `t2` that needs a replacement.
async fn group(cloud: &Cloud, size: u32) -> Vec<Value> {
    cloud.group(size).await;
    let mut newer = template("t2");
    newer["properties"]["canIpForward"] = json!(true);
    cloud.post("global/instanceTemplates", newer).await;
    cloud.stable(size as usize).await
}

fn versions(template: &str) -> Value {
    json!([{"instanceTemplate": format!("global/instanceTemplates/{template}")}])
}

fn of_template(instances: &[Value], template: &str) -> usize {
    let is_of = |instance: &&Value| {
        let has = instance["version"]["instanceTemplate"].as_str().unwrap();
        has.ends_with(&format!("/{template}"))
    };
    instances.iter().filter(is_of).count()
}

#[tokio::test]
async fn a_rolling_update_is_not_stable_until_it_is_through_and_can_be_rolled_back() {
    let cloud = Cloud::start().await;
    group(&cloud, 2).await;
    for template in ["t2", "t1"] {
        let update = json!({"versions": versions(template), "updatePolicy": {
            "type": "PROACTIVE", "maxSurge": {"fixed": 2}, "maxUnavailable": {"fixed": 0}}});
        cloud.patch(&manager(), update).await;
        let status = cloud.get(&manager()).await["status"].clone();
        assert_eq!(status["isStable"], false);
        assert_eq!(status["versionTarget"]["isReached"], false);
        let two = cloud.stable(2).await;
        assert_eq!(of_template(&two, template), 2);
        let status = cloud.get(&manager()).await["status"].clone();
        assert_eq!(status["versionTarget"]["isReached"], true);
    }
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn chosen_instances_are_updated_as_deep_as_the_caller_allows() {
    let cloud = Cloud::start().await;
    let two = group(&cloud, 2).await;
    cloud
        .patch(&manager(), json!({"versions": versions("t2")}))
        .await;
    let status = cloud.get(&manager()).await["status"].clone();
    assert_eq!(
        (&status["isStable"], &status["versionTarget"]["isReached"]),
        (&json!(true), &json!(false))
    );

    let path = format!("{}/applyUpdatesToInstances", manager());
    let chosen = json!([two[0]["instance"]]);
    let timid = json!({"instances": chosen, "mostDisruptiveAllowedAction": "RESTART"});
    let (reason, message) = cloud.refused(Method::POST, &path, Some(timid), 400).await;
    assert_eq!(reason, "invalid");
    assert!(message.contains("REPLACE"), "{message}");
    let both = json!({"instances": chosen, "allInstances": true});
    cloud.refused(Method::POST, &path, Some(both), 400).await;

    cloud.post(&path, json!({"instances": chosen})).await;
    assert_eq!(
        cloud.get(&manager()).await["currentActions"]["recreating"],
        1
    );
    assert_eq!(of_template(&cloud.stable(2).await, "t2"), 1);
    cloud.post(&path, json!({"allInstances": true})).await;
    assert_eq!(of_template(&cloud.stable(2).await, "t2"), 2);
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn an_impossible_update_policy_is_refused_with_its_field() {
    let cloud = Cloud::start().await;
    cloud.group(0).await;
    let policy = |policy: Value| json!({ "updatePolicy": policy });
    let zero = json!({"fixed": 0});
    for (given, field) in [
        (
            json!({"maxSurge": zero, "maxUnavailable": zero}),
            "maxSurge",
        ),
        (
            json!({"replacementMethod": "RECREATE", "maxSurge": {"fixed": 1}}),
            "maxSurge",
        ),
        (json!({"maxUnavailable": {"percent": 20}}), "maxUnavailable"),
    ] {
        let before = cloud.get(&manager()).await;
        let (reason, message) = cloud
            .refused(Method::PATCH, &manager(), Some(policy(given)), 400)
            .await;
        assert_eq!(reason, "invalid");
        assert!(
            message.contains(&format!("resource.updatePolicy.{field}")),
            "{message}"
        );
        assert_eq!(cloud.get(&manager()).await, before);
    }
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn numbers_and_percentages_show_how_many_instances_they_are() {
    let cloud = Cloud::start().await;
    cloud.group(0).await;
    let canary = json!({"versions": [
        {"instanceTemplate": "global/instanceTemplates/t1"},
        {"instanceTemplate": "global/instanceTemplates/t1", "name": "c", "targetSize": {"percent": 15}}]});
    cloud.patch(&manager(), canary).await;
    // Nothing is to run here.
    let group = cloud.get(&manager()).await;
    assert_eq!(group["versions"][1]["targetSize"]["calculated"], 0);
    assert_eq!(group["updatePolicy"]["maxSurge"]["calculated"], 1);
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn an_abandoned_instance_leaves_its_group_smaller_and_can_be_deleted() {
    let cloud = Cloud::start().await;
    let two = group(&cloud, 2).await;
    let chosen = json!({"instances": [two[0]["instance"]]});
    cloud
        .post(&format!("{}/abandonInstances", manager()), chosen.clone())
        .await;
    assert_eq!(cloud.get(&manager()).await["targetSize"], 1);
    let left = cloud.stable(1).await;
    assert_eq!(left[0]["name"], two[1]["name"]);
    let path = format!(
        "zones/{ZONE}/instances/{}",
        two[0]["name"].as_str().unwrap()
    );
    assert_eq!(cloud.get(&path).await["status"], "RUNNING");
    let again = format!("{}/abandonInstances", manager());
    cloud.refused(Method::POST, &again, Some(chosen), 400).await;

    cloud.delete(&path).await;
    cloud
        .until(&path, |answer| answer["error"]["code"] == 404)
        .await;
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn instances_are_made_under_the_names_that_were_asked_for() {
    let cloud = Cloud::start().await;
    group(&cloud, 1).await;
    let path = format!("{}/createInstances", manager());
    cloud
        .post(
            &path,
            json!({"instances": [{"name": "first"}, {"name": "second"}]}),
        )
        .await;
    let three = cloud.stable(3).await;
    let names: Vec<&str> = three
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"first") && names.contains(&"second"),
        "{names:?}"
    );
    for bad in [
        json!([{"name": "first"}]),
        json!([{"name": "No"}]),
        json!([]),
        json!([{}]),
    ] {
        cloud
            .refused(Method::POST, &path, Some(json!({"instances": bad})), 400)
            .await;
    }
    assert_eq!(cloud.get(&manager()).await["targetSize"], 3);
    cloud.emulator.shutdown().await;
}
