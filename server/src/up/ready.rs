//! When the local cloud is ready: as soon as two instances are healthy.

use std::time::Duration;

use gce::{
    Client, Error, Scope,
    compute::{HealthState, InstanceGroupManager},
};
use serde_json::Value;
use tokio::time::{interval, timeout};

use super::{
    blueprint::{NAME, ZONE},
    cloud::LocalCloud,
};
use crate::{
    cloud::{self, LOCAL_PROJECT},
    failure::Failure,
    plain_http,
};

/// What the site is ready with. Its owner may have set a smaller group since; then that has to do.
const INSTANCES: usize = 2;
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// At real speed a machine boots for ten seconds; a program that is slow to start gets minutes.
const PATIENCE: Duration = Duration::from_mins(5);

/// Waits for the healthy instances. Ends with the instance's own words if its program does not run.
pub(crate) async fn until_healthy(cloud: &LocalCloud) -> Result<(), Failure> {
    let client = cloud::local_client(cloud.api())?;
    timeout(PATIENCE, look(cloud, &client))
        .await
        .unwrap_or_else(|_| {
            let seconds = PATIENCE.as_secs();
            Err(Failure::input(format!(
                "the instances did not become healthy within {seconds} s"
            )))
        })
}

async fn look(cloud: &LocalCloud, client: &Client) -> Result<(), Failure> {
    let mut ticks = interval(LOOK_EVERY);
    loop {
        ticks.tick().await;
        let ready = enough_healthy(client).await;
        if ready
            .map_err(|error| Failure::broken_because("the local cloud does not answer", &error))?
        {
            return Ok(());
        }
        if let Some(message) = first_error(cloud.api()).await {
            return Err(Failure::input(format!(
                "an instance does not start: {message}"
            )));
        }
    }
}

async fn enough_healthy(client: &Client) -> Result<bool, Error> {
    let zone = Scope::Zone(ZONE.to_owned());
    let group_url = client.resource_url(&zone, "instanceGroups", NAME);
    let health = client
        .backend_health(&Scope::Global, NAME, &group_url)
        .await?;
    let healthy = health
        .iter()
        .filter(|one| one.health_state == Some(HealthState::Healthy))
        .count();
    let group: InstanceGroupManager = client.get(&zone, NAME).await?;
    let wanted = group
        .target_size
        .and_then(|size| usize::try_from(size).ok())
        .unwrap_or(INSTANCES);
    Ok(healthy >= wanted.min(INSTANCES))
}

/// What the group's `listErrors` tells of the newest failed attempt.
async fn first_error(api: &str) -> Option<String> {
    let authority = api.strip_prefix("http://")?;
    let path = format!(
        "/compute/v1/projects/{LOCAL_PROJECT}/zones/{ZONE}/instanceGroupManagers/{NAME}/listErrors"
    );
    let answer = plain_http::get(authority, &path, &[], Duration::from_secs(5))
        .await
        .ok()?;
    let errors: Value = serde_json::from_slice(&answer.body).ok()?;
    Some(
        errors["items"].get(0)?["error"]["message"]
            .as_str()?
            .to_owned(),
    )
}
