//! The repository that a deployment's own images are pushed to.

use std::collections::BTreeMap;

use gce::repositories::{CleanupPolicy, Repository};
use gce::{Client, Error, Scope};
use serde_json::{Map, Value, json};

use super::made;
use crate::configuration::Configuration;
use crate::deployment::{Act, Id, Kind, Sought, Step};

/// The field of which images go by themselves.
pub(in crate::deployment) const POLICIES: &str = "cleanupPolicies";

/// Enough to go back far; what nothing names any more goes after a month. A template names an image by
/// its digest, which Artifact Registry does not count as a use: so the newest stay, whatever their age.
const KEPT: u32 = 20;
const OLD: &str = "2592000s";

/// Which repository, as a part of the plan.
pub(in crate::deployment) fn id(location: &str, name: &str) -> Id {
    Id {
        kind: Kind::Repository,
        scope: Scope::Region(location.to_owned()),
        name: name.to_owned(),
    }
}

/// What an image that is built for a deployment is called, without tag and digest: the registry's host,
/// the project, the repository and, in it, the image, both with the deployment's name. Another registry
/// may take the place of Google's in the deployment's first region.
pub fn built_image(configuration: &Configuration, project: &str, registry: Option<&str>) -> String {
    let location = configuration.locations.first();
    let googles = location.map(|location| format!("{}-docker.pkg.dev", location.region()));
    let host = registry.map(str::to_owned).or(googles).unwrap_or_default();
    let name = &configuration.name;
    format!("{host}/{}{name}", path(project, name))
}

/// Whether an image is of the deployment's own repository, at whichever registry.
pub(in crate::deployment) fn holds(project: &str, deployment: &str, image: &str) -> bool {
    let below = image.split_once('/').map(|(_, below)| below);
    below.is_some_and(|below| below.starts_with(&path(project, deployment)))
}

/// A project of an organization, `example.com:web`, has a slash there.
fn path(project: &str, repository: &str) -> String {
    format!("{}/{repository}/", project.replace(':', "/"))
}

/// What is stated of it, without its mark.
pub(in crate::deployment) fn body() -> Value {
    json!({
        "format": "DOCKER",
        POLICIES: {
            "keep-newest": {
                "id": "keep-newest",
                "action": "KEEP",
                "mostRecentVersions": { "keepCount": KEPT },
            },
            "delete-old": {
                "id": "delete-old",
                "action": "DELETE",
                "condition": { "tagState": "ANY", "olderThan": OLD },
            },
        },
    })
}

/// The repository with the deployment's name, in its first region.
pub(super) async fn find(client: &Client, sought: &Sought) -> Result<Vec<(Id, Value)>, Error> {
    let Some(location) = &sought.registry else {
        return Ok(Vec::new());
    };
    let repository = match client.repository(location, &sought.deployment).await {
        Ok(repository) => repository,
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let body = json!({
        "name": sought.deployment,
        "format": repository.format,
        "description": repository.description,
        POLICIES: repository.cleanup_policies,
    });
    Ok(vec![(id(location, &sought.deployment), body)])
}

pub(super) async fn take(client: &Client, step: &Step) -> Result<(), Error> {
    let (Scope::Region(location), name) = (&step.id.scope, &step.id.name) else {
        return Ok(());
    };
    match &step.act {
        Act::Create(body) | Act::Replace(body) => create(client, location, name, body).await,
        Act::Update(patch) => {
            let fields = patch.as_object().into_iter().flat_map(Map::keys);
            let mask = fields.map(String::as_str).collect::<Vec<_>>().join(",");
            let changing = stated(patch);
            let changed = client.patch_repository(location, name, &mask, &changing);
            changed.await.map(drop)
        }
        Act::Delete => client.delete_repository(location, name).await,
        Act::Keep | Act::SetLabels { .. } => Ok(()),
    }
}

async fn create(client: &Client, location: &str, name: &str, body: &Value) -> Result<(), Error> {
    let repository = stated(body);
    let create = async || client.create_repository(location, name, &repository).await;
    let is_ours = async || {
        let there = client.repository(location, name).await?;
        Ok(there.description == repository.description)
    };
    made(create, is_ours).await
}

/// As Google wants to read it.
fn stated(body: &Value) -> Repository {
    let text = |field: &str| body[field].as_str().map(str::to_owned);
    let policies = body[POLICIES].as_object().into_iter().flatten();
    let policy = |(id, policy): (&String, &Value)| {
        let given = |field: &str| policy.get(field).cloned();
        let read = CleanupPolicy {
            id: Some(id.clone()),
            action: policy["action"].as_str().map(str::to_owned),
            condition: given("condition"),
            most_recent_versions: given("mostRecentVersions"),
            ..CleanupPolicy::default()
        };
        (id.clone(), read)
    };
    Repository {
        format: text("format"),
        description: text("description"),
        cleanup_policies: policies.map(policy).collect::<BTreeMap<_, _>>(),
        ..Repository::default()
    }
}
