//! Logging v2: who changed what, and what callers write themselves.

use serde_json::{Value, json};

use crate::cloud::{Cloud, ZONE, health_check};

async fn list(cloud: &Cloud, body: Value) -> Value {
    let mut all = json!({"resourceNames": ["projects/demo"]});
    all.as_object_mut()
        .unwrap()
        .extend(body.as_object().unwrap().clone());
    let (status, answer) = cloud.rpc("/v2/entries:list", all).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

fn texts(answer: &Value) -> Vec<&str> {
    let entries = answer["entries"].as_array().map_or(&[][..], Vec::as_slice);
    entries
        .iter()
        .map(|entry| entry["textPayload"].as_str().unwrap_or("?"))
        .collect()
}

#[tokio::test]
async fn every_change_is_in_the_activity_log_with_its_operation() {
    let cloud = Cloud::start().await;
    cloud.group(0).await;
    let target = format!("zones/{ZONE}/instanceGroupManagers/m");
    let autoscaler = json!({"name": "a", "target": target, "autoscalingPolicy":
        {"minNumReplicas": 0, "maxNumReplicas": 2, "mode": "OFF"}});
    let path = format!("zones/{ZONE}/autoscalers");
    cloud.post(&path, autoscaler).await;
    let patch = json!({"autoscalingPolicy": {"maxNumReplicas": 3}});
    let operation = cloud.patch(&format!("{path}?autoscaler=a"), patch).await;

    let filter = r#"protoPayload.methodName=~"compute\.(region)?[aA]utoscalers\.(patch|update)"
        AND logName="projects/demo/logs/cloudaudit.googleapis.com%2Factivity""#;
    let answer = list(&cloud, json!({"filter": filter})).await;
    let entries = answer["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1);
    let (entry, payload) = (&entries[0], &entries[0]["protoPayload"]);
    assert_eq!(payload["methodName"], "v1.compute.autoscalers.patch");
    assert_eq!(
        payload["authenticationInfo"]["principalEmail"],
        "local@flaskscale.invalid"
    );
    assert_eq!(payload["resourceName"], format!("projects/demo/{path}/a"));
    assert_eq!(payload["request"]["autoscalingPolicy"]["maxNumReplicas"], 3);
    assert_eq!(entry["operation"]["id"], operation["name"]);
    assert_eq!(entry["resource"]["labels"]["autoscaler_name"], "a");
    assert!(entry["timestamp"].as_str().unwrap().ends_with('Z'));
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn what_is_written_is_filtered_ordered_and_paged() {
    let cloud = Cloud::start().await;
    let entries: Vec<Value> = (0..5)
        .map(|at| {
            json!({"textPayload": format!("line {at}"), "severity": if at == 3 { "ERROR" } else { "INFO" },
                "timestamp": format!("2026-11-20T00:00:0{at}Z"), "labels": {"at": at.to_string()}})
        })
        .collect();
    let body = json!({"logName": "projects/demo/logs/app", "labels": {"by": "test"},
        "resource": {"type": "generic_task", "labels": {}}, "entries": entries});
    let (status, answer) = cloud.rpc("/v2/entries:write", body).await;
    assert_eq!((status.as_u16(), answer), (200, json!({})));

    let filter = r#"resource.type="generic_task" AND labels.by=test"#;
    let all = list(&cloud, json!({"filter": filter})).await;
    assert_eq!(
        texts(&all),
        ["line 0", "line 1", "line 2", "line 3", "line 4"]
    );
    assert!(all["entries"][0]["insertId"].is_string());

    let mut seen = Vec::new();
    let mut token = json!("");
    loop {
        let query = json!({"filter": filter, "orderBy": "timestamp desc", "pageSize": 2, "pageToken": token});
        let page = list(&cloud, query).await;
        seen.extend(texts(&page).iter().map(|text| (*text).to_owned()));
        match page.get("nextPageToken") {
            Some(next) => token = next.clone(),
            None => break,
        }
    }
    assert_eq!(seen, ["line 4", "line 3", "line 2", "line 1", "line 0"]);

    for (filter, expected) in [
        ("severity>=ERROR", vec!["line 3"]),
        (r#"textPayload:"LINE 2""#, vec!["line 2"]),
        (
            r#"timestamp>="2026-11-20T00:00:03Z" AND timestamp<"2026-11-20T00:00:04Z""#,
            vec!["line 3"],
        ),
        (r#"labels.at=("1" OR "4")"#, vec!["line 1", "line 4"]),
        ("labels.by=test NOT labels.at>0", vec!["line 0"]),
    ] {
        let answer = list(&cloud, json!({"filter": filter})).await;
        assert_eq!(texts(&answer), expected, "{filter}");
    }
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn wrong_calls_are_refused_in_the_shape_of_the_newer_apis() {
    let cloud = Cloud::start().await;
    let entry = |entry: Value| json!({"logName": "projects/demo/logs/a", "entries": [entry]});
    for (path, body, part) in [
        ("/v2/entries:list", json!({}), "resourceNames"),
        (
            "/v2/entries:list",
            json!({"resourceNames": ["projects/demo"], "filter": "a="}),
            "'filter'",
        ),
        (
            "/v2/entries:write",
            entry(json!({"severity": "LOUD"})),
            "'severity'",
        ),
        (
            "/v2/entries:write",
            entry(json!({"textPayload": "a", "jsonPayload": {}})),
            "one payload",
        ),
        (
            "/v2/entries:write",
            json!({"entries": [{"textPayload": "x"}]}),
            "logName",
        ),
        (
            "/v2/entries:write",
            json!({"logName": "projects/other/logs/a", "entries": [{"textPayload": "x"}]}),
            "'logName'",
        ),
    ] {
        let (status, answer) = cloud.rpc(path, body).await;
        assert_eq!(status, 400, "{answer}");
        assert_eq!(answer["error"]["status"], "INVALID_ARGUMENT");
        assert!(
            answer["error"]["message"].as_str().unwrap().contains(part),
            "{answer}"
        );
    }
    cloud.post("global/healthChecks", health_check("h")).await;
    let answer = list(&cloud, json!({"resourceNames": ["projects/other"]})).await;
    assert!(answer.get("entries").is_none());
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_caller_with_a_token_of_the_metadata_server_is_named() {
    let cloud = Cloud::start().await;
    let token = cloud
        .request(
            reqwest::Method::GET,
            "/computeMetadata/v1/instance/service-accounts/default/token",
        )
        .header("Metadata-Flavor", "Google");
    let token: Value = token.send().await.unwrap().json().await.unwrap();
    let created = cloud
        .request(
            reqwest::Method::POST,
            "/compute/v1/projects/demo/global/healthChecks",
        )
        .bearer_auth(token["access_token"].as_str().unwrap())
        .json(&health_check("h"));
    let operation: Value = created.send().await.unwrap().json().await.unwrap();
    let account = "default@demo.iam.gserviceaccount.com";
    assert_eq!(operation["user"], account);
    let filter = format!("protoPayload.authenticationInfo.principalEmail=\"{account}\"");
    let answer = list(&cloud, json!({ "filter": filter })).await;
    assert_eq!(answer["entries"].as_array().unwrap().len(), 1);
    cloud.emulator.shutdown().await;
}
