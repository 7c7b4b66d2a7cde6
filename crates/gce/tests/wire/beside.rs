//! The APIs beside Compute that a deployment calls.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::TryStreamExt;
use gce::Error;
use gce::dns::RecordSet;
use gce::iam::{Policy, PolicyOf, Role};
use gce::repositories::Repository;
use gce::services::Service;
use serde_json::{Value, json};

use crate::support::{Answer, Server, ok, status};

const DISABLED: &str = r#"{"error":{"code":403,"status":"PERMISSION_DENIED","message":"Cloud DNS API has not been used in project 1 before or it is disabled.",
    "details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED","domain":"googleapis.com",
    "metadata":{"service":"dns.googleapis.com","consumer":"projects/1"}}]}}"#;

fn refusal(code: u16, word: &str, message: &str) -> Answer {
    let error = json!({"error": {"code": code, "status": word, "message": message}});
    status(code, error.to_string())
}

/// Method, path and query of everything that was asked.
fn asked(server: &Server) -> Vec<String> {
    let line = |asked: &crate::support::Asked| format!("{} {}", asked.method, asked.uri);
    server.asked().iter().map(line).collect()
}

#[tokio::test]
async fn services_are_asked_for_by_their_names_thirty_at_once() {
    let answer = |name: &str| ok(json!({"services": [{"name": name, "state": "ENABLED"}]}));
    let (server, client) = Server::start([
        answer("projects/1/services/a.googleapis.com"),
        answer("projects/1/services/b.googleapis.com"),
    ])
    .await;
    let services: Vec<Service> = client.services(&["x.googleapis.com"; 31]).await.unwrap();
    assert_eq!(services[1].host(), "b.googleapis.com");
    assert!(services.iter().all(Service::is_enabled));
    let asked = server.asked();
    let names = |at: usize| asked[at].uri.query().unwrap().matches("names=").count();
    assert_eq!((asked.len(), names(0), names(1)), (2, 30, 1));
    assert_eq!(asked[0].uri.path(), "/v1/projects/demo/services:batchGet");
}

#[tokio::test(start_paused = true)]
async fn an_activation_waits_for_another_one_and_for_its_own_end() {
    let busy = refusal(
        400,
        "FAILED_PRECONDITION",
        "Another activation or deactivation is in progress for project 1",
    );
    let (server, client) = Server::start([
        busy,
        ok(json!({"name": "operations/acat.1"})),
        ok(json!({"name": "operations/acat.1"})),
        ok(json!({"name": "operations/acat.1", "done": true, "response": {}})),
    ])
    .await;
    client
        .enable_services(&["dns.googleapis.com"])
        .await
        .unwrap();
    let enable = "POST /v1/projects/demo/services:batchEnable";
    let wait = "GET /v1/operations/acat.1";
    assert_eq!(asked(&server), [enable, enable, wait, wait]);
    let body = json!({"serviceIds": ["dns.googleapis.com"]});
    assert_eq!(server.asked()[0].body, body);
}

