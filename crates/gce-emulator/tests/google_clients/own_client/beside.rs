//! Every call to the APIs beside Compute, with the delays that the cloud has.

use std::{collections::BTreeMap, time::Duration};

use futures::TryStreamExt;
use gce::{
    Client, Resource, Scope,
    compute::{BackendService, SslCertificate, SslPolicy, TargetHttpsProxy, UrlMap},
    dns::RecordSet,
    iam::{Policy, PolicyOf, Role, ServiceAccount},
    repositories::{CleanupPolicy, Repository},
    secrets::{Secret, SecretVersion},
};
use serde_json::json;

use super::make;
use crate::cloud::Cloud;

pub(super) async fn makes_every_call(cloud: &Cloud, client: &Client) {
    services(client).await;
    let member = identities(client).await;
    secrets(client, &member).await;
    web_access(client).await;
    repositories(client, &member).await;
    records(cloud, client).await;
    tls(client).await;
}

async fn services(client: &Client) {
    client
        .enable_services(&["dns.googleapis.com", "certificatemanager.googleapis.com"])
        .await
        .unwrap();
    let services = client
        .services(&[
            "certificatemanager.googleapis.com",
            "storage.googleapis.com",
        ])
        .await
        .unwrap();
    let enabled = services
        .iter()
        .map(|service| (service.host(), service.is_enabled()));
    let expected = [
        ("certificatemanager.googleapis.com", true),
        ("storage.googleapis.com", false),
    ];
    assert_eq!(enabled.collect::<Vec<_>>(), expected);
    assert!(client.project_info().await.unwrap().is_active());
    assert!(client.billing_info().await.unwrap().billing_enabled);
    let asked = ["compute.instances.create", "dns.changes.create"];
    assert_eq!(client.held_permissions(&asked).await.unwrap().len(), 2);
    let region = client.region("us-central1").await.unwrap();
    let instances = region
        .quotas
        .iter()
        .find(|quota| quota.metric == "INSTANCES");
    assert!(instances.unwrap().limit.unwrap() > 0.0);
    let subnetwork = client.subnetwork("us-central1", "default").await.unwrap();
    let room = subnetwork.room().unwrap();
    assert!(room > 4000 && room <= 4092, "{subnetwork:?}");
    assert!(subnetwork.utilization_details.is_some());
    assert!(!client.compute_project().await.unwrap().quotas.is_empty());
}

/// An account with a role of its own; the member that it is.
async fn identities(client: &Client) -> String {
    let account = client.create_service_account("web-vm", "Web", "flaskscale:web;v=1");
    let account: ServiceAccount = account.await.unwrap();
    assert_eq!(account.email, client.service_account_email("web-vm"));
    let all: Vec<ServiceAccount> = client.service_accounts().try_collect().await.unwrap();
    assert_eq!(all.len(), 1);
    let mut role = Role {
        title: Some("Console".into()),
        stage: Some("GA".into()),
        included_permissions: vec!["compute.autoscalers.update".into()],
        ..Role::default()
    };
    let made = client.put_role("web_console", &role).await.unwrap();
    client.delete_role("web_console").await.unwrap();
    role.included_permissions
        .push("compute.autoscalers.get".into());
    let back = client.put_role("web_console", &role).await.unwrap();
    assert_eq!((back.deleted, back.included_permissions.len()), (false, 2));
    let member = format!("serviceAccount:{}", account.email);
    let grant = |policy: &mut Policy| policy.grant(&made.name, &member);
    let granted = client
        .change_iam_policy(PolicyOf::Project, grant)
        .await
        .unwrap();
    assert!(granted.grants(&made.name, &member));
    let of = PolicyOf::ServiceAccount(&account.email);
    let act = |policy: &mut Policy| policy.grant("roles/iam.serviceAccountUser", "user:me@x.test");
    client.change_iam_policy(of, act).await.unwrap();
    member
}

async fn secrets(client: &Client, member: &str) {
    let labels = BTreeMap::from([("flaskscale".to_owned(), "web".to_owned())]);
    client.create_secret("web-session", &labels).await.unwrap();
    let version = client
        .add_secret_version("web-session", b"key")
        .await
        .unwrap();
    let payload = client
        .access_secret("web-session", version.number())
        .await
        .unwrap();
    assert_eq!(payload.expose(), b"key");
    let grant = |policy: &mut Policy| policy.grant("roles/secretmanager.secretAccessor", member);
    let of = PolicyOf::Secret("web-session");
    client.change_iam_policy(of, grant).await.unwrap();
    let all: Vec<Secret> = client.secrets().try_collect().await.unwrap();
    assert_eq!(all[0].labels, labels);
    let versions = client.secret_versions("web-session");
    let versions: Vec<SecretVersion> = versions.try_collect().await.unwrap();
    assert_eq!(versions.len(), 1);
    client.delete_secret("web-session").await.unwrap();
    let gone = client.secret("web-session").await.unwrap_err();
    assert!(gone.is_not_found());
}

