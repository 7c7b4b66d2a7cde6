//! Every call of our own client, so that what it sends can be held against Google's documents.

mod beside;

use std::sync::Arc;

use futures::TryStreamExt;
use gce::{
    Client, Endpoints, Error, NoToken, Resource, Scope,
    compute::{
        Autoscaler, BackendService, ForwardingRule, HealthCheck, Instance, InstanceGroupManager,
        InstanceTemplate, ManagedInstance, TargetHttpProxy, UrlMap,
    },
    logging, monitoring,
};
use serde_json::{Value, json};

use crate::cloud::{Cloud, ZONE, health_check, template};

fn client(url: &str) -> Client {
    Client::new(Endpoints::local(url), Arc::new(NoToken), "demo".into()).unwrap()
}

/// Makes a resource from JSON and waits for it.
async fn make<T: Resource>(client: &Client, scope: &Scope, body: Value) {
    let operation = client.insert_value(scope, T::COLLECTION, body).await;
    client.wait(operation.unwrap()).await.unwrap();
}

/// A resource as it is read and as the two lists have it.
async fn read<T: Resource>(client: &Client, scope: &Scope, name: &str) -> T {
    let listed: Vec<T> = client.list(scope).try_collect().await.unwrap();
    let everywhere: Vec<T> = client.aggregated_list().try_collect().await.unwrap();
    assert!(!listed.is_empty() && everywhere.len() >= listed.len());
    client.get(scope, name).await.unwrap()
}

/// Makes, reads, changes and deletes what a deployment is made of, and looks at it from all sides.
pub(crate) async fn makes_every_call(cloud: &Cloud, url: &str) {
    let client = client(url);
    let (global, zone) = (Scope::Global, Scope::Zone(ZONE.into()));
    deployment(&client, &global, &zone).await;
    cloud.stable(2).await;
    let members = instances(&client, &zone).await;
    changes(&client, &global, &zone, &members).await;
    records(cloud, &client).await;
    removal(&client, &global, &zone).await;
    beside::makes_every_call(cloud, &client).await;
}

async fn deployment(client: &Client, global: &Scope, zone: &Scope) {
    let typed: HealthCheck = serde_json::from_value(health_check("alive")).unwrap();
    let operation = client.insert(global, &typed).await.unwrap();
    client.wait(operation).await.unwrap();
    make::<InstanceTemplate>(client, global, template("t1")).await;
    let template = client.resource_url(global, "instanceTemplates", "t1");
    let group = json!({"name": "m", "targetSize": 2, "instanceTemplate": template,
        "namedPorts": [{"name": "http", "port": 5000}]});
    make::<InstanceGroupManager>(client, zone, group).await;
    let check = client.resource_url(global, "healthChecks", "alive");
    let group = client.resource_url(zone, "instanceGroups", "m");
    let service = json!({"name": "s", "healthChecks": [check], "backends": [{"group": group}]});
    make::<BackendService>(client, global, service).await;
    let service = client.resource_url(global, "backendServices", "s");
    let map = json!({"name": "u", "defaultService": service});
    make::<UrlMap>(client, global, map).await;
    let map = client.resource_url(global, "urlMaps", "u");
    make::<TargetHttpProxy>(client, global, json!({"name": "p", "urlMap": map})).await;
    let proxy = client.resource_url(global, "targetHttpProxies", "p");
    make::<ForwardingRule>(client, global, json!({"name": "r", "target": proxy})).await;

    let check: HealthCheck = read(client, global, "alive").await;
    assert_eq!(check.unhealthy_threshold, Some(2));
    let template: InstanceTemplate = read(client, global, "t1").await;
    assert_eq!(template.name, "t1");
    let group: InstanceGroupManager = read(client, zone, "m").await;
    assert_eq!(group.target_size, Some(2));
    let service: BackendService = read(client, global, "s").await;
    assert_eq!(service.timeout_sec, Some(30));
    let proxy: TargetHttpProxy = read(client, global, "p").await;
    assert_eq!(proxy.name, "p");
    let map: UrlMap = read(client, global, "u").await;
    assert_eq!(map.default_service, service.self_link);
    let rule: ForwardingRule = read(client, global, "r").await;
    assert_eq!(rule.name, "r");
}

async fn instances(client: &Client, zone: &Scope) -> Vec<ManagedInstance> {
    let members = client.managed_instances(zone, "m");
    let members: Vec<ManagedInstance> = members.try_collect().await.unwrap();
    let first: Instance = read(client, zone, members[0].name()).await;
    let metadata = first.metadata.unwrap().with("new", Some("1".into()));
    let operation = client.set_metadata(zone, &first.name, &metadata).await;
    client.wait(operation.unwrap()).await.unwrap();
    let stale = client.set_metadata(zone, &first.name, &metadata).await;
    assert_eq!(stale.unwrap_err().status(), Some(412));
    members
}

