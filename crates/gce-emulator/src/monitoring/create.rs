//! `timeSeries.create`, with Google's limits.

use std::{collections::BTreeMap, time::Duration};

use autoscaler::Timestamp;
use axum::{
    extract::{Path, Request, State},
    http::Method,
    response::Response,
};
use serde_json::{Map, Value, json};

use super::descriptors::declared_kind;
use crate::{
    api::{Cloud, json_body, rpc_answer},
    clock::parse_rfc3339,
    error::ApiError,
    metrics::{self, Distribution, MetricKind, SeriesKey},
};

/// How many series one call may write.
const SERIES: usize = 200;

/// How far a point may lie behind and ahead of the clock.
const BEHIND: Duration = Duration::from_hours(25);
const AHEAD: Duration = Duration::from_mins(5);

/// The shortest time between two points of a series.
const SAMPLING: Duration = Duration::from_secs(10);

/// Metrics that callers may write; all others are the cloud's own.
const WRITABLE: [&str; 4] = [
    "custom.googleapis.com/",
    "external.googleapis.com/",
    "workload.googleapis.com/",
    "prometheus.googleapis.com/",
];

pub(crate) async fn create(
    State(cloud): State<Cloud>,
    Path(project): Path<String>,
    request: Request,
) -> Response {
    let answer = async {
        let body = json_body(&Method::POST, request.into_body()).await?;
        answer(&cloud, &project, &body)
    };
    rpc_answer(answer.await)
}

fn answer(cloud: &Cloud, project: &str, body: &Map<String, Value>) -> Result<Value, ApiError> {
    if project != cloud.store().project() {
        return Err(ApiError::not_found(&format!("projects/{project}")));
    }
    let series = body.get("timeSeries").and_then(Value::as_array);
    let series = series.ok_or_else(|| ApiError::required("timeSeries"))?;
    if series.is_empty() || series.len() > SERIES {
        let why = "A call writes from 1 to 200 time series.";
        return Err(ApiError::invalid(
            "timeSeries",
            &series.len().to_string(),
            why,
        ));
    }
    // Each good series is written, as at Google; the error names the first that was not.
    let written = series
        .iter()
        .enumerate()
        .map(|(at, series)| write(cloud, at, series));
    let errors: Vec<ApiError> = written.filter_map(Result::err).collect();
    errors.into_iter().next().map_or_else(|| Ok(json!({})), Err)
}

fn write(cloud: &Cloud, at: usize, series: &Value) -> Result<(), ApiError> {
    let field = |name: &str| format!("timeSeries[{at}].{name}");
    let points = series["points"].as_array().map_or(&[][..], Vec::as_slice);
    let [point] = points else {
        let why = "Each time series must have exactly one point.";
        return Err(ApiError::invalid(
            &field("points"),
            &points.len().to_string(),
            why,
        ));
    };
    let key = key(cloud, series, &field)?;
    let end = end_time(cloud, point, &field)?;
    let value = value(&point["value"])
        .ok_or_else(|| ApiError::invalid(&field("points[0].value"), "", "It must have a type."))?;
    if let Some(newest) = cloud.metrics().newest(&key) {
        let name = field("points[0].interval.endTime");
        if end <= newest {
            let why = "Points must be written in order: it must be newer than all earlier points.";
            return Err(ApiError::invalid(&name, &end.0.to_string(), why));
        }
        if end.0 - newest.0 < SAMPLING.as_millis() as i64 {
            return Err(ApiError::bad_request(
                "One or more points were written more frequently than the maximum sampling period \
                 configured for the metric.",
            ));
        }
    }
    if cloud.metrics().record(end, &key, value) {
        return Ok(());
    }
    let why = "The value type differs from that of the series.";
    Err(ApiError::invalid(&field("valueType"), "", why))
}

/// Refuses a metric that is not the callers' own.
pub(super) fn check_writable(field: &str, metric_type: &str) -> Result<(), ApiError> {
    let writable = WRITABLE
        .iter()
        .any(|prefix| metric_type.starts_with(prefix));
    if writable {
        return Ok(());
    }
    let why = "Only custom metrics can be written, such as custom.googleapis.com/NAME.";
    Err(ApiError::invalid(field, metric_type, why))
}

