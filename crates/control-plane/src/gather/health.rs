use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};
use gce::compute::{BackendService, HealthState, HealthStatus};
use gce::{Client, Error, Scope};

use crate::url::within_project;

const AT_ONCE: usize = 8;

/// What the backend services say about the instances of the groups they serve from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Health {
    /// By group and by instance, both as URLs within the project. A group that a backend service
    /// knows is here before its first probe has ended.
    groups: BTreeMap<String, BTreeMap<String, HealthState>>,
}

impl Health {
    /// The instances of a group, given by the URL of its instance group; `None` if no backend service
    /// knows it.
    pub(crate) fn of_group(&self, url: &str) -> Option<&BTreeMap<String, HealthState>> {
        self.groups.get(within_project(url))
    }

    fn add(&mut self, group: &str, statuses: Vec<HealthStatus>) {
        let instances = self
            .groups
            .entry(within_project(group).to_owned())
            .or_default();
        for status in statuses {
            let (Some(instance), Some(state)) = (status.instance, status.health_state) else {
                continue;
            };
            let known = instances.entry(within_project(&instance).to_owned());
            // Of two backend services with different probes, the one that is not content counts.
            let known = known.or_insert_with(|| state.clone());
            if *known == HealthState::Healthy {
                *known = state;
            }
        }
    }
}

/// Asks every backend service about each of its groups: Google answers for one group at a time.
pub(crate) async fn health(client: Client) -> Result<Health, Error> {
    let services: Vec<BackendService> = client.aggregated_list().try_collect().await?;
    let questions = services.into_iter().flat_map(|service| {
        let scope = service
            .self_link
            .as_deref()
            .map_or(Scope::Global, Scope::of_url);
        let groups = service
            .backends
            .into_iter()
            .filter_map(|backend| backend.group);
        groups
            .map(move |group| (scope.clone(), service.name.clone(), group))
            .collect::<Vec<_>>()
    });
    let client = &client;
    let mut answers = stream::iter(questions)
        .map(|(scope, service, group)| async move {
            let answer = client.backend_health(&scope, &service, &group).await;
            answer.map(|statuses| (group, statuses))
        })
        .buffered(AT_ONCE);
    let mut health = Health::default();
    while let Some((group, statuses)) = answers.try_next().await? {
        health.add(&group, statuses);
    }
    Ok(health)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(instance: &str, state: Option<HealthState>) -> HealthStatus {
        let instance = Some(format!("https://www.googleapis.com/compute/v1/{instance}"));
        HealthStatus {
            instance,
            health_state: state,
            ..Default::default()
        }
    }

    #[test]
    fn an_instance_is_healthy_when_every_backend_service_says_so() {
        let mut health = Health::default();
        let (one, two) = (
            "projects/p/zones/z/instances/one",
            "projects/p/zones/z/instances/two",
        );
        let group = "projects/p/zones/z/instanceGroups/g";
        health.add(
            group,
            vec![status(one, Some(HealthState::Healthy)), status(two, None)],
        );
        health.add(group, vec![status(one, Some(HealthState::Unhealthy))]);
        let expected = [("zones/z/instances/one".to_owned(), HealthState::Unhealthy)];
        assert_eq!(health.of_group(group), Some(&BTreeMap::from(expected)));
        assert_eq!(
            health.of_group("projects/p/zones/z/instanceGroups/other"),
            None
        );
    }
}
