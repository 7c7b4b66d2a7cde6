//! Groups of real processes behind the real balancer.

use reqwest::Method;
use serde_json::{Value, json};

use crate::cloud::{Cloud, ZONE};

async fn verb(cloud: &Cloud, verb: &str, body: Option<Value>) -> Value {
    let path = format!("zones/{ZONE}/instanceGroupManagers/m/{verb}");
    let (status, answer) = cloud.call(Method::POST, &path, body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

fn names(instances: &[Value]) -> Vec<String> {
    instances
        .iter()
        .map(|instance| instance["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_group_runs_answers_through_the_rule_and_goes_away() {
    let cloud = Cloud::start().await;
    cloud.group(2).await;
    let service = json!({"name": "s", "healthChecks": ["alive"],
        "backends": [{"group": format!("zones/{ZONE}/instanceGroups/m")}]});
    cloud.post("global/backendServices", service).await;
    cloud
        .post(
            "global/urlMaps",
            json!({"name": "u", "defaultService": "s"}),
        )
        .await;
    cloud
        .post(
            "global/targetHttpProxies",
            json!({"name": "p", "urlMap": "u"}),
        )
        .await;
    let rule = json!({"name": "web", "target": "global/targetHttpProxies/p"});
    cloud.post("global/forwardingRules", rule).await;

    let instances = cloud.stable(2).await;
    assert_eq!(instances.len(), 2);
    for instance in &instances {
        assert_eq!(instance["instanceStatus"], "RUNNING");
        assert_eq!(instance["currentAction"], "NONE");
    }
    let group = cloud.get(&format!("zones/{ZONE}/instanceGroups/m")).await;
    assert_eq!(group["size"], 2);
    assert_eq!(group["namedPorts"][0]["port"], 5000);

    let request = json!({"group": group["selfLink"]});
    let path = "global/backendServices/s/getHealth";
    cloud
        .until_asked("two healthy backends", async || {
            let health = cloud.post(path, request.clone()).await;
            let states = health["healthStatus"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            states
                .iter()
                .filter(|state| state["healthState"] == "HEALTHY")
                .count()
                == 2
        })
        .await;
    let site = cloud.emulator.site_addr().unwrap();
    let answer = crate::http::client()
        .get(format!("http://{site}/"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);

    // Its balancer must let go of the group first.
    let manager = format!("zones/{ZONE}/instanceGroupManagers/m");
    let (reason, _) = cloud.refused(Method::DELETE, &manager, None, 400).await;
    assert_eq!(reason, "resourceInUseByAnotherResource");
    cloud
        .patch("global/backendServices/s", json!({"backends": []}))
        .await;
    cloud.delete(&manager).await;
    cloud.refused(Method::GET, &manager, None, 404).await;
    cloud
        .until(&format!("zones/{ZONE}/instances"), |list| {
            list.get("items").is_none()
        })
        .await;
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_group_is_resized_and_loses_or_renews_the_named_instances() {
    let cloud = Cloud::start().await;
    cloud.group(1).await;
    cloud.stable(1).await;
    let operation = verb(&cloud, "resize?size=3", None).await;
    assert_eq!(
        operation["operationType"],
        "compute.instanceGroupManagers.resize"
    );
    let three = cloud.stable(3).await;

    let victim = three[0]["instance"].clone();
    verb(
        &cloud,
        "deleteInstances",
        Some(json!({"instances": [victim]})),
    )
    .await;
    let manager = cloud
        .get(&format!("zones/{ZONE}/instanceGroupManagers/m"))
        .await;
    assert_eq!(manager["targetSize"], 2);
    let two = cloud.stable(2).await;
    assert!(!names(&two).contains(&names(&three)[0]));

    let before = cloud
        .get(&format!("zones/{ZONE}/instances/{}", names(&two)[0]))
        .await;
    verb(
        &cloud,
        "recreateInstances",
        Some(json!({"instances": [two[0]["instance"]]})),
    )
    .await;
    cloud
        .until(
            &format!("zones/{ZONE}/instances/{}", names(&two)[0]),
            |instance| {
                instance["status"] == "RUNNING"
                    && instance["creationTimestamp"] != before["creationTimestamp"]
            },
        )
        .await;
    assert_eq!(names(&cloud.stable(2).await), names(&two));

    let stranger = json!({"instances": [format!("zones/{ZONE}/instances/stranger")]});
    let path = format!("zones/{ZONE}/instanceGroupManagers/m/deleteInstances");
    let (reason, message) = cloud
        .refused(Method::POST, &path, Some(stranger), 400)
        .await;
    assert_eq!(reason, "invalid");
    assert!(message.contains("Must be a member of"), "{message}");
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_deleted_instance_is_replaced_and_its_log_is_its_serial_port() {
    let cloud = Cloud::start().await;
    cloud.group(1).await;
    let name = names(&cloud.stable(1).await).remove(0);
    let path = format!("zones/{ZONE}/instances/{name}");
    let serial = cloud
        .until(&format!("{path}/serialPort?port=1"), |output| {
            output["contents"]
                .as_str()
                .is_some_and(|text| text.contains("listening on"))
        })
        .await;
    let length = serial["contents"].as_str().unwrap().len();
    assert_eq!(serial["next"], length.to_string());
    let rest = cloud
        .get(&format!("{path}/serialPort?start={length}"))
        .await;
    assert_eq!(rest["contents"], "");

    let first = inspect(&cloud).await;
    assert_eq!(first[0]["name"], name);
    assert!(first[0]["pid"].is_u64() && first[0]["port"].is_u64());
    cloud.delete(&path).await;
    cloud
        .until_asked("another instance", async || {
            let now = inspect(&cloud).await;
            let only = now.as_array().unwrap().len() == 1;
            only && now[0]["pid"].is_u64() && now[0]["pid"] != first[0]["pid"]
        })
        .await;
    cloud.emulator.shutdown().await;
}

async fn inspect(cloud: &Cloud) -> Value {
    let answer = cloud
        .request(Method::GET, "/_emulator/instances")
        .send()
        .await
        .unwrap();
    answer.json().await.unwrap()
}

#[tokio::test]
async fn metadata_is_guarded_by_its_fingerprint() {
    let cloud = Cloud::start().await;
    cloud.group(1).await;
    let name = names(&cloud.stable(1).await).remove(0);
    let path = format!("zones/{ZONE}/instances/{name}");
    let metadata = cloud.get(&path).await["metadata"].clone();
    let mut changed = metadata.clone();
    changed["items"]
        .as_array_mut()
        .unwrap()
        .push(json!({"key": "new", "value": "1"}));
    cloud
        .post(&format!("{path}/setMetadata"), changed.clone())
        .await;
    let (reason, _) = cloud
        .refused(
            Method::POST,
            &format!("{path}/setMetadata"),
            Some(changed),
            412,
        )
        .await;
    assert_eq!(reason, "conditionNotMet");
    let items = cloud.get(&path).await["metadata"]["items"].clone();
    assert!(
        items
            .as_array()
            .unwrap()
            .contains(&json!({"key": "new", "value": "1"}))
    );
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_new_template_and_named_ports_are_taken_over() {
    let cloud = Cloud::start().await;
    cloud.group(0).await;
    cloud
        .post("global/instanceTemplates", crate::cloud::template("t2"))
        .await;
    let manager = format!("zones/{ZONE}/instanceGroupManagers/m");
    verb(
        &cloud,
        "setInstanceTemplate",
        Some(json!({"instanceTemplate": "t2"})),
    )
    .await;
    let body = cloud.get(&manager).await;
    assert!(body["instanceTemplate"].as_str().unwrap().ends_with("/t2"));
    assert_eq!(
        body["versions"][0]["instanceTemplate"],
        body["instanceTemplate"]
    );
    // gcloud changes the versions only; they lead.
    cloud
        .patch(&manager, json!({"versions": [{"instanceTemplate": "t1"}]}))
        .await;
    let body = cloud.get(&manager).await;
    assert!(body["instanceTemplate"].as_str().unwrap().ends_with("/t1"));

    let group = format!("zones/{ZONE}/instanceGroups/m");
    let ports = json!({"namedPorts": [{"name": "http", "port": 8080}]});
    cloud.post(&format!("{group}/setNamedPorts"), ports).await;
    assert_eq!(cloud.get(&group).await["namedPorts"][0]["port"], 8080);
    assert_eq!(cloud.get(&manager).await["namedPorts"][0]["port"], 8080);
    let listed = cloud
        .call(Method::POST, &format!("{group}/listInstances"), None)
        .await
        .1;
    assert!(listed.get("items").is_none());
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn the_instances_of_a_group_are_filtered_and_paged_only_on_request() {
    let cloud = Cloud::start().await;
    cloud.group(3).await;
    let all = names(&cloud.stable(3).await);
    let listed = async |query: &str| {
        let list = verb(&cloud, &format!("listManagedInstances?{query}"), None).await;
        let next = list["nextPageToken"].as_str().map(str::to_owned);
        let members = list["managedInstances"].as_array().cloned();
        (names(&members.unwrap_or_default()), next)
    };
    assert_eq!(listed("maxResults=1").await, (all.clone(), None));
    let filter = format!("filter=name%20%3D%20{}", all[1]);
    assert_eq!(listed(&filter).await.0, all[1..2]);
    let manager = format!("zones/{ZONE}/instanceGroupManagers/m");
    let paginated = json!({"listManagedInstancesResults": "PAGINATED"});
    cloud.patch(&manager, paginated).await;
    let (mut seen, next) = listed("maxResults=2").await;
    let (rest, end) = listed(&format!("maxResults=2&pageToken={}", next.unwrap())).await;
    seen.extend(rest);
    assert_eq!((seen, end), (all, None));
    cloud.emulator.shutdown().await;
}