async fn changes(client: &Client, global: &Scope, zone: &Scope, members: &[ManagedInstance]) {
    let recreated = [members[0].instance.clone()];
    client
        .recreate_instances(zone, "m", &recreated)
        .await
        .unwrap();
    client.resize(zone, "m", 1).await.unwrap();
    let target = client.resource_url(zone, "instanceGroupManagers", "m");
    let scaler = json!({"name": "a", "target": target, "autoscalingPolicy": {"maxNumReplicas": 3}});
    make::<Autoscaler>(client, zone, scaler).await;
    let patch = json!({"autoscalingPolicy": {"mode": "OFF", "scalingSchedules": null}});
    client.patch::<Autoscaler>(zone, "a", patch).await.unwrap();
    let scaler: Autoscaler = read(client, zone, "a").await;
    assert_eq!(scaler.autoscaling_policy.unwrap()["mode"], "OFF");
    let patch = json!({"timeoutSec": 20});
    client
        .patch_value(global, "backendServices", "s", patch)
        .await
        .unwrap();
    let service = client
        .get_value(global, "backendServices", "s")
        .await
        .unwrap();
    assert_eq!(service["timeoutSec"], 20);
    let group = client.resource_url(zone, "instanceGroups", "m");
    let states = client.backend_health(global, "s", &group).await.unwrap();
    assert!(states.len() <= 2, "{states:?}");
}

async fn records(cloud: &Cloud, client: &Client) {
    let query = monitoring::Query {
        filter: r#"metric.type = "compute.googleapis.com/instance_group/size""#.into(),
        start: "2020-01-01T00:00:00Z".into(),
        end: cloud.now(),
        aggregation: Some(monitoring::Aggregation {
            period_s: 60,
            aligner: "ALIGN_MEAN",
            reducer: Some("REDUCE_SUM"),
            group_by: vec!["resource.label.instance_group_name"],
        }),
    };
    // The group's size is recorded a moment after the group is made.
    cloud
        .until_asked("a series of the group's size", async || {
            let query = monitoring::Query {
                end: cloud.now(),
                ..query.clone()
            };
            let series: Vec<_> = client.time_series(&query).try_collect().await.unwrap();
            !series.is_empty()
        })
        .await;
    let point = monitoring::TimeSeries {
        metric: monitoring::Labelled {
            kind: "custom.googleapis.com/queue".into(),
            ..Default::default()
        },
        resource: monitoring::Labelled {
            kind: "global".into(),
            ..Default::default()
        },
        points: vec![monitoring::Point {
            interval: monitoring::Interval {
                start_time: None,
                end_time: cloud.now(),
            },
            value: monitoring::TypedValue::int64(3),
        }],
        ..Default::default()
    };
    client.create_time_series(&[point]).await.unwrap();
    let entry = logging::LogEntry {
        log_name: client.log_name("mine"),
        resource: Some(monitoring::Labelled {
            kind: "global".into(),
            ..Default::default()
        }),
        timestamp: Some(cloud.now()),
        severity: Some("NOTICE".into()),
        json_payload: Some(json!({"who": "me"})),
        ..Default::default()
    };
    client.write_log_entries(vec![entry]).await.unwrap();
    let mut query = logging::Query {
        page_size: 3,
        ..Default::default()
    };
    let page = client.log_entries(&query).await.unwrap();
    assert_eq!(page.entries.len(), 3);
    query.page_token = page.next_page_token;
    assert!(!client.log_entries(&query).await.unwrap().entries.is_empty());
}

async fn removal(client: &Client, global: &Scope, zone: &Scope) {
    let refused: Result<_, Error> = client.delete::<UrlMap>(global, "u").await;
    assert_eq!(refused.unwrap_err().status(), Some(400));
    client.delete::<ForwardingRule>(global, "r").await.unwrap();
    client.delete::<TargetHttpProxy>(global, "p").await.unwrap();
    client.delete::<UrlMap>(global, "u").await.unwrap();
    client.delete::<BackendService>(global, "s").await.unwrap();
    client.delete::<Autoscaler>(zone, "a").await.unwrap();
    client
        .delete::<InstanceGroupManager>(zone, "m")
        .await
        .unwrap();
    client
        .delete::<InstanceTemplate>(global, "t1")
        .await
        .unwrap();
    client.delete::<HealthCheck>(global, "alive").await.unwrap();
    let gone = client.get::<HealthCheck>(global, "alive").await;
    assert!(gone.unwrap_err().is_not_found());
}
