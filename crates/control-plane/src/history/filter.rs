//! Questions in Logging's filter language.

use autoscaler::Timestamp;
use gce::Client;

use super::HistoryKind;
use super::entry::{CHANGE_STATUS, HOLDS_LOG, RESIZE};
use super::record::CHANGES_LOG;
use crate::{GroupId, time};

/// Whose history. Both names are in Google's alphabet, so they need no quoting of their own.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) group: GroupId,
    /// The name of its autoscaler, by which Google's activity entries know it.
    pub(crate) autoscaler: String,
    /// Only what happened since.
    pub(crate) since: Option<Timestamp>,
}

/// All entries of a kind, or of every kind.
pub(super) fn history(client: &Client, subject: &Subject, kind: Option<HistoryKind>) -> String {
    let part = |wanted: HistoryKind| match wanted {
        HistoryKind::Scaling => system_event(client, subject, RESIZE),
        HistoryKind::Status => system_event(client, subject, CHANGE_STATUS),
        HistoryKind::Change => changes(client, subject),
        HistoryKind::Hold => holds(client, subject),
    };
    let parts = match kind {
        Some(kind) => part(kind),
        None => HistoryKind::ALL.map(part).join(" OR "),
    };
    match subject.since {
        Some(since) => format!("({parts}) AND timestamp>=\"{}\"", time::format(since)),
        None => parts,
    }
}

/// Our records of these operations.
pub(super) fn records_of(client: &Client, operations: &[String]) -> String {
    let named = operations.iter().map(|operation| {
        // An operation's name comes from Google, but goes into quotes here.
        format!(
            "jsonPayload.operation=\"{}\"",
            operation.replace(['"', '\\'], "")
        )
    });
    let any = named.collect::<Vec<_>>().join(" OR ");
    format!("logName=\"{}\" AND ({any})", client.log_name(CHANGES_LOG))
}

fn system_event(client: &Client, subject: &Subject, method: &str) -> String {
    let GroupId { location, name } = &subject.group;
    format!(
        "(logName=\"{}\" AND resource.type=\"autoscaler\" \
         AND resource.labels.instance_group_manager_name=\"{name}\" \
         AND resource.labels.location=\"{location}\" AND protoPayload.methodName=\"{method}\")",
        client.log_name("cloudaudit.googleapis.com/system_event")
    )
}

fn holds(client: &Client, subject: &Subject) -> String {
    let GroupId { location, name } = &subject.group;
    format!(
        "(logName=\"{}\" AND resource.labels.instance_group_manager_name=\"{name}\" \
         AND resource.labels.location=\"{location}\")",
        client.log_name(HOLDS_LOG)
    )
}

/// What people did: by our own record, and by Google's.
fn changes(client: &Client, subject: &Subject) -> String {
    let Subject {
        group, autoscaler, ..
    } = subject;
    format!(
        "(logName=\"{}\" AND jsonPayload.group=\"{group}\") OR (logName=\"{}\" \
         AND protoPayload.methodName=~\"compute\\.(autoscalers|regionAutoscalers)\\.\" \
         AND protoPayload.resourceName=~\"/{}/autoscalers/{autoscaler}$\")",
        client.log_name(CHANGES_LOG),
        client.log_name("cloudaudit.googleapis.com/activity"),
        group.location.scope()
    )
}
