//! When the local cloud is ready: as soon as two instances are healthy.

use std::time::Duration;

use gce::{
    Client, Error, Scope,
    compute::{HealthState, HealthStatus, InstanceGroupManager},
};
use serde_json::Value;
use tokio::time::{interval, timeout};

use super::{cloud::LocalCloud, deployment::Deployment};
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
        let ready = enough_healthy(client, cloud.deployment()).await;
        if ready
            .map_err(|error| Failure::broken_because("the local cloud does not answer", &error))?
        {
            return Ok(());
        }
        if let Some(message) = first_error(cloud).await {
            return Err(Failure::input(format!(
                "an instance does not start: {message}"
            )));
        }
    }
}

async fn enough_healthy(client: &Client, deployment: &Deployment) -> Result<bool, Error> {
    let (name, service) = (deployment.name(), deployment.service());
    let (mut healthy, mut wanted) = (0, 0);
    for scope in deployment.scopes() {
        let group_url = client.resource_url(&scope, "instanceGroups", name);
        let health = client
            .backend_health(&Scope::Global, &service, &group_url)
            .await?;
        let is_healthy = |one: &&HealthStatus| one.health_state == Some(HealthState::Healthy);
        healthy += health.iter().filter(is_healthy).count();
        let group: InstanceGroupManager = client.get(&scope, name).await?;
        let size = group
            .target_size
            .and_then(|size| usize::try_from(size).ok());
        wanted += size.unwrap_or(INSTANCES);
    }
    Ok(healthy >= wanted.min(INSTANCES))
}

/// What a group's `listErrors` tells of the newest failed attempt.
async fn first_error(cloud: &LocalCloud) -> Option<String> {
    let authority = cloud.api().strip_prefix("http://")?;
    for group in cloud.deployment().groups() {
        let path = format!("/compute/v1/{}/listErrors", group.path(LOCAL_PROJECT));
        let answer = plain_http::get(authority, &path, &[], Duration::from_secs(5))
            .await
            .ok()?;
        let errors: Value = serde_json::from_slice(&answer.body).ok()?;
        let message = errors["items"].get(0).map(|item| &item["error"]["message"]);
        if let Some(message) = message.and_then(Value::as_str) {
            return Some(message.to_owned());
        }
    }
    None
}
