//! Groups that follow a schedule, a custom metric, and the balancer's load.

use gce_emulator::clock::{parse_rfc3339, rfc3339};
use reqwest::Method;
use serde_json::{Value, json};

use crate::cloud::{Cloud, ZONE};

const MINUTE: i64 = 60_000;

async fn now(cloud: &Cloud) -> i64 {
    let clock = cloud.request(Method::GET, "/_emulator/clock").send().await;
    let clock: Value = clock.unwrap().json().await.unwrap();
    parse_rfc3339(clock["now"].as_str().unwrap()).unwrap().0
}

/// A group of one, and its autoscaler.
async fn autoscaled(cloud: &Cloud, policy: Value) {
    cloud.group(1).await;
    cloud.stable(1).await;
    let target = format!("zones/{ZONE}/instanceGroupManagers/m");
    let body = json!({"name": "a", "target": target, "autoscalingPolicy": policy});
    cloud.post(&format!("zones/{ZONE}/autoscalers"), body).await;
}

/// Reads the autoscaler until it is as wanted.
async fn until(cloud: &Cloud, wanted: impl Fn(&Value) -> bool) -> Value {
    let path = format!("zones/{ZONE}/autoscalers/a");
    cloud.until(&path, wanted).await
}

async fn target_size(cloud: &Cloud) -> i64 {
    let path = format!("zones/{ZONE}/instanceGroupManagers/m");
    cloud.get(&path).await["targetSize"].as_i64().unwrap()
}