#[tokio::test]
async fn an_operation_that_failed_is_an_error_in_googles_words() {
    let failed = json!({"name": "operations/acat.1", "done": true,
        "error": {"code": 9, "message": "Billing must be enabled."}});
    let (_server, client) = Server::start([ok(failed)]).await;
    let error = client.enable_services(&["a"]).await.unwrap_err();
    assert!(matches!(error, Error::Operation(_)));
    assert!(
        error.to_string().contains("Billing must be enabled."),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_api_that_was_just_enabled_is_asked_again_by_whoever_knows() {
    let (_server, client) = Server::start([status(403, DISABLED)]).await;
    let zones: Result<Vec<_>, Error> = client.managed_zones().try_collect().await;
    let error = zones.unwrap_err();
    assert_eq!(error.disabled_service(), Some("dns.googleapis.com"));

    let script = [
        status(403, DISABLED),
        status(403, DISABLED),
        ok(json!({"managedZones": [{"name": "z", "dnsName": "x.test."}]})),
    ];
    let (server, client) = Server::start(script).await;
    let client = client.awaiting_services(Duration::from_mins(5));
    let zones: Vec<_> = client.managed_zones().try_collect().await.unwrap();
    assert_eq!((zones[0].name.as_str(), server.asked().len()), ("z", 3));
}

#[tokio::test]
async fn a_persons_credentials_name_the_project() {
    let (server, client) = Server::start([
        ok(json!({"name": "projects/7", "state": "ACTIVE"})),
        ok(json!({"billingEnabled": true})),
    ])
    .await;
    let project = client.project_info().await.unwrap();
    assert_eq!((project.number(), project.is_active()), ("7", true));
    let client = client.naming_project();
    assert!(client.billing_info().await.unwrap().billing_enabled);
    let header = |at: usize| {
        server.asked()[at]
            .headers
            .get("x-goog-user-project")
            .cloned()
    };
    assert_eq!(header(0), None);
    assert_eq!(header(1).unwrap(), "demo");
}

#[tokio::test]
async fn permissions_are_tested_a_hundred_at_once() {
    let (server, client) =
        Server::start([ok(json!({"permissions": ["a.b.c"]})), ok(json!({}))]).await;
    let held = client.held_permissions(&["a.b.c"; 101]).await.unwrap();
    assert_eq!(held.into_iter().collect::<Vec<_>>(), ["a.b.c"]);
    let asked = server.asked();
    assert_eq!(asked[1].body["permissions"].as_array().unwrap().len(), 1);
    assert_eq!(asked[0].uri.path(), "/v3/projects/demo:testIamPermissions");
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_read_again_when_somebody_was_faster_or_an_account_is_new() {
    let policy =
        |etag: &str, bindings: Value| ok(json!({"version": 1, "etag": etag, "bindings": bindings}));
    let theirs = json!([{"role": "roles/viewer", "members": ["user:a@x.test"]}]);
    let mut both = theirs.clone();
    both.as_array_mut()
        .unwrap()
        .push(json!({"role": "roles/editor", "members": ["user:b@x.test"]}));
    let (server, client) = Server::start([
        policy("A", json!([])),
        refusal(409, "ABORTED", "There were concurrent policy changes."),
        policy("B", theirs),
        refusal(400, "INVALID_ARGUMENT", "Service account b does not exist."),
        policy(
            "B",
            json!([{"role": "roles/viewer", "members": ["user:a@x.test"]}]),
        ),
        policy("C", both.clone()),
        policy("C", both),
    ])
    .await;
    let grant = |policy: &mut Policy| policy.grant("roles/editor", "user:b@x.test");
    let written = client
        .change_iam_policy(PolicyOf::Project, grant)
        .await
        .unwrap();
    assert!(written.grants("roles/viewer", "user:a@x.test"));
    let asked = server.asked();
    assert_eq!(asked[0].body["options"]["requestedPolicyVersion"], 3);
    let last = &asked[5].body["policy"];
    assert_eq!((&last["etag"], &last["version"]), (&json!("B"), &json!(3)));
    assert_eq!(last["bindings"].as_array().unwrap().len(), 2);
    // What is granted already is not written again.
    client
        .change_iam_policy(PolicyOf::Project, grant)
        .await
        .unwrap();
    assert_eq!(server.asked().len(), 7);
}

#[tokio::test]
async fn a_refusal_that_will_stay_is_not_waited_out() {
    let (server, client) =
        Server::start([ok(json!({})), refusal(403, "PERMISSION_DENIED", "no")]).await;
    let grant = |policy: &mut Policy| policy.grant("roles/editor", "user:b@x.test");
    let error = client
        .change_iam_policy(PolicyOf::Secret("s"), grant)
        .await
        .unwrap_err();
    assert_eq!((error.status(), server.asked().len()), (Some(403), 2));
    let asked = server.asked();
    assert_eq!(
        asked[0].uri.to_string(),
        "/v1/projects/demo/secrets/s:getIamPolicy?options.requestedPolicyVersion=3"
    );
}

#[test]
fn a_condition_makes_a_binding_of_its_own() {
    let mut policy: Policy = serde_json::from_value(json!({"bindings": [
        {"role": "r", "members": ["user:a"], "condition": {"title": "t"}}]}))
    .unwrap();
    policy.grant("r", "user:a");
    assert_eq!(policy.bindings.len(), 2);
    policy.revoke("r", "user:a");
    assert_eq!(policy.bindings.len(), 1);
    assert!(policy.bindings[0].condition.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_new_account_is_awaited_until_it_is_read_three_times_in_a_row() {
    let account = || ok(json!({"email": "web-vm@demo.iam.gserviceaccount.com"}));
    let missing = || refusal(404, "NOT_FOUND", "Service account does not exist.");
    let script = [
        account(),
        missing(),
        account(),
        missing(),
        account(),
        account(),
        account(),
    ];
    let (server, client) = Server::start(script).await;
    client
        .create_service_account("web-vm", "Web", "mark")
        .await
        .unwrap();
    assert_eq!(server.asked().len(), 7);
    let asked = server.asked();
    assert_eq!(asked[0].body["serviceAccount"]["description"], "mark");
    assert_eq!(
        asked[1].uri.path(),
        "/v1/projects/demo/serviceAccounts/web-vm@demo.iam.gserviceaccount.com"
    );
}

#[tokio::test]
async fn a_deleted_role_is_brought_back_and_then_changed() {
    let (server, client) = Server::start([
        ok(json!({"name": "projects/demo/roles/r", "title": "Old", "deleted": true})),
        ok(json!({"name": "projects/demo/roles/r", "title": "Old"})),
        ok(json!({"name": "projects/demo/roles/r", "title": "New"})),
    ])
    .await;
    let wanted = Role {
        title: Some("New".into()),
        ..Role::default()
    };
    client.put_role("r", &wanted).await.unwrap();
    let asked = asked(&server);
    assert_eq!(asked[1], "POST /v1/projects/demo/roles/r:undelete");
    assert!(
        asked[2].starts_with("PATCH /v1/projects/demo/roles/r?updateMask=title"),
        "{asked:?}"
    );

    let (server, client) = Server::start([ok(json!({"title": "New"}))]).await;
    client.put_role("r", &wanted).await.unwrap();
    assert_eq!(server.asked().len(), 1, "nothing differs");
}

#[tokio::test]
async fn what_is_gone_already_counts_as_deleted() {
    let (server, client) =
        Server::start([status(503, ""), status(404, "{}"), status(404, "{}")]).await;
    client.delete_secret("s").await.unwrap();
    client.delete_repository("us-central1", "r").await.unwrap();
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_payload_is_checked_on_both_ways() {
    let access = |sum: &str| {
        ok(json!({"name": "projects/1/secrets/s/versions/2",
        "payload": {"data": "MTIzNDU2Nzg5", "dataCrc32c": sum}}))
    };
    let (server, client) = Server::start([
        ok(json!({"name": "projects/1/secrets/s/versions/2"})),
        access("3808858755"),
        access("1"),
    ])
    .await;
    let added = client.add_secret_version("s", b"123456789").await.unwrap();
    assert_eq!(added.number(), "2");
    let payload = &server.asked()[0].body["payload"];
    assert_eq!(
        *payload,
        json!({"data": "MTIzNDU2Nzg5", "dataCrc32c": "3808858755"})
    );
    let payload = client.access_secret("s", "2").await.unwrap();
    assert_eq!(payload.expose(), b"123456789");
    let damaged = client.access_secret("s", "latest").await.unwrap_err();
    assert!(matches!(damaged, Error::Damaged { .. }));
    let path = "/v1/projects/demo/secrets/s/versions/latest:access";
    assert_eq!(server.asked()[2].uri.path(), path);
}

#[tokio::test]
async fn a_version_is_not_added_again_when_its_fate_is_unknown() {
    let (server, client) = Server::start([status(503, "")]).await;
    assert!(client.add_secret_version("s", b"x").await.is_err());
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_repository_is_what_its_operation_answers() {
    let (server, client) = Server::start([ok(json!({
        "name": "projects/demo/locations/l/operations/o", "done": true,
        "response": {"@type": "type.googleapis.com/x.Repository", "registryUri": "l-docker.pkg.dev/demo/r"}}))])
    .await;
    let wanted = Repository {
        format: Some("DOCKER".into()),
        labels: BTreeMap::from([("flaskscale".to_owned(), "web".to_owned())]),
        ..Repository::default()
    };
    let made = client.create_repository("l", "r", &wanted).await.unwrap();
    assert_eq!(
        made.registry_uri.as_deref(),
        Some("l-docker.pkg.dev/demo/r")
    );
    let asked = server.asked();
    assert_eq!(
        asked[0].uri.to_string(),
        "/v1/projects/demo/locations/l/repositories?repositoryId=r"
    );
    assert_eq!(
        asked[0].body,
        json!({"format": "DOCKER", "labels": {"flaskscale": "web"}})
    );
}

#[tokio::test(start_paused = true)]
async fn records_change_in_the_longest_zone_and_the_change_is_awaited() {
    let zones = json!({"managedZones": [
        {"name": "short", "dnsName": "test.", "visibility": "public"},
        {"name": "inside", "dnsName": "app.example.test.", "visibility": "private"},
        {"name": "long", "dnsName": "example.test.", "visibility": "public"}]});
    let (server, client) = Server::start([
        ok(zones),
        ok(json!({"rrsets": [{"name": "app.example.test.", "type": "A", "ttl": 300, "rrdatas": ["192.0.2.1"]}]})),
        ok(json!({"id": "1", "status": "pending"})),
        ok(json!({"id": "1", "status": "done"})),
    ])
    .await;
    let zone = client.zone_of("app.example.test").await.unwrap().unwrap();
    assert_eq!(zone.name, "long");
    let old = client
        .record_sets(&zone.name, "app.example.test")
        .await
        .unwrap();
    let new = RecordSet {
        rrdatas: vec!["192.0.2.2".into()],
        ..old[0].clone()
    };
    client
        .change_records(&zone.name, &old, &[new])
        .await
        .unwrap();
    let asked = asked(&server);
    let below = "/dns/v1/projects/demo/managedZones/long";
    assert_eq!(
        asked[1],
        format!("GET {below}/rrsets?name=app.example.test.")
    );
    assert_eq!(
        asked[2..],
        [
            format!("POST {below}/changes"),
            format!("GET {below}/changes/1")
        ]
    );
    let body = &server.asked()[2].body;
    assert_eq!(body["deletions"][0]["rrdatas"], json!(["192.0.2.1"]));
    assert_eq!(body["additions"][0]["ttl"], 300);
}

#[tokio::test]
async fn the_verbs_of_an_https_proxy_have_googles_paths() {
    let done = || ok(json!({"name": "o", "status": "DONE"}));
    let (server, client) = Server::start([done(), done(), done()]).await;
    client
        .set_ssl_certificates("p", &["c".into()])
        .await
        .unwrap();
    client.set_ssl_policy("p", Some("s")).await.unwrap();
    client.set_ssl_policy("p", None).await.unwrap();
    let asked = server.asked();
    let path = |at: usize| {
        asked[at]
            .uri
            .path()
            .strip_prefix("/compute/v1/projects/demo/")
            .unwrap()
    };
    assert_eq!(path(0), "targetHttpsProxies/p/setSslCertificates");
    assert_eq!(path(1), "global/targetHttpsProxies/p/setSslPolicy");
    assert_eq!(
        (&asked[1].body, &asked[2].body),
        (&json!({"sslPolicy": "s"}), &json!({}))
    );
}
