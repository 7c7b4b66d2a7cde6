//! How far a deployment's groups are with the template that they are to run.

use std::fmt;
use std::time::Duration;

use futures::TryStreamExt;
use futures::future::{try_join_all, try_join3};
use gce::compute::{
    CurrentAction, GroupError, HealthState, HealthStatus, InstanceGroupManager, ManagedInstance,
    OperationErrorItem, VersionRef,
};
use gce::{Client, Error, Scope};
use serde::Serialize;

use super::{Kind, Mark};
use crate::time::parse;

/// One group, on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GroupProgress {
    /// `web in us-central1`.
    pub group: String,
    /// How many instances it shall have.
    pub size: usize,
    /// How many run a version that they shall, are at rest, and serve.
    pub ready: usize,
    /// How many are anything else: former, starting, ending.
    pub others: usize,
    /// Whether each version has its share.
    pub is_reached: bool,
    /// What went wrong with instances of these versions, newest last.
    pub troubles: Vec<String>,
    /// What Google lacks for the instances that do not serve yet, in its words, with the cure.
    /// No trouble of the version's, so it counts for nothing before the patience is at its end.
    pub shortage: Option<String>,
}

/// `web in us-central1: 1 of 2 instances serve`, and what is lacking.
impl fmt::Display for GroupProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            group, ready, size, ..
        } = self;
        write!(f, "{group}: {ready} of {size} instances serve")?;
        match &self.shortage {
            Some(shortage) => write!(f, "; {shortage}"),
            None => Ok(()),
        }
    }
}

/// What is to be thought of a roll-out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every instance runs what it shall, and serves.
    Done,
    /// It may still become well.
    Waiting,
    /// It does not become well, for this reason.
    Failed(String),
}

/// An attempt may fail for reasons of Google's. One that fails so often fails for reasons of its own.
const ATTEMPTS: usize = 3;

/// Judges all groups together: one that fails makes the release a failure.
pub fn verdict(groups: &[GroupProgress], waited: Duration, patience: Duration) -> Verdict {
    let failing = |group: &&GroupProgress| group.troubles.len() >= ATTEMPTS;
    if let Some(group) = groups.iter().find(failing) {
        let last = group
            .troubles
            .last()
            .map(String::as_str)
            .unwrap_or_default();
        return Verdict::Failed(format!(
            "{}: {} attempts to start an instance failed; the last: {last}",
            group.group,
            group.troubles.len()
        ));
    }
    let waiting =
        |group: &&GroupProgress| group.ready < group.size || group.others > 0 || !group.is_reached;
    match groups.iter().find(waiting) {
        None => Verdict::Done,
        Some(_) if waited < patience => Verdict::Waiting,
        Some(group) => Verdict::Failed(format!("after {} s, {group}", waited.as_secs())),
    }
}

/// Looks at every group with this mark. `since` is the cloud's time, in milliseconds since the Unix
/// epoch: what went wrong before says nothing of this roll-out.
pub async fn progress(
    client: &Client,
    deployment: &str,
    since: i64,
) -> Result<Vec<GroupProgress>, Error> {
    let mark = Mark::of(deployment);
    let groups: Vec<InstanceGroupManager> = client.aggregated_list().try_collect().await?;
    let ours = groups.iter().filter(|group| {
        let body = serde_json::to_value(group).unwrap_or_default();
        mark.is_on(Kind::Group, &body)
    });
    try_join_all(ours.map(|group| look(client, deployment, group, since))).await
}

async fn look(
    client: &Client,
    deployment: &str,
    group: &InstanceGroupManager,
    since: i64,
) -> Result<GroupProgress, Error> {
    let scope = group.scope();
    let service = format!("{deployment}-site");
    let url = client.resource_url(&scope, "instanceGroups", &group.name);
    let (instances, errors, health) = try_join3(
        client
            .managed_instances(&scope, &group.name)
            .try_collect::<Vec<ManagedInstance>>(),
        client
            .group_errors(&scope, &group.name)
            .try_collect::<Vec<GroupError>>(),
        health_of(client, &service, &url),
    )
    .await?;
    Ok(assemble(group, &instances, &errors, &health, since))
}

