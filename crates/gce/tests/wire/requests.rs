use std::sync::Arc;
use std::time::Duration;

use crate::support::{Server, ok, status};
use futures::TryStreamExt;
use gce::compute::{
    Autoscaler, CurrentAction, Instance, InstanceGroupManager, InstanceStatus, ManagedInstance,
    Metadata, Operation, OperationStatus,
};
use gce::logging::{LogEntry, Query as LogQuery};
use gce::monitoring::{Aggregation, Query, TimeSeries, TypedValue};
use gce::{Client, Endpoints, Error, NoToken, RetryPolicy, Scope, Secret, TokenError, TokenSource};
use serde_json::{Value, json};

const QUOTA: &str = r#"{"error":{"code":403,"message":"Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service 'compute.googleapis.com'","errors":[{"reason":"forbidden"}]}}"#;

fn zone() -> Scope {
    Scope::Zone("us-central1-a".to_owned())
}

fn done() -> Value {
    json!({"name": "operation-1", "status": "DONE", "progress": 100})
}

#[tokio::test]
async fn a_resource_is_read_from_its_path() {
    let (server, client) = Server::start([ok(json!({"name": "web", "targetSize": 3}))]).await;
    let group: InstanceGroupManager = client.get(&zone(), "web").await.unwrap();
    assert_eq!(group.target_size, Some(3));
    let asked = server.asked();
    let path = "/compute/v1/projects/demo/zones/us-central1-a/instanceGroupManagers/web";
    assert_eq!(asked[0].uri.path(), path);
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    for answer in [
        status(403, QUOTA),
        status(429, "{}"),
        status(500, "{}"),
        status(502, "<html>"),
        status(503, "").header("retry-after", "0"),
        status(504, ""),
    ] {
        let (server, client) = Server::start([answer, ok(json!({"name": "web"}))]).await;
        client
            .get::<InstanceGroupManager>(&zone(), "web")
            .await
            .unwrap();
        assert_eq!(server.asked().len(), 2);
    }
}

