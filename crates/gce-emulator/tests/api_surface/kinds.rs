//! What only one kind knows: addresses, firewalls, URL maps, regions, the catalogue.

use reqwest::Method;
use serde_json::{Value, json};

use crate::cloud::{Cloud, ZONE, health_check, template};

const REGION: &str = "us-central1";
pub(crate) const CANONICAL: &str = "https://www.googleapis.com/compute/v1/projects/demo";

pub(crate) async fn refused(cloud: &Cloud, path: &str, body: Value) -> String {
    let (reason, message) = cloud.refused(Method::POST, path, Some(body), 400).await;
    assert_eq!(reason, "invalid", "{message}");
    message
}

/// A backend service, a URL map and an HTTP proxy below a path, `global` or `regions/…`.
pub(crate) async fn chain(cloud: &Cloud, below: &str) {
    cloud
        .post(&format!("{below}/backendServices"), json!({"name": "s"}))
        .await;
    let map = json!({"name": "u", "defaultService": format!("{below}/backendServices/s")});
    cloud.post(&format!("{below}/urlMaps"), map).await;
    let proxy = json!({"name": "p", "urlMap": format!("{below}/urlMaps/u")});
    cloud
        .post(&format!("{below}/targetHttpProxies"), proxy)
        .await;
}

#[tokio::test]
async fn an_address_is_reserved_then_used_by_rules_on_different_ports() {
    let cloud = Cloud::start().await;
    chain(&cloud, "global").await;
    cloud.post("global/addresses", json!({"name": "ip"})).await;
    let reserved = cloud.get("global/addresses/ip").await;
    assert_eq!(reserved["status"], "RESERVED");
    let rule = |name: &str, port: &str| {
        json!({"name": name, "IPAddress": format!("{CANONICAL}/global/addresses/ip"),
            "portRange": port, "target": "global/targetHttpProxies/p"})
    };
    cloud
        .post("global/forwardingRules", rule("web", "80"))
        .await;
    cloud
        .post("global/forwardingRules", rule("alt", "8080"))
        .await;
    let web = cloud.get("global/forwardingRules/web").await;
    assert_eq!(web["IPAddress"], reserved["address"]);
    let message = refused(&cloud, "global/forwardingRules", rule("third", "80")).await;
    assert!(message.contains("would result in a conflict"), "{message}");
    let used = cloud.get("global/addresses/ip").await;
    assert_eq!(used["status"], "IN_USE");
    assert_eq!(used["users"].as_array().unwrap().len(), 2);
    let path = "global/addresses/ip";
    let (reason, _) = cloud.refused(Method::DELETE, path, None, 400).await;
    assert_eq!(reason, "resourceInUseByAnotherResource");
    for rule in ["web", "alt"] {
        cloud
            .delete(&format!("global/forwardingRules/{rule}"))
            .await;
    }
    cloud.delete(path).await;
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn labels_are_set_as_a_whole_under_their_own_fingerprint() {
    let cloud = Cloud::start().await;
    let address = json!({"name": "ip", "labels": {"team": "web"}});
    cloud.post("global/addresses", address).await;
    let first = cloud.get("global/addresses/ip").await;
    let labels = json!({"labels": {"team": "shop"}, "labelFingerprint": first["labelFingerprint"]});
    let path = "global/addresses/ip/setLabels";
    cloud.post(path, labels.clone()).await;
    assert_eq!(
        cloud.get("global/addresses/ip").await["labels"]["team"],
        "shop"
    );
    let (reason, _) = cloud.refused(Method::POST, path, Some(labels), 412).await;
    assert_eq!(reason, "conditionNotMet");
    let message = refused(
        &cloud,
        "global/addresses",
        json!({"name": "b", "labels": {"Team": "x"}}),
    )
    .await;
    assert!(message.contains("'resource.labels': 'Team=x'"), "{message}");
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_firewall_rule_gets_googles_defaults_and_is_checked() {
    let cloud = Cloud::start().await;
    let allowed = json!([{"IPProtocol": "tcp", "ports": ["5000", "8080-8090"]}]);
    cloud
        .post(
            "global/firewalls",
            json!({"name": "fw", "allowed": allowed}),
        )
        .await;
    let rule = cloud.get("global/firewalls/fw").await;
    assert_eq!(rule["priority"], 1000);
    assert_eq!(rule["direction"], "INGRESS");
    assert_eq!(rule["disabled"], false);
    assert_eq!(
        rule["network"],
        format!("{CANONICAL}/global/networks/default")
    );
    assert_eq!(rule["sourceRanges"], json!(["0.0.0.0/0"]));
    for (change, part) in [
        (
            json!({"priority": 70_000}),
            "It must be an integer from 0 to 65535.",
        ),
        (json!({"disabled": "no"}), "It must be true or false."),
        (
            json!({"sourceRanges": ["10.0.0.0/33"]}),
            "It must be a range in CIDR notation.",
        ),
        (
            json!({"allowed": [{"IPProtocol": "tcp", "ports": ["9-1"]}]}),
            "'resource.allowed.ports': '9-1'",
        ),
        (
            json!({"direction": "EGRESS"}),
            "A rule for EGRESS has no source ranges.",
        ),
        (
            json!({"direction": "EGRESS", "sourceRanges": null}),
            "cannot be changed",
        ),
    ] {
        let path = "global/firewalls/fw";
        let (_, message) = cloud.refused(Method::PATCH, path, Some(change), 400).await;
        assert!(message.contains(part), "{message}");
    }
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_url_map_is_tried_before_it_is_stored() {
    let cloud = Cloud::start().await;
    chain(&cloud, "global").await;
    cloud
        .post("global/backendServices", json!({"name": "api"}))
        .await;
    let test = |service: &str| json!([{"host": "x.org", "path": "/api/users", "service": service}]);
    let mut map = json!({"name": "v", "defaultService": "s",
        "hostRules": [{"hosts": ["*"], "pathMatcher": "m"}],
        "pathMatchers": [{"name": "m", "defaultService": "s",
            "pathRules": [{"paths": ["/api/*"], "service": "api"}]}]});
    map["tests"] = test("s");
    let message = refused(&cloud, "global/urlMaps", map.clone()).await;
    assert!(message.contains("does not pass this test"), "{message}");
    // The map need not exist to be validated.
    let path = "global/urlMaps/v/validate";
    let wrong = cloud.post(path, json!({"resource": map})).await["result"].clone();
    assert_eq!(wrong["loadSucceeded"], true);
    assert_eq!(wrong["testPassed"], false);
    let failure = &wrong["testFailures"][0];
    assert_eq!(
        failure["actualService"],
        format!("{CANONICAL}/global/backendServices/api")
    );
    map["tests"] = test("api");
    let right = cloud.post(path, json!({"resource": map})).await["result"].clone();
    assert_eq!(right, json!({"loadSucceeded": true, "testPassed": true}));
    map["defaultService"] = json!("missing");
    let broken = cloud.post(path, json!({"resource": map})).await["result"].clone();
    assert_eq!(broken["loadSucceeded"], false);
    assert!(
        broken["loadErrors"][0]
            .as_str()
            .unwrap()
            .contains("missing' was not found")
    );
    cloud
        .refused(Method::GET, "global/urlMaps/v", None, 404)
        .await;
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_regional_load_balancer_keeps_to_its_region() {
    let cloud = Cloud::start().await;
    let below = format!("regions/{REGION}");
    chain(&cloud, &below).await;
    let rule = json!({"name": "r", "loadBalancingScheme": "EXTERNAL_MANAGED",
        "target": format!("{below}/targetHttpProxies/p")});
    cloud
        .post(&format!("{below}/forwardingRules"), rule.clone())
        .await;
    let shown = cloud.get(&format!("{below}/forwardingRules/r")).await;
    assert_eq!(shown["region"], format!("{CANONICAL}/{below}"));
    let elsewhere = refused(&cloud, "regions/us-east1/forwardingRules", rule.clone()).await;
    assert!(
        elsewhere.contains("cannot use one in the scope 'regions/us-central1'"),
        "{elsewhere}"
    );
    refused(&cloud, "global/forwardingRules", rule).await;
    let operations = cloud.get(&format!("{below}/operations")).await;
    assert_eq!(
        operations["items"][0]["region"],
        format!("{CANONICAL}/{below}")
    );
    let list = cloud.get("aggregated/forwardingRules").await;
    assert_eq!(list["items"][&below]["forwardingRules"][0]["name"], "r");
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_regional_group_is_told_where_it_spreads() {
    let cloud = Cloud::start().await;
    let below = format!("regions/{REGION}");
    cloud.post("global/instanceTemplates", template("t")).await;
    cloud
        .post(&format!("{below}/instanceTemplates"), template("t"))
        .await;
    cloud.post("global/healthChecks", health_check("h")).await;
    let group = json!({"name": "m", "targetSize": 0, "instanceTemplate": format!("{below}/instanceTemplates/t")});
    let path = format!("{below}/instanceGroupManagers");
    let operation = cloud.post(&path, group.clone()).await;
    assert_eq!(operation["region"], format!("{CANONICAL}/{below}"));
    let shown = cloud.get(&format!("{path}/m")).await;
    assert_eq!(shown["distributionPolicy"]["targetShape"], "EVEN");
    let zones = shown["distributionPolicy"]["zones"].as_array().unwrap();
    assert_eq!(zones.len(), 3);
    assert_eq!(zones[0]["zone"], format!("{CANONICAL}/zones/{ZONE}"));
    assert_eq!(shown["updatePolicy"]["maxSurge"]["fixed"], 3);
    assert_eq!(
        cloud.get(&path).await["kind"],
        "compute#regionInstanceGroupManagerList"
    );
    assert_eq!(
        cloud.get(&format!("{below}/instanceGroups/m")).await["size"],
        0
    );

    let scaler = json!({"name": "a", "target": format!("{path}/m"),
        "autoscalingPolicy": {"maxNumReplicas": 3}});
    cloud
        .post(&format!("{below}/autoscalers"), scaler.clone())
        .await;
    let message = refused(&cloud, &format!("zones/{ZONE}/autoscalers"), scaler).await;
    assert!(message.contains("'resource.target'"), "{message}");
    let (reason, message) = cloud
        .refused(Method::POST, &format!("{path}/m/resize?size=1"), None, 412)
        .await;
    assert_eq!(reason, "conditionNotMet");
    assert!(message.contains("autoscaled regional managed"), "{message}");
    let mut far = group;
    far["name"] = json!("far");
    refused(&cloud, "regions/us-east1/instanceGroupManagers", far).await;
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn the_catalogue_answers_for_networks_images_and_the_project() {
    let cloud = Cloud::start().await;
    let network = cloud.get("global/networks/default").await;
    assert_eq!(network["subnetworks"].as_array().unwrap().len(), 6);
    let subnetwork = cloud
        .get(&format!("regions/{REGION}/subnetworks/default"))
        .await;
    assert_eq!(subnetwork["ipCidrRange"], "10.128.0.0/20");
    assert_eq!(subnetwork["network"], network["selfLink"]);
    let region = cloud.get(&format!("regions/{REGION}")).await;
    assert_eq!(region["zones"][0], format!("{CANONICAL}/zones/{ZONE}"));
    assert!(cloud.get("global/images").await.get("items").is_none());
    let images = async |path: &str| -> Value {
        let path = format!("/compute/v1/projects/{path}");
        cloud
            .request(Method::GET, &path)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    };
    let listed = images("debian-cloud/global/images?filter=family%3Ddebian-12").await;
    assert_eq!(listed["kind"], "compute#imageList");
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let first = images("debian-cloud/global/images?maxResults=1").await;
    let token = first["nextPageToken"].as_str().unwrap();
    let second = images(&format!(
        "debian-cloud/global/images?maxResults=1&pageToken={token}"
    ))
    .await;
    assert_ne!(first["items"][0]["name"], second["items"][0]["name"]);
    assert!(second.get("nextPageToken").is_none());
    let gone = images("debian-cloud/global/images/family/debian-10").await;
    assert_eq!(gone["error"]["errors"][0]["reason"], "notFound");
    let mut old = template("old");
    old["properties"]["disks"] = json!([{"boot": true, "initializeParams":
        {"sourceImage": "projects/debian-cloud/global/images/family/debian-10"}}]);
    let (_, message) = cloud
        .refused(Method::POST, "global/instanceTemplates", Some(old), 404)
        .await;
    assert_eq!(
        message,
        "The resource 'projects/debian-cloud/global/images/family/debian-10' was not found"
    );
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn what_google_has_and_we_have_not_answers_501() {
    let cloud = Cloud::start().await;
    let scheme = json!({"name": "s", "loadBalancingScheme": "INTERNAL"});
    for (path, body, part) in [
        (
            "global/backendServices",
            scheme,
            "The value 'INTERNAL' of 'resource.loadBalancingScheme'",
        ),
        (
            "global/networks",
            json!({"name": "n"}),
            "compute.networks.insert",
        ),
        (
            "global/disks",
            json!({"name": "n"}),
            "The collection 'disks'",
        ),
        (
            "global/backendServices/s/setSecurityPolicy",
            json!({}),
            "compute.backendServices.setSecurityPolicy",
        ),
    ] {
        let (reason, message) = cloud.refused(Method::POST, path, Some(body), 501).await;
        assert_eq!(reason, "notImplemented");
        assert_eq!(
            message,
            format!("{part} is not emulated by the local cloud")
        );
    }
    // A word that Google does not know either is the caller's mistake.
    let message = refused(
        &cloud,
        "global/backendServices",
        json!({"name": "s", "loadBalancingScheme": "SIDEWAYS"}),
    )
    .await;
    assert!(
        message.contains("It must be one of EXTERNAL, "),
        "{message}"
    );
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn the_client_secret_of_iap_leaves_only_its_digest() {
    let cloud = Cloud::start().await;
    let iap = json!({"enabled": true, "oauth2ClientId": "id", "oauth2ClientSecret": "hush"});
    cloud
        .post("global/backendServices", json!({"name": "s", "iap": iap}))
        .await;
    let path = "global/backendServices/s";
    let shown = cloud.get(path).await;
    let digest = shown["iap"]["oauth2ClientSecretSha256"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(digest.len(), 64);
    assert!(!shown.to_string().contains("hush"));
    // Putting back what one got does not remove what one was not shown.
    let mut back = shown;
    back["timeoutSec"] = json!(20);
    cloud.put(path, back).await;
    let shown = cloud.get(path).await;
    assert_eq!(shown["timeoutSec"], 20);
    assert_eq!(shown["iap"]["oauth2ClientSecretSha256"], digest);
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_receipt_can_be_thrown_away() {
    let cloud = Cloud::start().await;
    let operation = cloud.post("global/addresses", json!({"name": "ip"})).await;
    let path = format!("global/operations/{}", operation["name"].as_str().unwrap());
    assert_eq!(cloud.delete(&path).await, json!({}));
    cloud.refused(Method::GET, &path, None, 404).await;
    cloud.refused(Method::DELETE, &path, None, 404).await;
    cloud.get("global/addresses/ip").await;
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn what_the_balancer_could_not_do_is_refused() {
    let cloud = Cloud::start().await;
    cloud.group(0).await;
    let group = format!("zones/{ZONE}/instanceGroups/m");
    for (field, value) in [
        ("customRequestHeaders", json!(["no colon"])),
        ("customResponseHeaders", json!(["X-Where:{nobody_knows}"])),
        (
            "backends",
            json!([{"group": group, "capacityScaler": 0.05}]),
        ),
    ] {
        let mut service = json!({"name": "s"});
        service[field] = value;
        let message = refused(&cloud, "global/backendServices", service).await;
        assert!(message.contains(&format!("'resource.{field}")), "{message}");
    }
    chain(&cloud, "global").await;
    let weighted = json!({"name": "w", "defaultService": "global/backendServices/s",
        "pathMatchers": [{"name": "m", "routeRules": [{"priority": 1}]}]});
    let (_, message) = cloud
        .refused(Method::POST, "global/urlMaps", Some(weighted), 501)
        .await;
    assert!(message.contains("routeRules"), "{message}");
    cloud.emulator.shutdown().await;
}
