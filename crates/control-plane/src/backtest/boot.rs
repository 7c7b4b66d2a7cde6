//! How long the group's own instances took to start.

use std::time::Duration;

use autoscaler::Timestamp;
use futures::StreamExt;
use futures::future::join_all;
use gce::Client;
use gce::monitoring::Query;

use crate::{GroupId, Instance, time};

/// The newest ones: older machines may have been made from another template.
const INSTANCES: usize = 8;
/// A first sign of life that came later than this was not the end of a start.
const PATIENCE: Duration = Duration::from_mins(15);

/// Seconds from an instance's creation to its first sign of life in Monitoring; `None` if none of the
/// present instances shows it.
///
/// Monitoring looks once a minute, so that a sign of life comes up to a minute late: the fastest of
/// several instances is nearest to the truth.
pub(super) async fn boot_s(
    client: &Client,
    group: &GroupId,
    instances: &[Instance],
) -> Option<u32> {
    let mut born: Vec<(Timestamp, &str)> = instances
        .iter()
        .filter_map(|instance| Some((instance.created?, instance.name.as_str())))
        .collect();
    born.sort_unstable();
    let newest = born.into_iter().rev().take(INSTANCES);
    let members = crate::charts::members(group);
    let boots = newest.map(|(created, name)| one(client, &members, created, name));
    let fastest = join_all(boots).await.into_iter().flatten().min()?;
    u32::try_from(fastest.as_millis().div_ceil(1000)).ok()
}

async fn one(client: &Client, members: &str, created: Timestamp, name: &str) -> Option<Duration> {
    let query = Query {
        filter: format!(
            "metric.type=\"compute.googleapis.com/instance/cpu/utilization\" AND {members} \
             AND metric.labels.instance_name=\"{name}\""
        ),
        start: time::format(created),
        end: time::format(created.after(PATIENCE).min(time::now(client).max(created))),
        aggregation: None,
    };
    let series = client.time_series(&query);
    let points = series
        .filter_map(|series| async move { series.ok() })
        .collect::<Vec<_>>()
        .await;
    let ends = points.iter().flat_map(|series| &series.points);
    let first = ends
        .filter_map(|point| time::parse(&point.interval.end_time))
        .min()?;
    (first > created).then(|| first.since(created))
}
