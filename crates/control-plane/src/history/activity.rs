//! Google's admin activity log: what was done to an autoscaler by whatever means.

use gce::logging::LogEntry;
use serde_json::{Value, json};

use super::entry::{plain, policy_sentence};
use super::{HistoryEntry, HistoryKind, short_name};
use crate::{FieldChange, json};

/// An activity entry about an autoscaler as history, or `None` if it is about something else.
///
/// `method` is `v1.compute.autoscalers.patch`, or the same with `beta` or `regionAutoscalers`.
pub(super) fn entry_of(entry: &LogEntry, method: &str) -> Option<HistoryEntry> {
    let verb = autoscaler_verb(method)?;
    if is_second_of_two(entry) {
        return None;
    }
    let payload = entry.proto_payload.as_ref()?;
    let actor = payload["authenticationInfo"]["principalEmail"]
        .as_str()
        .unwrap_or("Somebody");
    let changes = asked_for(&payload["request"]);
    let name = short_name(actor);
    let sentence = match verb {
        "insert" => format!("{name} created the autoscaler."),
        "delete" => format!("{name} deleted the autoscaler."),
        _ => policy_sentence(actor, &changes),
    };
    let operation = entry
        .operation
        .as_ref()
        .map(|operation| operation.id.clone());
    Some(HistoryEntry {
        author: Some(actor.to_owned()),
        changes,
        operation,
        ..plain(entry, HistoryKind::Change, sentence)?
    })
}

fn autoscaler_verb(method: &str) -> Option<&str> {
    let (collection, verb) = method.rsplit_once('.')?;
    let is_autoscaler = [".compute.autoscalers", ".compute.regionAutoscalers"]
        .iter()
        .any(|suffix| collection.ends_with(suffix));
    (is_autoscaler && ["insert", "patch", "update", "delete"].contains(&verb)).then_some(verb)
}

/// A long operation has two entries, at its beginning and at its end.
fn is_second_of_two(entry: &LogEntry) -> bool {
    let operation = entry.operation.as_ref();
    operation.is_some_and(|it| it.last == Some(true) && it.first != Some(true))
}

/// The request says what was asked for and not what there was before.
fn asked_for(request: &Value) -> Vec<FieldChange> {
    match &request["autoscalingPolicy"] {
        Value::Null => Vec::new(),
        policy => json::changes(&json!({}), policy),
    }
}
