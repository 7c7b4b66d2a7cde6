//! `timeSeries.list`.

use std::collections::BTreeMap;

use autoscaler::Timestamp;
use axum::{
    extract::{Path, RawQuery, State},
    response::Response,
};
use serde_json::{Map, Value, json};

use super::{
    align::{self, Aligner, Cell},
    query::Query,
    reduce::{self, Reducer},
    shape,
    visibility::visible_until,
};
use crate::{
    api::{Cloud, query, rpc_answer},
    clock::rfc3339,
    error::ApiError,
    metrics::{Aggregate, MetricKind, Point, Selected, ValueType},
};

pub(crate) async fn list(
    State(cloud): State<Cloud>,
    Path(project): Path<String>,
    RawQuery(text): RawQuery,
) -> Response {
    rpc_answer(answer(&cloud, &project, &query(&text.unwrap_or_default())).await)
}

async fn answer(
    cloud: &Cloud,
    project: &str,
    pairs: &[(String, String)],
) -> Result<Value, ApiError> {
    if project != cloud.store().project() {
        return Err(ApiError::not_found(&format!("projects/{project}")));
    }
    let query = Query::read(pairs)?;
    let matches = |key: &_| query.filter.matches(&shape::document(key));
    let from = align::reach(query.period, query.from, query.to);
    let selected = cloud.metrics().select(matches, from, query.to).await?;
    let mut all = Vec::with_capacity(selected.len());
    for mut series in selected {
        if cloud.metrics_late() {
            let until = visible_until(&series.key.metric_type, cloud.clock().now());
            series.points.retain(|point| point.end <= until);
        }
        query.aligner.check(series.key.kind, series.value_type)?;
        all.push(align_series(&query, &series));
    }
    if query.reducer != Reducer::None {
        all = reduce_groups(&query, all);
    }
    Ok(page(&query, &all))
}

/// A series on its way to the answer, points newest first.
struct Series {
    /// `metric`, `resource` and `metadata` as the answer and the grouping have them.
    labels: Value,
    kind: MetricKind,
    value_type: ValueType,
    points: Vec<Shown>,
}

struct Shown {
    start: Timestamp,
    end: Timestamp,
    cell: Cell,
}

fn align_series(query: &Query, series: &Selected) -> Series {
    let points = if query.aligner == Aligner::None {
        series
            .points
            .iter()
            .rev()
            .filter_map(|point| raw(point, series))
            .collect()
    } else {
        let bounds = (query.from, query.to);
        let period = query.period;
        align::windows(
            &series.points,
            series.value_type,
            query.aligner,
            period,
            bounds,
        )
        .into_iter()
        .map(|(end, cell)| Shown {
            start: Timestamp(end.0 - period),
            end,
            cell,
        })
        .collect()
    };
    let mut shown = Series {
        labels: shape::document(&series.key),
        kind: query.aligner.kind(series.key.kind),
        value_type: series.value_type,
        points,
    };
    shown.settle_type();
    shown
}

impl Series {
    /// The type of the points, which an aligner or a reducer may have changed.
    fn settle_type(&mut self) {
        if let Some(point) = self.points.first()
            && self.value_type != ValueType::Bool
        {
            self.value_type = point.cell.value_type();
        }
    }
}

/// A point as it was recorded, or the minute that it was rolled up into.
fn raw(point: &Point, series: &Selected) -> Option<Shown> {
    let cell = match &point.value {
        Aggregate::Distribution(distribution) => Cell::Distribution(distribution.clone()),
        Aggregate::Numbers(numbers) => {
            let value = match series.key.kind {
                MetricKind::Delta => numbers.sum,
                MetricKind::Gauge if series.value_type == ValueType::Double => numbers.mean(),
                MetricKind::Gauge | MetricKind::Cumulative => numbers.last,
            };
            match series.value_type {
                ValueType::Int64 | ValueType::Bool => Cell::Int64(value),
                ValueType::Double => Cell::Double(value),
                ValueType::Distribution => return None,
            }
        }
    };
    Some(Shown {
        start: point.start,
        end: point.end,
        cell,
    })
}

