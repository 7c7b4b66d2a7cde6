//! Metric descriptors: those of the cloud's own metrics, those that callers made, and those that a
//! first point makes by itself.

use std::collections::BTreeMap;

use axum::{
    extract::{Path, RawQuery, Request, State},
    http::Method,
    response::Response,
};
use serde_json::{Map, Value, json};

use super::create::check_writable;
use crate::{
    api::{Cloud, filter::Filter, json_body, query_map, rpc_answer},
    error::ApiError,
    store::Write,
};

/// Under which the store keeps the descriptors that callers made.
const STORED: &str = "metricDescriptors/";

/// Google's largest page, and the default one.
const PAGE: usize = 10_000;

/// The cloud's own metrics: type, kind, value, unit, labels, what it says.
type Known = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

#[rustfmt::skip]
const KNOWN: [Known; 17] = [
    ("autoscaler.googleapis.com/capacity", "GAUGE", "DOUBLE", "1", &["metric_type"], "Utilization target multiplied by the number of serving VM instances."),
    ("autoscaler.googleapis.com/configured_max_size", "GAUGE", "INT64", "1", &[], "Maximum number of VM instances in the group."),
    ("autoscaler.googleapis.com/configured_min_size", "GAUGE", "INT64", "1", &[], "Minimum number of VM instances in the group."),
    ("autoscaler.googleapis.com/current_utilization", "GAUGE", "DOUBLE", "1", &["metric_type"], "Sum of the utilization of all serving VM instances."),
    ("autoscaler.googleapis.com/recommended_size", "GAUGE", "INT64", "1", &[], "Recommended number of VM instances in the group."),
    ("compute.googleapis.com/instance/cpu/reserved_cores", "GAUGE", "DOUBLE", "1", &["instance_name"], "Number of vCPUs reserved on the host of the instance."),
    ("compute.googleapis.com/instance/cpu/utilization", "GAUGE", "DOUBLE", "10^2.%", &["instance_name"], "Fractional utilization of allocated CPU; shared-core machines may exceed 1.0."),
    ("compute.googleapis.com/instance/uptime", "DELTA", "DOUBLE", "s{uptime}", &["instance_name"], "Seconds for which the instance has been running."),
    ("compute.googleapis.com/instance_group/size", "GAUGE", "INT64", "1", &[], "Number of VM instances in the group."),
    ("loadbalancing.googleapis.com/https/backend_latencies", "DELTA", "DISTRIBUTION", "ms", HTTPS, "Latency between the balancer's request to the backend and the last byte of its answer."),
    ("loadbalancing.googleapis.com/https/backend_request_bytes_count", "DELTA", "INT64", "By", HTTPS, "Number of bytes sent as requests to backends."),
    ("loadbalancing.googleapis.com/https/backend_request_count", "DELTA", "INT64", "1", HTTPS, "Number of requests served by backends."),
    ("loadbalancing.googleapis.com/https/backend_response_bytes_count", "DELTA", "INT64", "By", HTTPS, "Number of bytes sent as answers by backends."),
    ("loadbalancing.googleapis.com/https/request_bytes_count", "DELTA", "INT64", "By", HTTPS, "Number of bytes sent as requests to the load balancer."),
    ("loadbalancing.googleapis.com/https/request_count", "DELTA", "INT64", "1", HTTPS, "Number of requests served by the load balancer."),
    ("loadbalancing.googleapis.com/https/response_bytes_count", "DELTA", "INT64", "By", HTTPS, "Number of bytes sent as answers by the load balancer."),
    ("loadbalancing.googleapis.com/https/total_latencies", "DELTA", "DISTRIBUTION", "ms", HTTPS, "Latency between the client's request and the last byte of the answer."),
];

const HTTPS: &[&str] = &["response_code", "response_code_class"];

pub(crate) async fn descriptors(
    State(cloud): State<Cloud>,
    Path(project): Path<String>,
    RawQuery(text): RawQuery,
) -> Response {
    rpc_answer(list(&cloud, &project, &text.unwrap_or_default()))
}

pub(crate) async fn descriptor(
    State(cloud): State<Cloud>,
    Path((project, metric)): Path<(String, String)>,
) -> Response {
    let found = check_project(&cloud, &project).and_then(|()| {
        let path = || format!("projects/{project}/metricDescriptors/{metric}");
        let mut all = all(&cloud);
        all.remove(&metric)
            .ok_or_else(|| ApiError::not_found(&path()))
    });
    rpc_answer(found)
}

pub(crate) async fn create_descriptor(
    State(cloud): State<Cloud>,
    Path(project): Path<String>,
    request: Request,
) -> Response {
    let created = async {
        check_project(&cloud, &project)?;
        let body = json_body(&Method::POST, request.into_body()).await?;
        let (metric, descriptor) = checked(&cloud, body)?;
        let write = Write::kv(format!("{STORED}{metric}"), descriptor.to_string());
        cloud.store().commit(vec![write]).await?;
        Ok(descriptor)
    };
    rpc_answer(created.await)
}