/// Nothing where the load balancer does not know the group yet: nobody says then that it serves.
async fn health_of(
    client: &Client,
    service: &str,
    group: &str,
) -> Result<Vec<HealthStatus>, Error> {
    match client.backend_health(&Scope::Global, service, group).await {
        Err(error) if matches!(error.status(), Some(400 | 404)) => Ok(Vec::new()),
        answer => answer,
    }
}

fn assemble(
    group: &InstanceGroupManager,
    instances: &[ManagedInstance],
    errors: &[GroupError],
    health: &[HealthStatus],
    since: i64,
) -> GroupProgress {
    let wanted: Vec<Option<&str>> = group.versions.iter().map(template).collect();
    let is_new = |instance: &&ManagedInstance| {
        let version = instance.version.as_ref();
        version.is_some_and(|version| wanted.contains(&template(version)))
    };
    let serves = |instance: &ManagedInstance| {
        health.iter().any(|one| {
            one.instance.as_deref().map(gce::name_of) == Some(instance.name())
                && one.health_state == Some(HealthState::Healthy)
        })
    };
    let is_ready = |instance: &&ManagedInstance| {
        is_new(instance) && instance.current_action == Some(CurrentAction::None) && serves(instance)
    };
    let ready = instances.iter().filter(is_ready).count();
    let new: Vec<&str> = instances
        .iter()
        .filter(is_new)
        .map(ManagedInstance::name)
        .collect();
    let told = errors
        .iter()
        .filter(|error| is_after(error, since) && concerns(error, &new))
        .filter_map(|error| error.error.as_ref());
    let (shortages, troubles): (Vec<&OperationErrorItem>, Vec<&OperationErrorItem>) =
        told.partition(|error| cure(&error.code).is_some());
    let size = group
        .target_size
        .and_then(|size| usize::try_from(size).ok())
        .unwrap_or(0);
    // Google keeps its errors: with every instance serving, an old one tells of what has passed.
    let lacking = shortages.last().filter(|_| ready < size);
    GroupProgress {
        group: format!("{} in {}", group.name, place(group)),
        size,
        ready,
        others: instances.len() - ready,
        is_reached: is_reached(group),
        troubles: troubles.iter().map(|error| error.message.clone()).collect(),
        shortage: lacking.and_then(|error| {
            let cure = cure(&error.code)?;
            Some(format!("{} ({cure})", error.message.trim_end_matches('.')))
        }),
    }
}

fn template(version: &VersionRef) -> Option<&str> {
    version.instance_template.as_deref().map(gce::name_of)
}

/// Whether each version has its share; that of a canary is some instances and not all.
fn is_reached(group: &InstanceGroupManager) -> bool {
    let status = group.status.as_ref();
    let target = status.and_then(|status| status.version_target.as_ref());
    target.is_some_and(|target| target.is_reached == Some(true))
}

fn place(group: &InstanceGroupManager) -> String {
    match group.scope() {
        Scope::Zone(place) | Scope::Region(place) => place,
        Scope::Global => String::new(),
    }
}

fn is_after(error: &GroupError, since: i64) -> bool {
    let at = error.timestamp.as_deref().and_then(parse);
    at.is_some_and(|at| at.0 >= since)
}

fn concerns(error: &GroupError, instances: &[&str]) -> bool {
    let details = error.instance_action_details.as_ref();
    let instance = details.and_then(|details| details.instance.as_deref());
    instance.is_some_and(|url| instances.contains(&gce::name_of(url)))
}

