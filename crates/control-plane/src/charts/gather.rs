//! Reading a group's numbers over a window.

use autoscaler::Timestamp;
use futures::TryStreamExt;
use gce::monitoring::{Aggregation, Query, TimeSeries};
use gce::{Client, Error};

use super::Series;
use super::grid::Grid;
use crate::{GroupId, Location, time};

/// The measured series of a chart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) size: Series,
    pub(crate) recommended: Series,
    pub(crate) min: Series,
    pub(crate) max: Series,
    pub(crate) cpu: Series,
    pub(crate) requests_per_second: Series,
    pub(crate) p95_ms: Series,
}

/// Reads all series at once. Sizes are aligned to their maximum: the mean of 2 and 3 instances is no
/// size that the group ever had.
pub(crate) async fn measured(
    client: &Client,
    group: &GroupId,
    grid: Grid,
) -> Result<Measured, Error> {
    let GroupId { location, name } = group;
    let group_itself = format!(
        "resource.labels.instance_group_name=\"{name}\" AND resource.labels.location=\"{location}\""
    );
    let policy = format!(
        "resource.labels.instance_group_manager_name=\"{name}\" \
         AND resource.labels.location=\"{location}\""
    );
    let backend = format!(
        "resource.labels.backend_name=\"{name}\" AND resource.labels.backend_scope=\"{location}\""
    );
    let members = members(group);
    let read = |metric, labels, how| read(client, grid, metric, labels, how);
    let (size, recommended, min, max, cpu, requests_per_second, p95_ms) = futures::try_join!(
        read(
            "compute.googleapis.com/instance_group/size",
            &group_itself,
            LARGEST
        ),
        read(
            "autoscaler.googleapis.com/recommended_size",
            &policy,
            LARGEST
        ),
        read(
            "autoscaler.googleapis.com/configured_min_size",
            &policy,
            LARGEST
        ),
        read(
            "autoscaler.googleapis.com/configured_max_size",
            &policy,
            LARGEST
        ),
        read(
            "compute.googleapis.com/instance/cpu/utilization",
            &members,
            MEAN
        ),
        read(
            "loadbalancing.googleapis.com/https/backend_request_count",
            &backend,
            RATE
        ),
        read(
            "loadbalancing.googleapis.com/https/backend_latencies",
            &backend,
            P95
        ),
    )?;
    Ok(Measured {
        size,
        recommended,
        min,
        max,
        cpu,
        requests_per_second,
        p95_ms,
    })
}

/// Aligner and reducer.
type How = (&'static str, &'static str);

const LARGEST: How = ("ALIGN_MAX", "REDUCE_MAX");
const MEAN: How = ("ALIGN_MEAN", "REDUCE_MEAN");
const RATE: How = ("ALIGN_RATE", "REDUCE_SUM");
const P95: How = ("ALIGN_DELTA", "REDUCE_PERCENTILE_95");

/// Google marks the series of a group's instances with its name alone; the zone tells apart groups of
/// one name in two zones.
pub(crate) fn members(group: &GroupId) -> String {
    let named = format!(
        "metadata.system_labels.\"instance_group\"=\"{}\"",
        group.name
    );
    match &group.location {
        Location::Zone(zone) => format!("{named} AND resource.labels.zone=\"{zone}\""),
        Location::Region(_) => named,
    }
}

async fn read(
    client: &Client,
    grid: Grid,
    metric: &str,
    labels: &str,
    (aligner, reducer): How,
) -> Result<Series, Error> {
    let query = Query {
        filter: format!("metric.type=\"{metric}\" AND {labels}"),
        start: time::format(grid.from),
        end: time::format(grid.end),
        aggregation: Some(Aggregation {
            period_s: grid.step_ms / 1000,
            aligner,
            reducer: Some(reducer),
            group_by: Vec::new(),
        }),
    };
    let series: Vec<TimeSeries> = client.time_series(&query).try_collect().await?;
    let points = points(&series);
    Ok(if aligner == RATE.0 {
        grid.fit_rate(points)
    } else {
        grid.fit(points)
    })
}

fn points(series: &[TimeSeries]) -> impl Iterator<Item = (Timestamp, f64)> {
    series
        .iter()
        .flat_map(|series| &series.points)
        .filter_map(|point| {
            let value = point.value.as_f64().filter(|value| value.is_finite())?;
            Some((time::parse(&point.interval.end_time)?, value))
        })
}