/// The kind that a caller gave a metric by a descriptor.
pub(super) fn declared_kind(cloud: &Cloud, metric: &str) -> Option<String> {
    let stored = cloud.store().kv(&format!("{STORED}{metric}"))?;
    let descriptor: Value = serde_json::from_str(&stored).ok()?;
    descriptor["metricKind"].as_str().map(str::to_owned)
}

fn check_project(cloud: &Cloud, project: &str) -> Result<(), ApiError> {
    if project == cloud.store().project() {
        return Ok(());
    }
    Err(ApiError::not_found(&format!("projects/{project}")))
}

fn list(cloud: &Cloud, project: &str, text: &str) -> Result<Value, ApiError> {
    check_project(cloud, project)?;
    let query = query_map(text);
    let text = |name: &str| query.get(name).map_or("", String::as_str);
    let filter = Filter::parse(text("filter"))
        .map_err(|error| ApiError::invalid("filter", text("filter"), &error.to_string()))?;
    let size = match text("pageSize").parse() {
        Ok(size @ 1..=PAGE) => size,
        _ => PAGE,
    };
    let token = text("pageToken");
    let mut wanted = all(cloud).into_iter().filter(|(metric, _)| {
        *metric.as_str() > *token && filter.matches(&json!({"metric": {"type": metric}}))
    });
    let page: Vec<(String, Value)> = wanted.by_ref().take(size).collect();
    let more = wanted.next().is_some();
    let mut answer = Map::new();
    if let Some((last, _)) = page.last().filter(|_| more) {
        answer.insert("nextPageToken".into(), json!(last));
    }
    let page: Vec<Value> = page.into_iter().map(|(_, descriptor)| descriptor).collect();
    if !page.is_empty() {
        answer.insert("metricDescriptors".into(), json!(page));
    }
    Ok(Value::Object(answer))
}

/// All descriptors by their types. What a caller declared says more than what its points show.
fn all(cloud: &Cloud) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for (key, value_type) in cloud.metrics().keys() {
        let labels: Vec<&str> = key.metric_labels.keys().map(String::as_str).collect();
        let kind = serde_json::to_value(key.kind).unwrap_or_default();
        let value = serde_json::to_value(value_type).unwrap_or_default();
        let shape = (kind, value, "", &labels[..], "");
        all.insert(
            key.metric_type.clone(),
            shaped(cloud, &key.metric_type, shape),
        );
    }
    for (metric, kind, value, unit, labels, says) in KNOWN {
        let shape = (json!(kind), json!(value), unit, labels, says);
        all.insert(metric.to_owned(), shaped(cloud, metric, shape));
    }
    for (key, text) in cloud.store().kv_prefix(STORED) {
        if let Ok(descriptor) = serde_json::from_str(&text) {
            all.insert(key[STORED.len()..].to_owned(), descriptor);
        }
    }
    all
}

fn shaped(
    cloud: &Cloud,
    metric: &str,
    (kind, value, unit, labels, says): (Value, Value, &str, &[&str], &str),
) -> Value {
    let labels: Vec<Value> = labels.iter().map(|label| json!({"key": label})).collect();
    let mut descriptor = json!({
        "name": name(cloud, metric), "type": metric, "metricKind": kind, "valueType": value,
    });
    if !labels.is_empty() {
        descriptor["labels"] = Value::Array(labels);
    }
    for (field, text) in [("unit", unit), ("description", says)] {
        if !text.is_empty() {
            descriptor[field] = json!(text);
        }
    }
    descriptor
}

fn name(cloud: &Cloud, metric: &str) -> String {
    format!(
        "projects/{}/metricDescriptors/{metric}",
        cloud.store().project()
    )
}

/// A descriptor that a caller wants to make, and the type that it describes.
fn checked(cloud: &Cloud, mut body: Map<String, Value>) -> Result<(String, Value), ApiError> {
    let one_of = |field: &str, words: &[&str]| match body.get(field).and_then(Value::as_str) {
        None => Err(ApiError::required(field)),
        Some(word) if words.contains(&word) => Ok(()),
        Some(word) => {
            let why = format!("It must be one of {}.", words.join(", "));
            Err(ApiError::invalid(field, word, &why))
        }
    };
    let metric = body.get("type").and_then(Value::as_str);
    let metric = metric.ok_or_else(|| ApiError::required("type"))?.to_owned();
    check_writable("type", &metric)?;
    one_of("metricKind", &["GAUGE", "CUMULATIVE"])?;
    one_of(
        "valueType",
        &["BOOL", "INT64", "DOUBLE", "STRING", "DISTRIBUTION"],
    )?;
    let empty = Vec::new();
    let labels = body.get("labels").and_then(Value::as_array);
    for label in labels.unwrap_or(&empty) {
        if label["key"].as_str().is_none_or(str::is_empty) {
            return Err(ApiError::required("labels.key"));
        }
    }
    if let Some(earlier) = declared_kind(cloud, &metric)
        && body.get("metricKind") != Some(&json!(earlier))
    {
        let why = format!("The metric already has the kind {earlier}.");
        return Err(ApiError::invalid("metricKind", &metric, &why));
    }
    body.insert("name".into(), json!(name(cloud, &metric)));
    Ok((metric, Value::Object(body)))
}
