//! What all kinds share: life cycle, names, references, fingerprints, patches, refusals.

use reqwest::Method;
use serde_json::{Value, json};

use crate::cloud::{Cloud, ZONE, health_check, template};

const CANONICAL: &str = "https://www.googleapis.com/compute/v1/projects/demo";

/// The road of a deployment, from the health check to the forwarding rule.
async fn chain(cloud: &Cloud) {
    cloud.group(0).await;
    let service = json!({"name": "s", "loadBalancingScheme": "EXTERNAL_MANAGED",
        "healthChecks": ["global/healthChecks/alive"],
        "backends": [{"group": format!("zones/{ZONE}/instanceGroups/m")}]});
    cloud.post("global/backendServices", service).await;
    let map = json!({"name": "u", "defaultService": "global/backendServices/s"});
    cloud.post("global/urlMaps", map).await;
    let proxy = json!({"name": "p", "urlMap": "global/urlMaps/u"});
    cloud.post("global/targetHttpProxies", proxy).await;
    let rule = json!({"name": "web", "target": "global/targetHttpProxies/p", "portRange": "80",
        "loadBalancingScheme": "EXTERNAL_MANAGED"});
    cloud.post("global/forwardingRules", rule).await;
}

/// A list shows a resource as it shows itself, whether it had to be looked into or not.
async fn is_listed(cloud: &Cloud, path: &str, body: &Value) {
    let (collection, name) = path.rsplit_once('/').unwrap();
    let kind = collection.rsplit('/').next().unwrap();
    for filter in ["", &format!("filter=name%3D{name}")] {
        let list = cloud.get(&format!("{collection}?{filter}")).await;
        assert!(list["items"].as_array().unwrap().contains(body), "{list}");
        let everywhere = [
            "instanceTemplates",
            "instanceGroupManagers",
            "backendServices",
        ];
        if everywhere.contains(&kind) {
            let list = cloud.get(&format!("aggregated/{kind}?{filter}")).await;
            let scope = collection.strip_suffix(&format!("/{kind}")).unwrap();
            let there = list["items"][scope][kind].as_array().unwrap();
            assert!(there.contains(body), "{list}");
        }
    }
}

