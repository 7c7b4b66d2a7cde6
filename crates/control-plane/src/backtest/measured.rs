//! Reading a group's load from Monitoring.

use autoscaler::backtest::{MINUTE_S, Trace};
use autoscaler::{MetricUtilization, TargetType};
use futures::TryStreamExt;
use futures::future::try_join_all;
use gce::monitoring::{Aggregation, Query, TimeSeries};
use gce::{Client, Error};

use super::span::Span;
use crate::charts::members;
use crate::{GroupId, time};

/// Aligner and reducer.
type How = (&'static str, &'static str);

/// The load of all instances together: each one's mean of the minute, summed.
const TOTAL: How = ("ALIGN_MEAN", "REDUCE_SUM");
/// What an instant's gauge said last, since a mean of two sizes is none.
const LATEST: How = ("ALIGN_NEXT_OLDER", "REDUCE_MAX");
/// How many series there are, which is how many instances reported.
const COUNT: How = ("ALIGN_MEAN", "REDUCE_COUNT");
const RATE: How = ("ALIGN_RATE", "REDUCE_SUM");

/// The trace of a group: its load, its sizes, and the totals of metrics.
pub(super) async fn measured(
    client: &Client,
    group: &GroupId,
    metrics: &[MetricUtilization],
    span: Span,
) -> Result<Trace, Error> {
    let GroupId { location, name } = group;
    let itself = format!(
        "resource.labels.instance_group_name=\"{name}\" AND resource.labels.location=\"{location}\""
    );
    let scaled = format!(
        "resource.labels.instance_group_manager_name=\"{name}\" AND resource.labels.location=\"{location}\""
    );
    let backend = format!(
        "resource.labels.backend_name=\"{name}\" AND resource.labels.backend_scope=\"{location}\""
    );
    let members = members(group);
    let read = |metric, labels, how| read(client, span, metric, labels, how);
    let (cpu, serving, size, recommended, requests) = futures::try_join!(
        read(
            "compute.googleapis.com/instance/cpu/utilization",
            &members,
            TOTAL
        ),
        read(
            "compute.googleapis.com/instance/cpu/utilization",
            &members,
            COUNT
        ),
        read(
            "compute.googleapis.com/instance_group/size",
            &itself,
            LATEST
        ),
        read(
            "autoscaler.googleapis.com/recommended_size",
            &scaled,
            LATEST
        ),
        read(
            "loadbalancing.googleapis.com/https/backend_request_count",
            &backend,
            RATE
        ),
    )?;
    let totals = metrics
        .iter()
        .map(|metric| total(client, span, &members, metric));
    let totals = try_join_all(totals).await?;
    Ok(Trace {
        cpu: rounded(cpu),
        requests_per_second: rounded(requests),
        metrics: totals.into_iter().collect(),
        serving: counts(serving),
        size: counts(size),
        recommended: counts(recommended),
        ..Trace::new(span.from, MINUTE_S)
    })
}

/// The column of a metric, under the name by which a replay asks for it.
async fn total(
    client: &Client,
    span: Span,
    members: &str,
    metric: &MetricUtilization,
) -> Result<(String, Vec<Option<f64>>), Error> {
    let (how, factor) = match metric.target_type {
        None | Some(TargetType::Gauge) => (TOTAL, 1.0),
        Some(TargetType::DeltaPerSecond) => (RATE, 1.0),
        Some(TargetType::DeltaPerMinute) => (RATE, 60.0),
    };
    let mut labels: Vec<String> = metric.filter.iter().map(ToString::to_string).collect();
    if metric.is_per_instance() {
        labels.push(members.to_owned());
    }
    let column = read(client, span, &metric.metric, &labels.join(" AND "), how).await?;
    let scaled = column
        .into_iter()
        .map(|value| value.map(|value| value * factor));
    Ok((Trace::metric_name(metric), rounded(scaled.collect())))
}

async fn read(
    client: &Client,
    span: Span,
    metric: &str,
    labels: &str,
    (aligner, reducer): How,
) -> Result<Vec<Option<f64>>, Error> {
    let and = if labels.is_empty() { "" } else { " AND " };
    let query = Query {
        filter: format!("metric.type=\"{metric}\"{and}{labels}"),
        start: time::format(span.from),
        end: time::format(span.to),
        aggregation: Some(Aggregation {
            period_s: i64::from(MINUTE_S),
            aligner,
            reducer: Some(reducer),
            group_by: Vec::new(),
        }),
    };
    let series: Vec<TimeSeries> = client.time_series(&query).try_collect().await?;
    Ok(span.column(&series))
}

/// To a millionth: nobody measures better, short numbers make a small page, and they are read back in
/// the browser as exactly the same.
fn rounded(column: Vec<Option<f64>>) -> Vec<Option<f64>> {
    let round = |value: f64| (value * 1e6).round() / 1e6;
    column.into_iter().map(|value| value.map(round)).collect()
}

fn counts(column: Vec<Option<f64>>) -> Vec<Option<u32>> {
    column
        .into_iter()
        .map(|value| value.map(|value| value.round() as u32))
        .collect()
}