/// The entries that a filter of Logging finds, oldest first.
async fn entries(cloud: &Cloud, filter: &str) -> Vec<Value> {
    let query = json!({"resourceNames": ["projects/demo"], "filter": filter});
    let (status, answer) = cloud.rpc("/v2/entries:list", query).await;
    assert_eq!(status, 200, "{answer}");
    answer["entries"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_schedule_raises_a_group_at_its_minute_and_its_end_is_held() {
    let cloud = Cloud::start().await;
    let start = (now(&cloud).await / MINUTE + 4) * MINUTE;
    let (hour, minute) = (start / MINUTE / 60 % 24, start / MINUTE % 60);
    let policy = json!({
        "minNumReplicas": 1, "maxNumReplicas": 3, "stabilizationPeriodSec": 180,
        "cpuUtilization": {"utilizationTarget": 1.0},
        "scalingSchedules": {"rush": {
            "minRequiredReplicas": 2, "schedule": format!("{minute} {hour} * * *"),
            "durationSec": 36000,
        }},
    });
    autoscaled(&cloud, policy).await;
    let raised = until(&cloud, |autoscaler| autoscaler["recommendedSize"] == 2).await;
    let status = &raised["scalingScheduleStatus"]["rush"];
    assert_eq!(status["state"], "ACTIVE", "{raised}");
    let shown = rfc3339(autoscaler::Timestamp(start));
    assert_eq!(status["lastStartTime"].as_str(), Some(shown.as_str()));
    let next = parse_rfc3339(status["nextStartTime"].as_str().unwrap()).unwrap();
    assert_eq!(next.0, start + 24 * 60 * MINUTE);

    let resized = entries(
        &cloud,
        r#"protoPayload.methodName="compute.autoscalers.resize""#,
    )
    .await;
    let resize = resized.last().unwrap();
    let at = parse_rfc3339(resize["timestamp"].as_str().unwrap()).unwrap();
    assert!(at.0 >= start, "{resize}");
    let reason = &resize["protoPayload"]["metadata"]["autoscalingReason"];
    assert_eq!(
        reason["summary"],
        "Grow from 1 to 2: the schedule rush asks for 2."
    );
    assert_eq!(reason["scalingSignal"]["name"], "SCALING_SCHEDULE");

    // Switched off, it is kept for the stabilization period; then the hold is on record.
    let off = json!({"autoscalingPolicy": {"scalingSchedules": {"rush": {"disabled": true}}}});
    cloud
        .patch(&format!("zones/{ZONE}/autoscalers?autoscaler=a"), off)
        .await;
    let shrunk = until(&cloud, |autoscaler| autoscaler["recommendedSize"] == 1).await;
    assert_eq!(shrunk["scalingScheduleStatus"]["rush"]["state"], "DISABLED");
    cloud
        .until_asked("the hold", async || {
            let held = entries(&cloud, r#"logName="projects/demo/logs/flaskscale-holds""#).await;
            held.iter().any(|entry| {
                let hold = &entry["jsonPayload"];
                hold["cause"] == "STABILIZATION"
                    && (&hold["size"], &hold["wanted"]) == (&json!(2), &json!(1))
                    && hold["message"]
                        .as_str()
                        .unwrap()
                        .starts_with("Held at 2 for ")
                    && entry["resource"]["labels"]["instance_group_manager_name"] == "m"
            })
        })
        .await;
}

#[tokio::test]
async fn a_custom_metric_grows_the_group() {
    let cloud = Cloud::start().await;
    let filter = r#"resource.type = "generic_task" AND metric.labels.queue = "mail""#;
    let policy = json!({
        "minNumReplicas": 1, "maxNumReplicas": 3,
        "customMetricUtilizations": [{
            "metric": "custom.googleapis.com/jobs", "filter": filter,
            "singleInstanceAssignment": 20,
        }],
    });
    autoscaled(&cloud, policy).await;
    let missing = until(&cloud, |autoscaler| autoscaler["status"] == "ERROR").await;
    assert_eq!(missing["statusDetails"][0]["type"], "CUSTOM_METRIC_INVALID");
    assert_eq!(target_size(&cloud).await, 1, "nothing is done without data");

    // Two workers of the queue, and one of another: 40 in all, at 20 for each instance.
    let series = |queue: &str, worker: &str, value: i64, end: i64| {
        json!({
            "metric": {"type": "custom.googleapis.com/jobs",
                       "labels": {"queue": queue, "worker": worker}},
            "resource": {"type": "generic_task", "labels": {"location": ZONE}},
            "points": [{"interval": {"endTime": rfc3339(autoscaler::Timestamp(end))},
                        "value": {"int64Value": value.to_string()}}],
        })
    };
    cloud
        .until_asked("growth", async || {
            let end = now(&cloud).await;
            let body = json!({"timeSeries": [
                series("mail", "1", 25, end), series("mail", "2", 15, end),
                series("other", "1", 500, end),
            ]});
            // Points closer than ten seconds are refused, and do no harm.
            let _ = cloud.rpc("/v3/projects/demo/timeSeries", body).await;
            target_size(&cloud).await == 2
        })
        .await;
    let grown = until(&cloud, |autoscaler| autoscaler["status"] == "ACTIVE").await;
    assert_eq!(grown["recommendedSize"], 2, "{grown}");
}

#[tokio::test]
async fn a_metric_of_each_instance_is_averaged_over_those_of_the_group() {
    let cloud = Cloud::start().await;
    let policy = json!({
        "minNumReplicas": 2, "maxNumReplicas": 9,
        "customMetricUtilizations": [{
            "metric": "custom.googleapis.com/busy", "utilizationTarget": 10,
        }],
    });
    autoscaled(&cloud, policy).await;
    let mut ids: Vec<String> = Vec::new();
    for instance in cloud.stable(2).await {
        let name = instance["name"].as_str().unwrap();
        let instance = cloud.get(&format!("zones/{ZONE}/instances/{name}")).await;
        ids.push(instance["id"].as_str().unwrap().to_owned());
    }
    let series = |id: &str, value: f64, end: i64| {
        json!({
            "metric": {"type": "custom.googleapis.com/busy"},
            "resource": {"type": "gce_instance", "labels": {"instance_id": id, "zone": ZONE}},
            "points": [{"interval": {"endTime": rfc3339(autoscaler::Timestamp(end))},
                        "value": {"doubleValue": value}}],
        })
    };
    // A mean of 15 against 10 needs three; the stranger is in no group.
    cloud
        .until_asked("growth", async || {
            let end = now(&cloud).await;
            let body = json!({"timeSeries": [
                series(&ids[0], 20.0, end), series(&ids[1], 10.0, end), series("1", 900.0, end),
            ]});
            let _ = cloud.rpc("/v3/projects/demo/timeSeries", body).await;
            target_size(&cloud).await > 2
        })
        .await;
    let grown = entries(
        &cloud,
        r#"protoPayload.methodName="compute.autoscalers.resize""#,
    )
    .await;
    let metadata = &grown.last().unwrap()["protoPayload"]["metadata"];
    let signal = &metadata["autoscalingReason"]["scalingSignal"];
    assert_eq!(signal["name"], "CUSTOM_METRIC_UTILIZATION", "{metadata}");
    assert_eq!(metadata["newSize"], 3, "{metadata}");
}

#[tokio::test]
async fn the_load_of_the_balancer_grows_the_group() {
    let cloud = Cloud::start().await;
    let policy = json!({
        "minNumReplicas": 1, "maxNumReplicas": 2,
        "loadBalancingUtilization": {"utilizationTarget": 0.5},
    });
    autoscaled(&cloud, policy).await;
    let alone = until(&cloud, |autoscaler| autoscaler["status"] == "ERROR").await;
    assert_eq!(
        alone["statusDetails"][0]["type"],
        "BACKEND_SERVICE_DOES_NOT_EXIST"
    );
    let service = json!({"name": "s", "healthChecks": ["alive"], "backends": [{
        "group": format!("zones/{ZONE}/instanceGroups/m"),
        "balancingMode": "RATE", "maxRatePerInstance": 1,
    }]});
    cloud.post("global/backendServices", service).await;
    let map = json!({"name": "u", "defaultService": "s"});
    cloud.post("global/urlMaps", map).await;
    let proxy = json!({"name": "p", "urlMap": "u"});
    cloud.post("global/targetHttpProxies", proxy).await;
    let rule = json!({"name": "web", "target": "global/targetHttpProxies/p"});
    cloud.post("global/forwardingRules", rule).await;
    let site = format!("http://{}/", cloud.emulator.site_addr().unwrap());
    let client = crate::http::client();
    cloud
        .until_asked("growth", async || {
            let _ = client.get(&site).send().await;
            target_size(&cloud).await == 2
        })
        .await;
}

#[tokio::test]
async fn a_policy_with_an_unknown_zone_or_too_many_instances_is_refused() {
    let cloud = Cloud::start().await;
    cloud.group(0).await;
    let target = format!("zones/{ZONE}/instanceGroupManagers/m");
    let body = json!({"name": "a", "target": target, "autoscalingPolicy": {
        "maxNumReplicas": 1001,
        "scalingSchedules": {"rush": {
            "minRequiredReplicas": 2, "schedule": "0 8 * * *", "durationSec": 300,
            "timeZone": "Europe/Atlantis",
        }},
    }});
    let path = format!("zones/{ZONE}/autoscalers");
    let (status, answer) = cloud.call(Method::POST, &path, Some(body)).await;
    assert_eq!(status, 400);
    let fields: Vec<&str> = answer["error"]["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["location"].as_str().unwrap())
        .collect();
    assert_eq!(
        fields,
        [
            "resource.autoscalingPolicy.scalingSchedules.rush.timeZone",
            "resource.autoscalingPolicy.maxNumReplicas",
        ]
    );
}

#[tokio::test]
async fn a_hold_that_goes_on_over_a_restart_is_told_from_its_beginning_and_once() {
    let cloud = Cloud::start().await;
    let policy = json!({
        "minNumReplicas": 3, "maxNumReplicas": 3, "mode": "OFF",
        "cpuUtilization": {"utilizationTarget": 1.0},
    });
    autoscaled(&cloud, policy).await;
    until(&cloud, |autoscaler| autoscaler["recommendedSize"] == 3).await;
    let held = now(&cloud).await;
    // A hold is worth keeping once it is a minute long.
    cloud
        .until_asked("two minutes", async || {
            now(&cloud).await > held + 2 * MINUTE
        })
        .await;

    let cloud = cloud.restart().await;
    let restarted = now(&cloud).await;
    let on = json!({"autoscalingPolicy": {"mode": "ON"}});
    cloud
        .patch(&format!("zones/{ZONE}/autoscalers?autoscaler=a"), on)
        .await;
    let log = r#"logName="projects/demo/logs/flaskscale-holds""#;
    cloud
        .until_asked("the hold", async || !entries(&cloud, log).await.is_empty())
        .await;
    let spans: Vec<(i64, i64)> = entries(&cloud, log)
        .await
        .iter()
        .map(|entry| {
            assert_eq!(entry["jsonPayload"]["cause"], "MODE_OFF", "{entry}");
            let at = |field: &str| entry["jsonPayload"][field].as_i64().unwrap();
            (at("from"), at("to"))
        })
        .collect();
    assert!(spans[0].0 <= held && held < restarted, "{spans:?}");
    // A restart that takes long on the cloud's clock may part a hold, but nothing is told twice.
    assert!(spans.is_sorted_by(|one, next| one.1 <= next.0), "{spans:?}");
}