fn key(
    cloud: &Cloud,
    series: &Value,
    field: &impl Fn(&str) -> String,
) -> Result<SeriesKey, ApiError> {
    let metric_type = series["metric"]["type"].as_str().unwrap_or_default();
    check_writable(&field("metric.type"), metric_type)?;
    let kind = match series["metricKind"].as_str() {
        None | Some("GAUGE") => MetricKind::Gauge,
        Some("CUMULATIVE") => MetricKind::Cumulative,
        Some(other) => {
            let why = "It must be GAUGE or CUMULATIVE.";
            return Err(ApiError::invalid(&field("metricKind"), other, why));
        }
    };
    if let Some(declared) = declared_kind(cloud, metric_type)
        && json!(declared) != json!(kind)
    {
        let why = format!("The metric was declared as {declared}.");
        let given = json!(kind).to_string();
        return Err(ApiError::invalid(
            &field("metricKind"),
            given.trim_matches('"'),
            &why,
        ));
    }
    let labels = |value: &Value| -> BTreeMap<String, String> {
        let pairs = value.as_object().into_iter().flatten();
        pairs
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect()
    };
    let mut resource_labels = labels(&series["resource"]["labels"]);
    resource_labels.insert("project_id".into(), cloud.store().project().to_owned());
    Ok(SeriesKey {
        metric_type: metric_type.to_owned(),
        metric_labels: labels(&series["metric"]["labels"]),
        resource_type: series["resource"]["type"]
            .as_str()
            .unwrap_or("global")
            .to_owned(),
        resource_labels,
        system_labels: BTreeMap::new(),
        kind,
    })
}

fn end_time(
    cloud: &Cloud,
    point: &Value,
    field: &impl Fn(&str) -> String,
) -> Result<Timestamp, ApiError> {
    let name = field("points[0].interval.endTime");
    let text = point["interval"]["endTime"].as_str().unwrap_or_default();
    let end = parse_rfc3339(text)
        .ok_or_else(|| ApiError::invalid(&name, text, "It must be RFC 3339."))?;
    let now = cloud.clock().now().0;
    let (first, last) = (
        now - BEHIND.as_millis() as i64,
        now + AHEAD.as_millis() as i64,
    );
    if (first..=last).contains(&end.0) {
        return Ok(end);
    }
    let why = "It must be at most 25 hours in the past and 5 minutes in the future.";
    Err(ApiError::invalid(&name, text, why))
}

fn value(typed: &Value) -> Option<metrics::Value> {
    if let Some(number) = typed.get("int64Value") {
        let parsed = number.as_i64().or_else(|| number.as_str()?.parse().ok());
        return parsed.map(metrics::Value::Int64);
    }
    if let Some(number) = typed.get("doubleValue") {
        return number.as_f64().map(metrics::Value::Double);
    }
    if let Some(flag) = typed.get("boolValue") {
        return flag.as_bool().map(metrics::Value::Bool);
    }
    distribution(typed.get("distributionValue")?).map(metrics::Value::Distribution)
}

fn distribution(value: &Value) -> Option<Distribution> {
    let bounds = bounds(value.get("bucketOptions")?)?;
    let mut distribution = Distribution::empty(bounds);
    let given = value
        .get("bucketCounts")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    for (slot, count) in distribution.counts.iter_mut().zip(given) {
        *slot = count.as_u64().or_else(|| count.as_str()?.parse().ok())?;
    }
    distribution.sum = value["mean"].as_f64().unwrap_or(0.0) * distribution.count() as f64;
    Some(distribution)
}

/// The bounds that each sort of buckets stands for.
fn bounds(options: &Value) -> Option<Vec<f64>> {
    let number = |options: &Value, name: &str| options.get(name).and_then(Value::as_f64);
    if let Some(explicit) = options.get("explicitBuckets") {
        return explicit["bounds"]
            .as_array()?
            .iter()
            .map(Value::as_f64)
            .collect();
    }
    if let Some(linear) = options.get("linearBuckets") {
        let (count, width) = (
            linear["numFiniteBuckets"].as_u64()?,
            number(linear, "width")?,
        );
        let offset = number(linear, "offset").unwrap_or(0.0);
        return Some(
            (0..=count.min(1000))
                .map(|at| offset + width * at as f64)
                .collect(),
        );
    }
    let exponential = options.get("exponentialBuckets")?;
    let count = exponential["numFiniteBuckets"].as_u64()?;
    let (scale, growth) = (
        number(exponential, "scale")?,
        number(exponential, "growthFactor")?,
    );
    Some(
        (0..=count.min(1000))
            .map(|at| scale * growth.powi(at as i32))
            .collect(),
    )
}