fn reduce_groups(query: &Query, all: Vec<Series>) -> Vec<Series> {
    let mut groups: BTreeMap<String, (Value, MetricKind, Vec<Series>)> = BTreeMap::new();
    for series in all {
        let labels = group_labels(&series.labels, &query.group_by);
        let group = groups.entry(labels.to_string());
        group
            .or_insert_with(|| (labels, series.kind, Vec::new()))
            .2
            .push(series);
    }
    let reduced = groups.into_values().map(|(labels, kind, members)| {
        let value_type = members
            .first()
            .map_or(ValueType::Double, |series| series.value_type);
        let points = members.into_iter().map(|series| {
            series
                .points
                .into_iter()
                .map(|point| (point.end, point.cell))
                .collect()
        });
        let points = reduce::reduce(query.reducer, points);
        let shown = |(end, cell): (Timestamp, Cell)| Shown {
            start: Timestamp(end.0 - query.period),
            end,
            cell,
        };
        let points = points.into_iter().map(shown).collect();
        let mut series = Series {
            labels,
            kind,
            value_type,
            points,
        };
        series.settle_type();
        series
    });
    reduced.filter(|series| !series.points.is_empty()).collect()
}

/// What is left of a series' labels in its group: the types, and the fields it is grouped by.
fn group_labels(labels: &Value, fields: &[String]) -> Value {
    let mut left = json!({
        "metric": {"type": labels["metric"]["type"], "labels": {}},
        "resource": {"type": labels["resource"]["type"], "labels": {}},
        "metadata": {"system_labels": {}, "user_labels": {}},
    });
    for field in fields {
        let parts: Vec<&str> = field
            .split('.')
            .map(|part| part.trim_matches('"'))
            .collect();
        let (part, map, name) = match parts[..] {
            [part @ ("metric" | "resource"), "label" | "labels", name] => (part, "labels", name),
            ["metadata", map @ ("system_labels" | "user_labels"), name] => ("metadata", map, name),
            _ => continue,
        };
        if let Some(value) = labels[part][map].get(name) {
            left[part][map][name] = value.clone();
        }
    }
    left
}

/// A page of so many points; a series may go on in the next one.
fn page(query: &Query, all: &[Series]) -> Value {
    let mut left = query.page_size;
    let mut skip = query.skip;
    let mut series = Vec::new();
    let mut more = false;
    for one in all {
        let length = if query.full { one.points.len() } else { 1 };
        if skip >= length {
            skip -= length;
            continue;
        }
        let take = (length - skip).min(left);
        more |= take < length - skip;
        if take > 0 {
            let points = if query.full {
                &one.points[skip..skip + take]
            } else {
                &[]
            };
            series.push(shape_series(one, points));
        }
        left -= take;
        skip = 0;
    }
    let mut answer = Map::new();
    if !series.is_empty() {
        answer.insert("timeSeries".into(), Value::Array(series));
    }
    if more {
        answer.insert(
            "nextPageToken".into(),
            json!((query.skip + query.page_size).to_string()),
        );
    }
    Value::Object(answer)
}

fn shape_series(series: &Series, points: &[Shown]) -> Value {
    let mut shaped = json!({
        "metric": series.labels["metric"],
        "resource": series.labels["resource"],
        "metricKind": series.kind,
        "valueType": series.value_type,
    });
    let system = &series.labels["metadata"]["system_labels"];
    if system.as_object().is_some_and(|labels| !labels.is_empty()) {
        shaped["metadata"] = json!({"systemLabels": system});
    }
    let point = |point: &Shown| {
        let start = if series.kind == MetricKind::Gauge {
            point.end
        } else {
            point.start
        };
        let value = match (&point.cell, series.value_type) {
            (Cell::Int64(flag), ValueType::Bool) => json!({"boolValue": *flag > 0.0}),
            (cell, _) => shape::typed_value(cell),
        };
        json!({
            "interval": {"startTime": rfc3339(start), "endTime": rfc3339(point.end)},
            "value": value,
        })
    };
    if !points.is_empty() {
        shaped["points"] = points.iter().map(point).collect();
    }
    shaped
}
