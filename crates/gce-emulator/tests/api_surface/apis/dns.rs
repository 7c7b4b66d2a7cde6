//! Zones, record sets and changes.

use reqwest::Method;
use serde_json::{Value, json};

use super::{by_hand, get, good, post, refused};
use crate::cloud::Cloud;

const ZONES: &str = "/dns/v1/projects/demo/managedZones";
const CHANGES: &str = "/dns/v1/projects/demo/managedZones/web/changes";
const SETS: &str = "/dns/v1/projects/demo/managedZones/web/rrsets";

async fn with_zone() -> Cloud {
    let cloud = by_hand().await;
    let zone = json!({"name": "web", "dnsName": "example.test.", "description": ""});
    let made = post(&cloud, ZONES, zone).await;
    assert_eq!(made["kind"], "dns#managedZone");
    assert_eq!(made["nameServers"].as_array().unwrap().len(), 4);
    cloud
}

fn address(address: &str) -> Value {
    json!({"name": "app.example.test.", "type": "A", "ttl": 300, "rrdatas": [address]})
}

#[tokio::test]
async fn a_change_is_pending_before_it_is_done() {
    let cloud = with_zone().await;
    let change = json!({"additions": [address("203.0.113.7")]});
    let made = post(&cloud, CHANGES, change).await;
    assert_eq!(
        (&made["status"], &made["kind"]),
        (&json!("pending"), &json!("dns#change"))
    );
    let path = format!("{CHANGES}/{}", made["id"].as_str().unwrap());
    cloud.advance(5).await;
    assert_eq!(get(&cloud, &path).await["status"], "done");
    let sets = get(&cloud, &format!("{SETS}?name=app.example.test.&type=A")).await;
    assert_eq!(sets["kind"], "dns#resourceRecordSetsListResponse");
    assert_eq!(sets["rrsets"][0]["rrdatas"], json!(["203.0.113.7"]));
    assert_eq!(
        get(&cloud, SETS).await["rrsets"].as_array().unwrap().len(),
        3
    );
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_record_is_replaced_only_by_whoever_knows_it() {
    let cloud = with_zone().await;
    post(
        &cloud,
        CHANGES,
        json!({"additions": [address("203.0.113.7")]}),
    )
    .await;
    let blind = json!({"additions": [address("203.0.113.8")]});
    let (status, reason, _) = refused(&cloud, Method::POST, CHANGES, Some(blind)).await;
    assert_eq!((status, reason.as_str()), (409, "alreadyExists"));
    let wrong =
        json!({"deletions": [address("203.0.113.9")], "additions": [address("203.0.113.8")]});
    let (status, reason, _) = refused(&cloud, Method::POST, CHANGES, Some(wrong)).await;
    assert_eq!((status, reason.as_str()), (412, "conditionNotMet"));
    let mut other = address("203.0.113.7");
    other["name"] = json!("www.example.test.");
    let missing = json!({"deletions": [other], "additions": [address("203.0.113.8")]});
    assert_eq!(
        refused(&cloud, Method::POST, CHANGES, Some(missing))
            .await
            .0,
        404
    );
    let right =
        json!({"deletions": [address("203.0.113.7")], "additions": [address("203.0.113.8")]});
    post(&cloud, CHANGES, right).await;
    let set = format!("{SETS}/app.example.test./A");
    assert_eq!(get(&cloud, &set).await["rrdatas"], json!(["203.0.113.8"]));
    let patch = Some(json!({"ttl": 60}));
    let changed = good(&cloud, Method::PATCH, &set, patch).await;
    assert_eq!(
        (&changed["ttl"], &changed["rrdatas"]),
        (&json!(60), &json!(["203.0.113.8"]))
    );
    good(&cloud, Method::DELETE, &set, None).await;
    assert_eq!(refused(&cloud, Method::GET, &set, None).await.0, 404);
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn records_that_cannot_be_are_refused_and_nothing_changes() {
    let cloud = with_zone().await;
    post(&cloud, SETS, address("203.0.113.7")).await;
    let with = |field: &str, value: Value| {
        let mut set = address("203.0.113.7");
        set["name"] = json!("new.example.test.");
        set[field] = value;
        set
    };
    let alias = json!({"name": "app.example.test.", "type": "CNAME", "ttl": 60, "rrdatas": ["else.where."]});
    for wrong in [
        with("name", json!("new.other.test.")),
        with("name", json!("new.example.test")),
        with("type", json!("B")),
        with("ttl", json!("300")),
        with("rrdatas", json!([])),
        with("rrdatas", json!(["not an address"])),
        alias,
    ] {
        let good_one = with("type", json!("A"));
        let change = json!({"additions": [good_one, wrong]});
        let (status, reason, message) = refused(&cloud, Method::POST, CHANGES, Some(change)).await;
        assert_eq!((status, reason.as_str()), (400, "invalid"), "{message}");
        assert!(message.contains("entity.change.additions[1]"), "{message}");
    }
    let left = get(&cloud, &format!("{SETS}?name=new.example.test.")).await;
    assert_eq!(left.get("rrsets"), None);
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_zone_goes_once_it_is_empty() {
    let cloud = with_zone().await;
    post(&cloud, SETS, address("203.0.113.7")).await;
    let zone = format!("{ZONES}/web");
    let (status, _, message) = refused(&cloud, Method::DELETE, &zone, None).await;
    assert_eq!(status, 400);
    assert!(message.contains("contains one or more"), "{message}");
    let listed = get(&cloud, &format!("{ZONES}?dnsName=example.test.")).await;
    assert_eq!(listed["managedZones"][0]["name"], "web");
    let none = get(&cloud, &format!("{ZONES}?dnsName=other.test.")).await;
    assert_eq!(none, json!({"kind": "dns#managedZonesListResponse"}));
    good(
        &cloud,
        Method::DELETE,
        &format!("{SETS}/app.example.test./A"),
        None,
    )
    .await;
    good(&cloud, Method::DELETE, &zone, None).await;
    let (status, reason, _) = refused(&cloud, Method::GET, &zone, None).await;
    assert_eq!((status, reason.as_str()), (404, "notFound"));
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_certificate_waits_for_the_record_of_its_domain() {
    let cloud = with_zone().await;
    let service = json!({"name": "s"});
    cloud.post("global/backendServices", service).await;
    cloud
        .post(
            "global/urlMaps",
            json!({"name": "u", "defaultService": "s"}),
        )
        .await;
    let certificate =
        json!({"name": "c", "type": "MANAGED", "managed": {"domains": ["app.example.test"]}});
    cloud.post("global/sslCertificates", certificate).await;
    let proxy = json!({"name": "tls", "urlMap": "u", "sslCertificates": ["c"]});
    cloud.post("global/targetHttpsProxies", proxy).await;
    let rule = json!({"name": "r", "target": "global/targetHttpsProxies/tls", "portRange": "443"});
    cloud.post("global/forwardingRules", rule).await;
    cloud.advance(60).await;
    let state = async || {
        let certificate = cloud.get("global/sslCertificates/c").await;
        certificate["managed"]["domainStatus"]["app.example.test"].clone()
    };
    assert_eq!(state().await, "FAILED_NOT_VISIBLE");
    let rule = cloud.get("global/forwardingRules/r").await;
    post(&cloud, SETS, address("198.51.100.1")).await;
    assert_eq!(state().await, "FAILED_NOT_VISIBLE", "it leads elsewhere");
    let set = format!("{SETS}/app.example.test./A");
    let right = Some(json!({"rrdatas": [rule["IPAddress"]]}));
    good(&cloud, Method::PATCH, &set, right).await;
    assert_eq!(state().await, "ACTIVE");
    cloud.emulator.shutdown().await;
}
