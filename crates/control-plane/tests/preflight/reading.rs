//! The facts, from a cloud on port 0 that knows some paths and refuses all others.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::{Json, Router};
use control_plane::preflight::{Answer, Facts, Record, Severity, preflight};
use gce::{Client, Endpoints, NoToken, RetryPolicy};
use serde_json::{Value, json};

use crate::intent;

type Known = Arc<BTreeMap<&'static str, Value>>;

async fn client(known: BTreeMap<&'static str, Value>) -> Client {
    let router = Router::new().fallback(answer).with_state(Arc::new(known));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let tokens = Arc::new(NoToken);
    let client = Client::new(Endpoints::local(&base), tokens, "demo".to_owned()).unwrap();
    client.with_retry(RetryPolicy::new().first_delay(Duration::ZERO))
}

async fn answer(State(known): State<Known>, uri: Uri) -> (StatusCode, Json<Value>) {
    let Some(body) = known.get(uri.path()) else {
        let error = json!({"code": 403, "status": "PERMISSION_DENIED", "message": "No."});
        return (StatusCode::FORBIDDEN, Json(json!({ "error": error })));
    };
    (StatusCode::OK, Json(body.clone()))
}

#[tokio::test]
async fn all_facts_are_read_from_where_google_has_them() {
    let quotas = json!([{"metric": "CPUS", "limit": 24.0, "usage": 2.0}]);
    let client = client(BTreeMap::from([
        ("/v3/projects/demo", json!({"name": "projects/7", "state": "ACTIVE"})),
        ("/v1/projects/demo/billingInfo", json!({"billingEnabled": true})),
        (
            "/v1/projects/demo/services:batchGet",
            json!({"services": [{"name": "projects/7/services/dns.googleapis.com", "state": "DISABLED"}]}),
        ),
        ("/v3/projects/demo:testIamPermissions", json!({"permissions": ["compute.regions.get"]})),
        (
            "/compute/v1/projects/demo/regions/us-central1",
            json!({"name": "us-central1", "status": "UP", "quotas": quotas,
                "zones": ["https://www.googleapis.com/compute/v1/projects/demo/zones/us-central1-a"]}),
        ),
        (
            "/compute/v1/projects/demo/regions/us-central1/subnetworks/default",
            json!({"ipCidrRange": "10.0.0.0/28",
                "utilizationDetails": {"ipv4Utilizations": [{"totalFreeIp": "5"}]}}),
        ),
        ("/compute/v1/projects/demo", json!({"name": "demo", "quotas": quotas})),
        (
            "/compute/v1/projects/demo/zones/us-central1-a/machineTypes/e2-small",
            json!({"guestCpus": 2}),
        ),
        (
            "/v1/projects/demo/serviceAccounts/web-vm@demo.iam.gserviceaccount.com",
            json!({"disabled": true}),
        ),
        (
            "/dns/v1/projects/demo/managedZones",
            json!({"managedZones": [{"name": "z", "dnsName": "example.com."}]}),
        ),
        (
            "/dns/v1/projects/demo/managedZones/z/rrsets",
            json!({"rrsets": [{"name": "app.example.com.", "type": "A", "rrdatas": ["192.0.2.1"]}]}),
        ),
    ]))
    .await;
    let facts = Facts::read(&client, &intent()).await;
    assert_eq!(facts.project_active, Answer::Is(true));
    assert_eq!(facts.billing, Answer::Is(true));
    let off = BTreeMap::from([("dns.googleapis.com".to_owned(), false)]);
    assert_eq!(facts.services, Answer::Is(off));
    assert!(matches!(&facts.held, Answer::Is(held) if held.contains("compute.regions.get")));
    let region = &facts.regions["us-central1"];
    assert!(matches!(region, Answer::Is(region) if region.up && region.quotas[0].limit == 24.0));
    assert_eq!(facts.room["us-central1"], Answer::Is(5));
    assert!(matches!(&facts.quotas, Answer::Is(quotas) if quotas[0].usage == 2.0));
    assert_eq!(
        (facts.cpus, facts.account_usable),
        (Answer::Is(2), Answer::Is(false))
    );
    let record = Record {
        kind: "A".into(),
        data: "192.0.2.1".into(),
    };
    let records = BTreeMap::from([("app.example.com".to_owned(), Answer::Is(vec![record]))]);
    assert_eq!(facts.records, records);
}

#[tokio::test]
async fn a_cloud_that_says_nothing_gives_findings_and_no_error() {
    let client = client(BTreeMap::new()).await;
    let facts = Facts::read(&client, &intent()).await;
    let findings = preflight(&intent(), &facts);
    let stops = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Stops);
    // Only the project itself must be seen.
    assert_eq!(stops.count(), 1, "{findings:#?}");
    assert!(
        findings
            .iter()
            .all(|finding| finding.text.contains("Google says: No. (403)"))
    );
}
