//! Starting and stopping drills: a key of the instance's metadata, put on record.

use autoscaler::{Timestamp, Violation};
use futures::TryStreamExt;
use gce::compute::{Instance, Operation};
use gce::{Client, Scope};
use uuid::Uuid;

use super::{Author, ChangeError};
use crate::drill::drill_of;
use crate::history::{ChangeRecord, DRILL_STARTED, DRILL_STOPPED};
use crate::source::explain;
use crate::{DRILL_KEY, Drill, DrillRequest, GroupId, time};

/// Somebody else may change another key between our reading and our writing; then we read again.
const ATTEMPTS: usize = 4;

/// Which instance, and who asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) author: &'a Author,
    pub(crate) group: &'a GroupId,
    pub(crate) instance: &'a str,
}

pub(crate) async fn start(
    client: &Client,
    subject: Subject<'_>,
    request: DrillRequest,
) -> Result<Drill, ChangeError> {
    check(request)?;
    let zone = zone_of(client, subject).await?;
    let id = Uuid::new_v4().to_string();
    let drill = |now: Timestamp| Drill {
        id: id.clone(),
        kind: "cpu".to_owned(),
        load: request.load,
        until: Timestamp(now.0 + i64::from(request.seconds) * 1000),
        by: subject.author.name.clone(),
    };
    let (drill, operation) = set_key(client, &zone, subject.instance, |running, now| {
        match running {
            // A lost answer made us ask again: this one is ours.
            Some(running) if running.id != id => Err(ChangeError::DrillRunning(Box::new(running))),
            _ => Ok(Some(drill(now))),
        }
    })
    .await?;
    let drill = drill.ok_or_else(|| not_found(subject))?;
    record(
        client,
        DRILL_STARTED,
        subject,
        Some(drill.clone()),
        operation.as_ref(),
    )
    .await;
    Ok(drill)
}

pub(crate) async fn stop(client: &Client, subject: Subject<'_>) -> Result<(), ChangeError> {
    let zone = zone_of(client, subject).await?;
    let mut was_running = false;
    let (_, operation) = set_key(client, &zone, subject.instance, |running, _| {
        was_running |= running.is_some();
        Ok(None)
    })
    .await?;
    if was_running {
        record(client, DRILL_STOPPED, subject, None, operation.as_ref()).await;
    }
    Ok(())
}

fn check(request: DrillRequest) -> Result<(), ChangeError> {
    let DrillRequest { load, seconds } = request;
    let (max_load, max_seconds) = (DrillRequest::MAX_LOAD, DrillRequest::MAX_SECONDS);
    let mut violations = Vec::new();
    if !(load > 0.0 && load <= max_load) {
        violations.push(Violation {
            field: "load".to_owned(),
            value: load.to_string(),
            message: format!("The load is {load}; it must be more than 0 and at most {max_load}."),
        });
    }
    if !(1..=max_seconds).contains(&seconds) {
        violations.push(Violation {
            field: "seconds".to_owned(),
            value: seconds.to_string(),
            message: format!(
                "A drill of {seconds} seconds is not possible; it must be 1 to {max_seconds}."
            ),
        });
    }
    if violations.is_empty() {
        Ok(())
    } else {
        Err(ChangeError::Invalid(violations))
    }
}

/// The zone of an instance, if the group has it: a console for one group must not reach others.
async fn zone_of(client: &Client, subject: Subject<'_>) -> Result<Scope, ChangeError> {
    let GroupId { location, name } = subject.group;
    let mut members = std::pin::pin!(client.managed_instances(&location.scope(), name));
    while let Some(member) = members.try_next().await? {
        if member.name() == subject.instance {
            return Ok(Scope::of_url(&member.instance));
        }
    }
    Err(not_found(subject))
}

fn not_found(subject: Subject<'_>) -> ChangeError {
    ChangeError::NotFound(format!(
        "An instance {} of {}",
        subject.instance, subject.group
    ))
}

/// Sets the key to what `decide` makes of the drill that is running and the cloud's time, or removes
/// it. Gives back what was set, and the operation that set it.
async fn set_key(
    client: &Client,
    zone: &Scope,
    name: &str,
    mut decide: impl FnMut(Option<Drill>, Timestamp) -> Result<Option<Drill>, ChangeError>,
) -> Result<(Option<Drill>, Option<Operation>), ChangeError> {
    let mut attempt = 1;
    loop {
        let instance: Instance = client.get(zone, name).await?;
        let now = time::now(client);
        let drill = decide(drill_of(&instance, now), now)?;
        let metadata = instance.metadata.unwrap_or_default();
        if drill.is_none() && metadata.get(DRILL_KEY).is_none() {
            return Ok((None, None));
        }
        let value = drill
            .as_ref()
            .and_then(|drill| serde_json::to_string(drill).ok());
        let metadata = metadata.with(DRILL_KEY, value);
        match client.set_metadata(zone, name, &metadata).await {
            Ok(operation) => return Ok((drill, Some(client.wait(operation).await?))),
            Err(error) if error.is_conflict() && attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// A drill runs also when it could not be put on record: it is on the instance for all to see.
async fn record(
    client: &Client,
    action: &str,
    subject: Subject<'_>,
    drill: Option<Drill>,
    operation: Option<&Operation>,
) {
    let Some(operation) = operation else { return };
    let record = ChangeRecord {
        instance: subject.instance.to_owned(),
        drill,
        ..ChangeRecord::new(action, subject.author, subject.group)
    };
    if let Err(error) = record.write(client, operation).await {
        let error = explain(&error);
        tracing::warn!(
            action,
            instance = subject.instance,
            error,
            "a drill was not recorded"
        );
    }
}