async fn web_access(client: &Client) {
    let role = "roles/iap.httpsResourceAccessor";
    let of = PolicyOf::Web("web-site");
    let grant = |policy: &mut Policy| policy.grant(role, "user:ada@example.com");
    client.change_iam_policy(of, grant).await.unwrap();
    let policy = client.iam_policy(of).await.unwrap();
    assert!(policy.grants(role, "user:ada@example.com"));
}

async fn repositories(client: &Client, member: &str) {
    let keep = CleanupPolicy {
        action: Some("KEEP".into()),
        most_recent_versions: Some(json!({"keepCount": 20})),
        ..CleanupPolicy::default()
    };
    let mut wanted = Repository {
        format: Some("DOCKER".into()),
        cleanup_policies: BTreeMap::from([("keep".to_owned(), keep)]),
        ..Repository::default()
    };
    let place = "us-central1";
    let made = client
        .create_repository(place, "web", &wanted)
        .await
        .unwrap();
    let uri = made.registry_uri.as_deref();
    assert_eq!(uri, Some("us-central1-docker.pkg.dev/demo/web"));
    let of = PolicyOf::Repository(place, "web");
    let grant = |policy: &mut Policy| policy.grant("roles/artifactregistry.reader", member);
    client.change_iam_policy(of, grant).await.unwrap();
    wanted.description = Some("images".into());
    client
        .patch_repository(place, "web", "description", &wanted)
        .await
        .unwrap();
    let read = client.repository(place, "web").await.unwrap();
    assert_eq!(read.description, wanted.description);
    client.delete_repository(place, "web").await.unwrap();
}

async fn records(cloud: &Cloud, client: &Client) {
    // The API was on all along, so nobody refuses; a client that waits does no harm.
    let client = client.clone().awaiting_services(Duration::from_mins(1));
    assert_eq!(client.zone_of("app.example.test").await.unwrap(), None);
    // A deployment makes no zones: somebody has one, or has none.
    let zone = json!({"name": "web", "dnsName": "example.test.", "description": ""});
    let (status, made) = cloud.rpc("/dns/v1/projects/demo/managedZones", zone).await;
    assert_eq!(status, 200, "{made}");
    let zone = client.zone_of("app.example.test").await.unwrap().unwrap();
    let set = RecordSet {
        name: "app.example.test.".into(),
        kind: "A".into(),
        ttl: Some(300),
        rrdatas: vec!["203.0.113.7".into()],
        ..RecordSet::default()
    };
    let change = client
        .change_records(&zone.name, &[], std::slice::from_ref(&set))
        .await
        .unwrap();
    assert_eq!(change.status.as_deref(), Some("done"));
    let read = client
        .record_sets(&zone.name, "app.example.test")
        .await
        .unwrap();
    assert_eq!(read[0].rrdatas, set.rrdatas);
    let again = client.change_records(&zone.name, &[], &[set]).await;
    assert!(again.unwrap_err().is_conflict());
    client.change_records(&zone.name, &read, &[]).await.unwrap();
}

async fn tls(client: &Client) {
    let global = Scope::Global;
    let url = |collection: &str, name: &str| client.resource_url(&global, collection, name);
    make::<SslPolicy>(client, &global, json!({"name": "tls", "profile": "MODERN"})).await;
    let managed = json!({"name": "cert", "type": "MANAGED", "managed": {"domains": ["app.test"]}});
    make::<SslCertificate>(client, &global, managed).await;
    make::<BackendService>(client, &global, json!({"name": "secure"})).await;
    let map = json!({"name": "secure", "defaultService": url("backendServices", "secure")});
    make::<UrlMap>(client, &global, map).await;
    let certificate = url(SslCertificate::COLLECTION, "cert");
    let proxy = json!({"name": "secure", "urlMap": url("urlMaps", "secure"), "sslCertificates": [certificate]});
    make::<TargetHttpsProxy>(client, &global, proxy).await;
    let policy = url(SslPolicy::COLLECTION, "tls");
    let operation = client
        .set_ssl_policy("secure", Some(&policy))
        .await
        .unwrap();
    client.wait(operation).await.unwrap();
    let operation = client
        .set_ssl_certificates("secure", &[certificate])
        .await
        .unwrap();
    client.wait(operation).await.unwrap();
    let proxy: TargetHttpsProxy = client.get(&global, "secure").await.unwrap();
    assert_eq!(proxy.ssl_policy, Some(policy));
    let certificate: SslCertificate = client.get(&global, "cert").await.unwrap();
    assert_eq!(certificate.managed.unwrap().domains, ["app.test"]);
}
