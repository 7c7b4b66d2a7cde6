//! A clock that stands still until somebody advances it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::cloud::{Cloud, ZONE, template};

async fn by_hand() -> Cloud {
    Cloud::with(|config| config.conditions.manual = true).await
}

async fn emulator(cloud: &Cloud, what: &str) -> Value {
    let answer = cloud
        .request(Method::GET, &format!("/_emulator/{what}"))
        .send()
        .await
        .unwrap();
    answer.json().await.unwrap()
}

async fn states(cloud: &Cloud) -> Vec<String> {
    let instances = emulator(cloud, "instances").await;
    let state = |instance: &Value| instance["state"].as_str().unwrap().to_owned();
    instances.as_array().unwrap().iter().map(state).collect()
}

#[tokio::test]
async fn an_instance_boots_exactly_as_far_as_the_clock_goes() {
    let cloud = by_hand().await;
    cloud.group(2).await;
    for (seconds, state) in [
        (3, "PROVISIONING"),
        (1, "STAGING"),
        (5, "STAGING"),
        (1, "RUNNING"),
    ] {
        cloud.advance(seconds).await;
        assert_eq!(
            states(&cloud).await,
            [state, state],
            "after {seconds} s more"
        );
    }
    let group = cloud
        .get(&format!("zones/{ZONE}/instanceGroupManagers/m"))
        .await;
    assert_eq!(group["status"]["isStable"], true);
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn one_long_advance_does_all_that_many_short_ones_would() {
    let cloud = by_hand().await;
    cloud.group(1).await;
    let path = format!("zones/{ZONE}/autoscalers");
    let policy = json!({"minNumReplicas": 3, "maxNumReplicas": 4,
        "cpuUtilization": {"utilizationTarget": 0.5}});
    let target = format!("zones/{ZONE}/instanceGroupManagers/m");
    let body = json!({"name": "a", "target": target, "autoscalingPolicy": policy});
    cloud.post(&path, body).await;
    cloud.advance(60).await;
    assert_eq!(cloud.get(&target).await["targetSize"], 3);
    assert_eq!(states(&cloud).await, ["RUNNING"; 3]);
    cloud.emulator.shutdown().await;
}

/// Two minutes in which so many jobs wait: the autoscaler looks at the mean of the last one, in which
/// the end of the time before may still lie.
async fn two_minutes_with(cloud: &Cloud, jobs: u32) {
    for _ in 0..4 {
        let series = json!({"metric": {"type": "custom.googleapis.com/jobs"},
            "resource": {"type": "generic_task", "labels": {"location": ZONE}},
            "points": [{"interval": {"endTime": cloud.now()},
                "value": {"int64Value": jobs.to_string()}}]});
        let body = json!({"timeSeries": [series]});
        let (status, answer) = cloud.rpc("/v3/projects/demo/timeSeries", body).await;
        assert_eq!(status, 200, "{answer}");
        cloud.advance(30).await;
    }
}

#[tokio::test]
async fn a_regional_group_follows_its_queue_as_the_clock_goes() {
    const REGION: &str = "regions/us-central1";
    let cloud = by_hand().await;
    cloud.post("global/instanceTemplates", template("t1")).await;
    let group = json!({"name": "wide", "targetSize": 2, "baseInstanceName": "wide",
        "instanceTemplate": "global/instanceTemplates/t1"});
    let target = format!("{REGION}/instanceGroupManagers/wide");
    cloud
        .post(&format!("{REGION}/instanceGroupManagers"), group)
        .await;
    let policy = json!({"minNumReplicas": 2, "maxNumReplicas": 6, "stabilizationPeriodSec": 180,
        "customMetricUtilizations": [{"metric": "custom.googleapis.com/jobs",
            "filter": "resource.type = \"generic_task\"", "singleInstanceAssignment": 10}]});
    let scaler = json!({"name": "a", "target": target, "autoscalingPolicy": policy});
    cloud.post(&format!("{REGION}/autoscalers"), scaler).await;
    let size = async || cloud.get(&target).await["targetSize"].as_i64().unwrap();

    two_minutes_with(&cloud, 5).await;
    assert_eq!(size().await, 2, "the minimum");
    two_minutes_with(&cloud, 45).await;
    assert_eq!(size().await, 5, "ten jobs an instance");
    two_minutes_with(&cloud, 500).await;
    assert_eq!(size().await, 6, "the maximum");
    assert_eq!(states(&cloud).await, ["RUNNING"; 6]);
    let listed = cloud
        .post(&format!("{target}/listManagedInstances"), json!({}))
        .await;
    let zone = |name: &str| {
        let of = format!("/zones/us-central1-{name}/");
        let all = listed["managedInstances"].as_array().unwrap().iter();
        all.filter(|one| one["instance"].as_str().unwrap().contains(&of))
            .count()
    };
    let spread: Vec<usize> = ["a", "b", "c", "f"]
        .map(zone)
        .into_iter()
        .filter(|count| *count > 0)
        .collect();
    assert_eq!(spread.iter().sum::<usize>(), 6);
    assert!(
        spread.len() >= 3 && spread.iter().max().unwrap() - spread.iter().min().unwrap() <= 1,
        "{spread:?}"
    );

    // What the load has asked for is kept for the stabilization period, and then given up: once the
    // CPU of the programs is known, which is measured in real time whatever the clock does.
    two_minutes_with(&cloud, 5).await;
    assert_eq!(size().await, 6, "held");
    cloud
        .until_asked("the end of the hold", async || {
            two_minutes_with(&cloud, 5).await;
            size().await == 2
        })
        .await;
    let scaler = cloud.get(&format!("{REGION}/autoscalers/a")).await;
    assert_eq!(
        (&scaler["recommendedSize"], &scaler["status"]),
        (&json!(2), &json!("ACTIVE"))
    );
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn nothing_moves_by_itself() {
    let cloud = by_hand().await;
    cloud.group(1).await;
    let before = emulator(&cloud, "clock").await;
    assert_eq!(before["pace"], "manual");
    // Long enough for a running clock to show it.
    for _ in 0..50 {
        assert_eq!(emulator(&cloud, "clock").await, before);
    }
    cloud.advance(7).await;
    assert_ne!(emulator(&cloud, "clock").await, before);
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn an_advance_that_cannot_be_is_refused() {
    let cloud = Cloud::start().await;
    let (status, answer) = cloud.rpc("/_emulator/advance?seconds=5", Value::Null).await;
    assert_eq!(status, 412);
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .contains("--pace manual")
    );
    cloud.emulator.shutdown().await;

    let cloud = by_hand().await;
    let before = emulator(&cloud, "clock").await;
    for query in [
        "",
        "?seconds=0",
        "?seconds=-1",
        "?seconds=soon",
        "?seconds=99999999999",
    ] {
        let (status, answer) = cloud
            .rpc(&format!("/_emulator/advance{query}"), Value::Null)
            .await;
        assert_eq!(status, 400, "{answer}");
    }
    let foreign = cloud
        .request(Method::POST, "/_emulator/advance?seconds=5")
        .header("origin", "http://evil.example");
    assert_eq!(foreign.send().await.unwrap().status(), 403);
    let get = cloud.request(Method::GET, "/_emulator/advance?seconds=5");
    let refused = get.send().await.unwrap();
    assert_eq!(refused.status(), 405);
    let said: Value = refused.json().await.unwrap();
    let message = said["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("does not take the method GET"),
        "{message}"
    );
    assert_eq!(emulator(&cloud, "clock").await, before);
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn health_checks_follow_the_clock() {
    let cloud = by_hand().await;
    cloud.group(1).await;
    let policy = json!({"autoHealingPolicies": [
        {"healthCheck": "global/healthChecks/alive", "initialDelaySec": 300}]});
    let path = format!("zones/{ZONE}/instanceGroupManagers/m");
    cloud.patch(&path, policy).await;
    cloud.advance(10).await;
    let actions = cloud.get(&path).await["currentActions"].clone();
    assert_eq!(actions["verifying"], 1, "{actions}");
    // Programs start in their own time, but the verdict takes two probes of the cloud's.
    cloud.advance(60).await;
    cloud.stable(1).await;
    cloud.emulator.shutdown().await;
}