#[tokio::test]
async fn every_kind_of_the_road_is_made_shown_and_deleted_in_order() {
    let cloud = Cloud::start().await;
    chain(&cloud).await;
    let road = [
        ("global/forwardingRules/web", "compute#forwardingRule"),
        ("global/targetHttpProxies/p", "compute#targetHttpProxy"),
        ("global/urlMaps/u", "compute#urlMap"),
        ("global/backendServices/s", "compute#backendService"),
        (
            &format!("zones/{ZONE}/instanceGroupManagers/m"),
            "compute#instanceGroupManager",
        ),
        ("global/instanceTemplates/t1", "compute#instanceTemplate"),
        ("global/healthChecks/alive", "compute#healthCheck"),
    ];
    for (path, kind) in road {
        let body = cloud.get(path).await;
        assert_eq!(body["kind"], kind);
        assert_eq!(body["selfLink"], format!("{CANONICAL}/{path}"));
        assert!(body["id"].as_str().unwrap().parse::<u64>().is_ok());
        assert!(body["creationTimestamp"].as_str().unwrap().ends_with('Z'));
        is_listed(&cloud, path, &body).await;
    }
    // What somebody uses cannot go first.
    for (path, _) in &road[1..4] {
        let (reason, message) = cloud.refused(Method::DELETE, path, None, 400).await;
        assert_eq!(reason, "resourceInUseByAnotherResource");
        assert!(
            message.contains("is already being used by 'projects/demo/"),
            "{message}"
        );
    }
    for (path, _) in road {
        cloud.delete(path).await;
        let (reason, message) = cloud.refused(Method::GET, path, None, 404).await;
        assert_eq!(reason, "notFound");
        assert_eq!(
            message,
            format!("The resource 'projects/demo/{path}' was not found")
        );
    }
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn references_of_every_form_are_stored_as_one_canonical_url() {
    let cloud = Cloud::start().await;
    chain(&cloud).await;
    let service = cloud.get("global/backendServices/s").await;
    let check = format!("{CANONICAL}/global/healthChecks/alive");
    assert_eq!(service["healthChecks"], json!([check]));
    let group = format!("{CANONICAL}/zones/{ZONE}/instanceGroups/m");
    assert_eq!(service["backends"][0]["group"], group);
    for form in [
        cloud.url("/compute/v1/projects/demo/global/healthChecks/alive"),
        "https://compute.googleapis.com/compute/beta/projects/demo/global/healthChecks/alive"
            .into(),
        "projects/demo/global/healthChecks/alive".into(),
        "alive".into(),
    ] {
        cloud
            .patch("global/backendServices/s", json!({"healthChecks": [form]}))
            .await;
        let service = cloud.get("global/backendServices/s").await;
        assert_eq!(service["healthChecks"], json!([check]));
    }
    let patch = json!({"healthChecks": ["global/healthChecks/missing"]});
    let (reason, message) = cloud
        .refused(Method::PATCH, "global/backendServices/s", Some(patch), 404)
        .await;
    assert_eq!(reason, "notFound");
    assert!(message.contains("global/healthChecks/missing"));
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn wrong_input_is_refused_with_field_value_and_range() {
    let cloud = Cloud::start().await;
    let table = [
        (
            json!({"type": "HTTP"}),
            "required",
            "Required field 'resource.name' not specified",
        ),
        (
            json!({"name": "Bad_Name", "type": "HTTP"}),
            "invalid",
            "Must be a match of regex",
        ),
        (json!({"name": "h"}), "required", "'resource.type'"),
        (
            json!({"name": "h", "type": "PING"}),
            "invalid",
            "Invalid value for field 'resource.type': 'PING'. It must be one of HTTP, ",
        ),
        (
            json!({"name": "h", "type": "HTTP", "checkIntervalSec": 0}),
            "invalid",
            "Invalid value for field 'resource.checkIntervalSec': '0'. It must be an integer from 1 to 300.",
        ),
        (
            json!({"name": "h", "type": "HTTP", "checkIntervalSec": 5, "timeoutSec": 6}),
            "invalid",
            "'resource.timeoutSec'",
        ),
    ];
    for (body, reason, part) in table {
        let path = "global/healthChecks";
        let (got, message) = cloud.refused(Method::POST, path, Some(body), 400).await;
        assert_eq!(got, reason);
        assert!(message.contains(part), "{message}");
    }
    assert!(
        cloud
            .get("global/healthChecks")
            .await
            .get("items")
            .is_none()
    );
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_second_resource_of_a_name_is_a_conflict() {
    let cloud = Cloud::start().await;
    cloud.post("global/healthChecks", health_check("h")).await;
    let (reason, message) = cloud
        .refused(
            Method::POST,
            "global/healthChecks",
            Some(health_check("h")),
            409,
        )
        .await;
    assert_eq!(reason, "alreadyExists");
    assert_eq!(
        message,
        "The resource 'projects/demo/global/healthChecks/h' already exists"
    );
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_patch_merges_null_deletes_and_a_put_replaces() {
    let cloud = Cloud::start().await;
    let mut check = health_check("h");
    check["description"] = json!("first");
    cloud.post("global/healthChecks", check).await;
    let path = "global/healthChecks/h";
    let patch = json!({"description": null, "httpHealthCheck": {"requestPath": "/ready"}});
    cloud.patch(path, patch).await;
    let patched = cloud.get(path).await;
    assert!(patched.get("description").is_none());
    assert_eq!(patched["httpHealthCheck"]["requestPath"], "/ready");
    assert_eq!(patched["httpHealthCheck"]["port"], 5000);

    let mut replacement = patched.clone();
    replacement["httpHealthCheck"] = json!({"port": 80});
    replacement["id"] = json!("1");
    cloud.put(path, replacement).await;
    let replaced = cloud.get(path).await;
    assert_eq!(replaced["httpHealthCheck"]["requestPath"], "/");
    for kept in ["id", "selfLink", "creationTimestamp"] {
        assert_eq!(replaced[kept], patched[kept]);
    }
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_stale_fingerprint_is_refused_in_either_alphabet() {
    let cloud = Cloud::start().await;
    chain(&cloud).await;
    let path = "global/urlMaps/u";
    let first = cloud.get(path).await;
    let mut with_description = first.clone();
    with_description["description"] = json!("second");
    cloud.put(path, with_description).await;
    let second = cloud.get(path).await;
    assert_ne!(first["fingerprint"], second["fingerprint"]);
    let (reason, _) = cloud.refused(Method::PUT, path, Some(first), 412).await;
    assert_eq!(reason, "conditionNotMet");
    let standard = second["fingerprint"]
        .as_str()
        .unwrap()
        .replace('-', "+")
        .replace('_', "/");
    cloud
        .patch(
            path,
            json!({"fingerprint": standard, "description": "third"}),
        )
        .await;
    assert_eq!(cloud.get(path).await["description"], "third");
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn what_cannot_change_is_refused_and_templates_never_change() {
    let cloud = Cloud::start().await;
    chain(&cloud).await;
    let patch = Some(json!({"loadBalancingScheme": "EXTERNAL"}));
    let (_, message) = cloud
        .refused(Method::PATCH, "global/backendServices/s", patch, 400)
        .await;
    assert!(
        message.contains("'resource.loadBalancingScheme'"),
        "{message}"
    );
    let patch = Some(json!({"description": "x"}));
    let (reason, message) = cloud
        .refused(Method::PATCH, "global/instanceTemplates/t1", patch, 501)
        .await;
    assert_eq!(reason, "notImplemented");
    assert!(message.contains("compute.instanceTemplates.patch is not emulated"));
    cloud.refused(Method::GET, "global/disks", None, 501).await;
    cloud
        .refused(Method::GET, "zones/mars-1/instances", None, 400)
        .await;
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_rule_has_a_literal_address_one_port_and_the_label_of_its_listener() {
    let cloud = Cloud::start().await;
    chain(&cloud).await;
    let rule = cloud
        .until("global/forwardingRules/web", |rule| {
            rule["labels"].is_object()
        })
        .await;
    assert!(
        rule["IPAddress"]
            .as_str()
            .unwrap()
            .parse::<std::net::Ipv4Addr>()
            .is_ok()
    );
    assert_eq!(rule["portRange"], "80-80");
    assert_eq!(rule["IPProtocol"], "TCP");
    let port = cloud.emulator.site_addr().unwrap().port();
    assert_eq!(rule["labels"]["flaskscale-port"], port.to_string());
    let listed = cloud
        .request(Method::GET, "/_emulator/forwarding")
        .send()
        .await
        .unwrap();
    let listed: Value = listed.json().await.unwrap();
    assert_eq!(listed[0]["listens"], format!("127.0.0.1:{port}"));
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_proxy_changes_its_url_map_at_googles_odd_path() {
    let cloud = Cloud::start().await;
    chain(&cloud).await;
    let map = json!({"name": "other", "defaultService": "global/backendServices/s"});
    cloud.post("global/urlMaps", map).await;
    cloud
        .post(
            "targetHttpProxies/p/setUrlMap",
            json!({"urlMap": "global/urlMaps/other"}),
        )
        .await;
    let proxy = cloud.get("global/targetHttpProxies/p").await;
    assert_eq!(proxy["urlMap"], format!("{CANONICAL}/global/urlMaps/other"));
    cloud.delete("global/urlMaps/u").await;
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn an_autoscaler_names_every_violation_and_keeps_what_it_does_not_know() {
    let cloud = Cloud::start().await;
    cloud.group(0).await;
    let path = format!("zones/{ZONE}/autoscalers");
    let target = format!("zones/{ZONE}/instanceGroupManagers/m");
    let wrong = json!({"name": "a", "target": target, "autoscalingPolicy": {
        "minNumReplicas": 5, "maxNumReplicas": 2, "stabilizationPeriodSec": 9999,
        "cpuUtilization": {"utilizationTarget": 1.5}}});
    let (status, answer) = cloud.call(Method::POST, &path, Some(wrong)).await;
    assert_eq!(status, 400);
    let errors = answer["error"]["errors"].as_array().unwrap();
    let locations: Vec<&str> = errors
        .iter()
        .map(|error| error["location"].as_str().unwrap())
        .collect();
    assert!(locations.contains(&"resource.autoscalingPolicy.cpuUtilization.utilizationTarget"));
    assert!(locations.contains(&"resource.autoscalingPolicy.stabilizationPeriodSec"));

    let good = json!({"name": "a", "target": target, "autoscalingPolicy": {
        "minNumReplicas": 0, "maxNumReplicas": 2, "cpuUtilization": {"utilizationTarget": 0.5}}});
    cloud.post(&path, good.clone()).await;
    let mut second = good;
    second["name"] = json!("b");
    let (_, message) = cloud.refused(Method::POST, &path, Some(second), 400).await;
    assert!(message.contains("already has the autoscaler"), "{message}");

    // The name is in the query, or else in the body.
    let patch = json!({"autoscalingPolicy": {"maxNumReplicas": 3}});
    cloud.patch(&format!("{path}?autoscaler=a"), patch).await;
    let patch = json!({"name": "a", "autoscalingPolicy": {"coolDownPeriodSec": 90}});
    cloud.patch(&path, patch).await;
    let policy = cloud.get(&format!("{path}/a")).await["autoscalingPolicy"].clone();
    assert_eq!(policy["maxNumReplicas"], 3);
    assert_eq!(policy["coolDownPeriodSec"], 90);
    assert_eq!(policy["cpuUtilization"]["utilizationTarget"], 0.5);
    assert_eq!(policy["mode"], "ON");

    let group = cloud.get(&target).await;
    assert_eq!(
        group["status"]["autoscaler"],
        format!("{CANONICAL}/{path}/a")
    );
    let (reason, _) = cloud.refused(Method::DELETE, &target, None, 400).await;
    assert_eq!(reason, "resourceInUseByAnotherResource");
    let (reason, message) = cloud
        .refused(Method::POST, &format!("{target}/resize?size=2"), None, 412)
        .await;
    assert_eq!(reason, "conditionNotMet");
    assert!(message.contains("autoscaled"), "{message}");
    cloud
        .patch(
            &format!("{path}?autoscaler=a"),
            json!({"autoscalingPolicy": {"mode": "OFF"}}),
        )
        .await;
    cloud
        .call(Method::POST, &format!("{target}/resize?size=0"), None)
        .await;
    cloud.delete(&format!("{path}/a")).await;
    cloud.delete(&target).await;
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn the_catalogue_is_there_without_being_made() {
    let cloud = Cloud::start().await;
    let zone = cloud.get(&format!("zones/{ZONE}")).await;
    assert_eq!(zone["status"], "UP");
    assert_eq!(zone["region"], format!("{CANONICAL}/regions/us-central1"));
    assert_eq!(
        cloud.get("regions/us-central1").await["name"],
        "us-central1"
    );
    let micro = cloud
        .get(&format!("zones/{ZONE}/machineTypes/e2-micro"))
        .await;
    assert_eq!(micro["isSharedCpu"], true);
    assert_eq!(cloud.get("").await["name"], "demo");
    let path = "/compute/v1/projects/cos-cloud/global/images/family/cos-stable";
    let image: Value = cloud
        .request(Method::GET, path)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(image["family"], "cos-stable");
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_template_checks_its_metadata() {
    let cloud = Cloud::start().await;
    let mut body = template("t");
    body["properties"]["metadata"]["items"] =
        json!([{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]);
    let (_, message) = cloud
        .refused(Method::POST, "global/instanceTemplates", Some(body), 400)
        .await;
    assert!(message.contains("duplicate"), "{message}");
    cloud.emulator.shutdown().await;
}