#[tokio::test]
async fn what_will_not_pass_is_not_tried_again() {
    for code in [400, 401, 403, 404, 409, 412, 501] {
        let (server, client) = Server::start([status(code, "{}")]).await;
        let error = client
            .get::<InstanceGroupManager>(&zone(), "web")
            .await
            .unwrap_err();
        assert_eq!(error.status(), Some(code));
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn attempts_come_to_an_end() {
    let (server, client) = Server::start(vec![status(503, ""); 9]).await;
    let client = client.with_retry(RetryPolicy::new().attempts(3).first_delay(Duration::ZERO));
    let error = client
        .get::<InstanceGroupManager>(&zone(), "web")
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(503));
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_server_that_wants_to_be_left_alone_is() {
    let busy = status(429, "{}").header("retry-after", "3600");
    let (server, client) = Server::start([busy]).await;
    let error = client
        .get::<InstanceGroupManager>(&zone(), "web")
        .await
        .unwrap_err();
    assert!(error.is_rate_limited());
    assert_eq!(
        error.api().unwrap().retry_after,
        Some(Duration::from_hours(1))
    );
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_mutation_is_repeated_under_the_same_request_id() {
    let (server, client) = Server::start([status(503, ""), ok(done())]).await;
    let patch = json!({"autoscalingPolicy": {"minNumReplicas": 3}});
    client
        .patch::<Autoscaler>(&zone(), "web", patch.clone())
        .await
        .unwrap();
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(
        asked[0].uri.path(),
        "/compute/v1/projects/demo/zones/us-central1-a/autoscalers"
    );
    assert_eq!(asked[0].query("autoscaler"), Some("web"));
    assert_eq!(asked[0].body, patch);
    assert!(asked[0].query("requestId").is_some());
    assert_eq!(asked[0].query("requestId"), asked[1].query("requestId"));
}

#[tokio::test]
async fn a_point_is_not_written_again_when_its_fate_is_unknown() {
    let (server, client) = Server::start([status(503, "")]).await;
    assert!(
        client
            .create_time_series(&[TimeSeries::default()])
            .await
            .is_err()
    );
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_point_is_written_again_when_it_was_surely_refused() {
    let (server, client) = Server::start([status(429, "{}"), ok(json!({}))]).await;
    client
        .create_time_series(&[TimeSeries::default()])
        .await
        .unwrap();
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn nobody_at_home_is_an_error_that_names_the_request() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = Client::new(
        Endpoints::local(&base),
        Arc::new(NoToken),
        "demo".to_owned(),
    )
    .unwrap();
    let client = client.with_retry(RetryPolicy::new().attempts(1));
    let error = client
        .get::<InstanceGroupManager>(&zone(), "web")
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Transport { .. }));
    assert!(
        error
            .to_string()
            .contains("/instanceGroupManagers/web got no answer")
    );
}

#[tokio::test]
async fn a_list_goes_on_to_its_last_page() {
    let pages = [
        ok(json!({"items": [{"name": "a"}, {"name": "b"}], "nextPageToken": "t/1"})),
        ok(json!({"nextPageToken": "t2"})),
        ok(json!({"items": [{"name": "c"}], "nextPageToken": ""})),
    ];
    let (server, client) = Server::start(pages).await;
    let found: Vec<Autoscaler> = client.list(&zone()).try_collect().await.unwrap();
    let names: Vec<&str> = found.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    let tokens: Vec<_> = server
        .asked()
        .iter()
        .map(|it| it.query("pageToken").map(str::to_owned))
        .collect();
    assert_eq!(tokens[0], None);
    assert_eq!(tokens[1].as_deref(), Some("t%2F1"));
}

#[tokio::test]
async fn a_page_is_fetched_only_when_it_is_wanted() {
    let first = ok(json!({"items": [{"name": "a"}], "nextPageToken": "t"}));
    let (server, client) = Server::start([first]).await;
    let mut pages = std::pin::pin!(client.list::<Autoscaler>(&zone()));
    assert_eq!(pages.try_next().await.unwrap().unwrap().name, "a");
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn an_aggregated_list_is_one_list() {
    let body = json!({"items": {
        "regions/us-central1": {"warning": {"code": "NO_RESULTS_ON_PAGE"}},
        "zones/a": {"autoscalers": [{"name": "one"}]},
        "zones/b": {"autoscalers": [{"name": "two"}]},
    }});
    let (server, client) = Server::start([ok(body)]).await;
    let found: Vec<Autoscaler> = client.aggregated_list().try_collect().await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(
        server.asked()[0].uri.path(),
        "/compute/v1/projects/demo/aggregated/autoscalers"
    );
}

#[tokio::test]
async fn managed_instances_are_asked_for_by_a_post_without_a_body() {
    let instance =
        json!({"instance": "projects/demo/zones/a/instances/web-1", "currentAction": "CREATING"});
    let (server, client) = Server::start([ok(json!({"managedInstances": [instance]}))]).await;
    let found: Vec<ManagedInstance> = client
        .managed_instances(&zone(), "web")
        .try_collect()
        .await
        .unwrap();
    assert_eq!(found[0].name(), "web-1");
    assert_eq!(found[0].instance_status, None);
    assert_eq!(found[0].current_action, Some(CurrentAction::Creating));
    let asked = &server.asked()[0];
    assert_eq!(asked.method, "POST");
    assert_eq!(asked.headers["content-length"], "0");
}

#[tokio::test]
async fn an_operation_is_waited_for_until_it_is_done() {
    let zone = "https://www.googleapis.com/compute/v1/projects/demo/zones/us-central1-a";
    let running = json!({"name": "operation-1", "status": "RUNNING", "zone": zone});
    let (server, client) = Server::start([
        ok(running.clone()),
        status(503, ""),
        ok(running.clone()),
        ok(done()),
    ])
    .await;
    let started: Operation = serde_json::from_value(running).unwrap();
    let ended = client.wait(started).await.unwrap();
    assert_eq!(ended.status, Some(OperationStatus::Done));
    let asked = server.asked();
    assert_eq!(asked.len(), 4);
    let path = "/compute/v1/projects/demo/zones/us-central1-a/operations/operation-1/wait";
    assert!(
        asked
            .iter()
            .all(|it| it.method == "POST" && it.uri.path() == path)
    );
}

#[tokio::test]
async fn an_operation_that_is_done_already_is_not_asked_about() {
    let (server, client) = Server::start([]).await;
    client
        .wait(serde_json::from_value(done()).unwrap())
        .await
        .unwrap();
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn an_operation_that_failed_says_why_in_googles_words() {
    let failed = json!({
        "name": "operation-1", "status": "DONE", "httpErrorStatusCode": 400,
        "error": {"errors": [{"code": "QUOTA_EXCEEDED", "message": "Quota 'CPUS' exceeded."}]},
    });
    let (_server, client) = Server::start([]).await;
    let error = client
        .wait(serde_json::from_value(failed).unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(400));
    let expected = "operation operation-1 failed: Quota 'CPUS' exceeded. (QUOTA_EXCEEDED)";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn fields_and_values_without_a_name_survive_a_round_trip() {
    let sent = json!({
        "name": "web-1", "id": "18446744073709551615", "status": "DREAMING",
        "metadata": {"fingerprint": "a-_=", "items": [{"key": "k", "value": "v", "since": 1}], "kind": "compute#metadata"},
        "scheduling": {"preemptible": false, "onHostMaintenance": null},
        "cpus": 0.5,
    });
    let (_server, client) = Server::start([ok(sent.clone())]).await;
    let instance: Instance = client.get(&zone(), "web-1").await.unwrap();
    assert_eq!(
        instance.status,
        Some(InstanceStatus::Other("DREAMING".to_owned()))
    );
    assert_eq!(serde_json::to_value(&instance).unwrap(), sent);
}

#[tokio::test]
async fn a_policy_is_carried_without_loss() {
    let policy = json!({"minNumReplicas": 0, "future": {"deep": [1, {"x": null}]}, "mode": "ON"});
    let sent = json!({"name": "web", "autoscalingPolicy": policy, "recommendedSize": 0});
    let (_server, client) = Server::start([ok(sent.clone())]).await;
    let autoscaler: Autoscaler = client.get(&zone(), "web").await.unwrap();
    assert_eq!(serde_json::to_value(&autoscaler).unwrap(), sent);
}

#[tokio::test]
async fn metadata_is_replaced_under_its_fingerprint() {
    let (server, client) = Server::start([ok(done())]).await;
    let metadata: Metadata =
        serde_json::from_value(json!({"fingerprint": "f", "items": [{"key": "a", "value": "1"}]}))
            .unwrap();
    let metadata = metadata.with("b", Some("2".to_owned())).with("a", None);
    client
        .set_metadata(&zone(), "web-1", &metadata)
        .await
        .unwrap();
    let expected = json!({"fingerprint": "f", "items": [{"key": "b", "value": "2"}]});
    assert_eq!(server.asked()[0].body, expected);
}

#[tokio::test]
async fn time_series_are_asked_for_in_googles_query() {
    let series = json!({
        "metric": {"type": "m", "labels": {"instance_name": "web-1"}},
        "resource": {"type": "gce_instance", "labels": {}},
        "points": [{"interval": {"endTime": "2026-11-24T00:00:00Z"}, "value": {"int64Value": "3"}}],
        "unit": "1",
    });
    let (server, client) = Server::start([ok(json!({"timeSeries": [series]}))]).await;
    let query = Query {
        filter: "metric.type=\"m\"".to_owned(),
        start: "2026-11-23T00:00:00Z".to_owned(),
        end: "2026-11-24T00:00:00Z".to_owned(),
        aggregation: Some(Aggregation {
            period_s: 60,
            aligner: "ALIGN_MEAN",
            reducer: Some("REDUCE_SUM"),
            group_by: vec!["resource.label.a", "resource.label.b"],
        }),
    };
    let found: Vec<TimeSeries> = client.time_series(&query).try_collect().await.unwrap();
    assert_eq!(found[0].points[0].value.as_f64(), Some(3.0));
    assert_eq!(found[0].other["unit"], "1");
    let asked = &server.asked()[0];
    assert_eq!(asked.uri.path(), "/v3/projects/demo/timeSeries");
    assert_eq!(asked.query("filter"), Some("metric.type%3D%22m%22"));
    assert_eq!(asked.query("aggregation.alignmentPeriod"), Some("60s"));
    let labels = asked
        .uri
        .query()
        .unwrap()
        .matches("aggregation.groupByFields=")
        .count();
    assert_eq!(labels, 2);
}

#[test]
fn integers_travel_as_strings() {
    assert_eq!(
        serde_json::to_value(TypedValue::int64(7)).unwrap(),
        json!({"int64Value": "7"})
    );
    assert_eq!(TypedValue::double(0.5).as_f64(), Some(0.5));
}

#[tokio::test]
async fn log_entries_are_read_page_by_page() {
    let answer = json!({"entries": [{"logName": "l", "timestamp": "2026-11-24T00:00:00Z"}], "nextPageToken": "t"});
    let (server, client) = Server::start([ok(answer)]).await;
    let query = LogQuery {
        filter: "f".to_owned(),
        page_size: 10,
        page_token: Some("s".to_owned()),
    };
    let page = client.log_entries(&query).await.unwrap();
    assert_eq!(page.next_page_token.as_deref(), Some("t"));
    let asked = &server.asked()[0];
    assert_eq!(asked.uri.path(), "/v2/entries:list");
    assert_eq!(asked.body["pageToken"], "s");
    assert_eq!(asked.body["resourceNames"], json!(["projects/demo"]));
}

#[tokio::test]
async fn a_log_entry_that_is_unique_is_written_again() {
    let (server, client) = Server::start([status(503, ""), ok(json!({}))]).await;
    let entry = LogEntry {
        log_name: client.log_name("a/b"),
        timestamp: Some("2026-11-24T00:00:00Z".to_owned()),
        ..LogEntry::default()
    };
    client.write_log_entries(vec![entry]).await.unwrap();
    let asked = server.asked();
    assert_eq!(
        asked[1].body["entries"][0]["logName"],
        "projects/demo/logs/a%2Fb"
    );
    assert_eq!(asked[0].body, asked[1].body);
}

#[tokio::test]
async fn the_clouds_clock_is_read_from_its_answers() {
    let answer = ok(json!({})).header("date", "Tue, 24 Nov 2026 03:31:26 GMT");
    let (_server, client) = Server::start([answer]).await;
    assert_eq!(client.server_now(), None);
    client.get::<Instance>(&zone(), "a").await.unwrap();
    assert_eq!(client.server_now(), Some(1_795_491_086_000));
}

#[tokio::test]
async fn an_answer_of_another_kind_says_which_request_it_was() {
    let (_server, client) = Server::start([ok(json!({"name": 7}))]).await;
    let error = client.get::<Instance>(&zone(), "a").await.unwrap_err();
    assert!(matches!(error, Error::Decode { .. }));
    assert!(
        error
            .to_string()
            .ends_with("/instances/a got an answer that cannot be read")
    );
}

#[derive(Debug)]
struct Fixed;

#[async_trait::async_trait]
impl TokenSource for Fixed {
    async fn token(&self) -> Result<Option<Secret>, TokenError> {
        Ok(Some(Secret::new("ya29.x".to_owned())))
    }
}

#[tokio::test]
async fn the_token_goes_into_the_authorization_header() {
    let (server, client) = Server::start_with([ok(json!({}))], Arc::new(Fixed)).await;
    client.get::<Instance>(&zone(), "a").await.unwrap();
    assert_eq!(server.asked()[0].headers["authorization"], "Bearer ya29.x");
}
