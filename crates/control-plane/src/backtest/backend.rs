use futures::TryStreamExt;
use gce::compute::BackendService;
use gce::{Client, Error};

use crate::GroupId;
use crate::url::within_project;

/// The requests each second that count as one full instance; `None` where the balancing mode is not
/// RATE, or no backend service knows the group.
pub(super) async fn max_rate_per_instance(
    client: &Client,
    group: &GroupId,
) -> Result<Option<f64>, Error> {
    let path = format!("{}/instanceGroups/{}", group.location.scope(), group.name);
    let services: Vec<BackendService> = client.aggregated_list().try_collect().await?;
    let backends = services.iter().flat_map(|service| &service.backends);
    let mut ours = backends.filter(|backend| {
        let url = backend.group.as_deref().unwrap_or_default();
        within_project(url) == path && backend.balancing_mode.as_deref() == Some("RATE")
    });
    let rate = ours.find_map(|backend| backend.max_rate_per_instance);
    Ok(rate.filter(|rate| *rate > 0.0))
}