/// What helps against a shortage; nothing where the code tells of none. A shortage passes, and no
/// other version would have more.
fn cure(code: &str) -> Option<&'static str> {
    let is = |part: &str| code.contains(part);
    if is("QUOTA_EXCEEDED") {
        Some("ask Google for a higher quota, or lower the autoscaler's maximum")
    } else if is("RESOURCE_POOL_EXHAUSTED") || is("STOCKOUT") {
        Some("wait, or choose another zone or machine type")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::*;

    fn read<T: DeserializeOwned>(value: Value) -> T {
        serde_json::from_value(value).unwrap()
    }

    fn instance(name: &str, template: &str, action: &str) -> ManagedInstance {
        read(json!({
            "instance": format!("projects/p/zones/z/instances/{name}"),
            "currentAction": action,
            "version": {"instanceTemplate": format!("projects/p/global/instanceTemplates/{template}")},
        }))
    }

    fn error(instance: &str, code: &str, at: &str) -> GroupError {
        read(json!({
            "error": {"code": code, "message": "It ended."},
            "instanceActionDetails": {"instance": format!("zones/z/instances/{instance}")},
            "timestamp": at,
        }))
    }

    #[test]
    fn only_healthy_instances_of_the_template_at_rest_are_ready() {
        let group = read(json!({
            "name": "web",
            "targetSize": 3,
            "versions": [{"instanceTemplate": "https://x/projects/p/global/instanceTemplates/new"}],
            "status": {"versionTarget": {"isReached": true}},
            "region": "https://x/projects/p/regions/r",
        }));
        let instances = [
            instance("a", "new", "NONE"),
            instance("b", "new", "VERIFYING"),
            instance("c", "old", "NONE"),
            instance("d", "new", "NONE"),
        ];
        let health: Vec<HealthStatus> = read(json!([
            {"instance": "zones/z/instances/a", "healthState": "HEALTHY"},
            {"instance": "zones/z/instances/b", "healthState": "HEALTHY"},
            {"instance": "zones/z/instances/c", "healthState": "HEALTHY"},
            {"instance": "zones/z/instances/d", "healthState": "UNHEALTHY"},
        ]));
        let errors = [
            error("b", "INTERNAL_ERROR", "2026-11-25T10:00:01Z"),
            error("b", "INTERNAL_ERROR", "2026-11-25T09:59:59Z"),
            error("b", "ZONE_RESOURCE_POOL_EXHAUSTED", "2026-11-25T10:00:02Z"),
            error("c", "INTERNAL_ERROR", "2026-11-25T10:00:02Z"),
        ];
        let since = parse("2026-11-25T10:00:00Z").unwrap().0;
        let progress = assemble(&group, &instances, &errors, &health, since);
        let expected = GroupProgress {
            group: "web in r".to_owned(),
            size: 3,
            ready: 1,
            others: 3,
            is_reached: true,
            troubles: vec!["It ended.".to_owned()],
            shortage: Some("It ended (wait, or choose another zone or machine type)".to_owned()),
        };
        assert_eq!(progress, expected);
    }

    #[test]
    fn a_shortage_is_told_as_long_as_an_instance_is_missing() {
        let group = |size: u32| {
            read(json!({
                "name": "web",
                "targetSize": size,
                "versions": [{"instanceTemplate": "projects/p/global/instanceTemplates/new"}],
                "region": "https://x/projects/p/regions/r",
            }))
        };
        let instances = [
            instance("a", "new", "NONE"),
            instance("b", "new", "CREATING"),
        ];
        let health: Vec<HealthStatus> =
            read(json!([{"instance": "zones/z/instances/a", "healthState": "HEALTHY"}]));
        let errors = [error("b", "QUOTA_EXCEEDED", "2026-11-25T10:00:01Z")];
        let line = |size| assemble(&group(size), &instances, &errors, &health, 0).to_string();
        assert_eq!(
            line(2),
            "web in r: 1 of 2 instances serve; It ended (ask Google for a higher quota, or lower the autoscaler's maximum)"
        );
        assert_eq!(line(1), "web in r: 1 of 1 instances serve");
    }

    #[test]
    fn a_roll_out_is_done_waited_for_or_given_up() {
        let group = |ready, others, troubles: usize| GroupProgress {
            group: "web in r".to_owned(),
            size: 2,
            ready,
            others,
            is_reached: true,
            troubles: vec!["It ended.".to_owned(); troubles],
            shortage: None,
        };
        let (short, long) = (Duration::from_secs(5), Duration::from_mins(1));
        assert_eq!(verdict(&[group(2, 0, 0)], long, short), Verdict::Done);
        assert_eq!(verdict(&[group(2, 1, 2)], short, long), Verdict::Waiting);
        let too_few = GroupProgress {
            is_reached: false,
            ..group(2, 0, 0)
        };
        assert_eq!(verdict(&[too_few], short, long), Verdict::Waiting);
        let failed = |groups: &[GroupProgress], waited| match verdict(groups, waited, long) {
            Verdict::Failed(why) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            failed(&[group(2, 0, 0), group(1, 0, 0)], long),
            "after 60 s, web in r: 1 of 2 instances serve"
        );
        assert_eq!(
            failed(&[group(1, 1, 3)], short),
            "web in r: 3 attempts to start an instance failed; the last: It ended."
        );
    }
}
