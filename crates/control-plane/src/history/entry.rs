//! From a log entry to what a page shows. Pure.

use gce::logging::LogEntry;
use serde_json::Value;

use super::activity;
use super::record::{CHANGES_LOG, ChangeRecord, DRILL_STARTED, DRILL_STOPPED, POLICY_CHANGED};
use super::{HistoryEntry, HistoryKind, Signal, short_name};
use crate::{FieldChange, json, time};

/// Google's name for a change of the recommended size.
pub(crate) const RESIZE: &str = "compute.autoscalers.resize";
/// Google's name for a change of an autoscaler's status.
pub(crate) const CHANGE_STATUS: &str = "compute.autoscalers.changeStatus";

/// The log of ended holds, which the local cloud keeps.
pub(crate) const HOLDS_LOG: &str = "flaskscale-holds";

/// The entry as history; `None` if it is not about scaling, or has no time.
pub(crate) fn entry_of(entry: &LogEntry) -> Option<HistoryEntry> {
    if is_ours(entry) {
        return recorded(entry);
    }
    if gce::name_of(&entry.log_name) == HOLDS_LOG {
        return held(entry);
    }
    match method(entry) {
        RESIZE => resized(entry),
        CHANGE_STATUS => status_changed(entry),
        method => activity::entry_of(entry, method),
    }
}

/// Location and name of the group that an autoscaler's entry is about.
pub(crate) fn group_key(entry: &LogEntry) -> Option<(String, String)> {
    let resource = entry.resource.as_ref()?;
    let group = resource.label("instance_group_manager_name");
    (!group.is_empty()).then(|| (resource.label("location").to_owned(), group.to_owned()))
}

/// Whether it is from our own log of changes.
pub(crate) fn is_ours(entry: &LogEntry) -> bool {
    gce::name_of(&entry.log_name) == CHANGES_LOG
}

/// An entry with nothing but time, kind and sentence.
pub(super) fn plain(entry: &LogEntry, kind: HistoryKind, sentence: String) -> Option<HistoryEntry> {
    Some(HistoryEntry {
        at: time::parse(entry.timestamp.as_deref()?)?,
        kind,
        from: None,
        to: None,
        sentence,
        signal: None,
        limit: None,
        author: None,
        via: None,
        changes: Vec::new(),
        note: String::new(),
        operation: None,
    })
}

fn method(entry: &LogEntry) -> &str {
    let payload = entry.proto_payload.as_ref();
    payload
        .and_then(|payload| payload["methodName"].as_str())
        .unwrap_or_default()
}

fn resized(entry: &LogEntry) -> Option<HistoryEntry> {
    let metadata = &entry.proto_payload.as_ref()?["metadata"];
    let reason = &metadata["autoscalingReason"];
    let (from, to) = (size(&metadata["oldSize"]), size(&metadata["newSize"]));
    let sentence = match reason["summary"].as_str() {
        Some(summary) if !summary.is_empty() => summary.to_owned(),
        _ => format!(
            "The recommended size changed from {} to {}.",
            shown(from),
            shown(to)
        ),
    };
    Some(HistoryEntry {
        from,
        to,
        signal: signal(&reason["scalingSignal"]),
        limit: reason["scalingLimit"]["name"].as_str().map(str::to_owned),
        ..plain(entry, HistoryKind::Scaling, sentence)?
    })
}

fn signal(signal: &Value) -> Option<Signal> {
    let details = &signal["calculationDetails"];
    Some(Signal {
        name: signal["name"].as_str()?.to_owned(),
        value: details["signalValue"].as_f64(),
        target: details["signalTarget"].as_f64(),
        size: size(&signal["calculatedSize"]),
    })
}

fn status_changed(entry: &LogEntry) -> Option<HistoryEntry> {
    let metadata = &entry.proto_payload.as_ref()?["metadata"];
    let details = |status: &str| match &metadata[status]["details"] {
        Value::String(details) if !details.is_empty() => details.clone(),
        Value::Null | Value::String(_) => "OK".to_owned(),
        other => other.to_string(),
    };
    let sentence = format!(
        "{} (before: {})",
        details("newStatus"),
        details("oldStatus")
    );
    plain(entry, HistoryKind::Status, sentence)
}

/// A hold that has ended, in the words that were stored with it.
fn held(entry: &LogEntry) -> Option<HistoryEntry> {
    let sentence = entry.json_payload.as_ref()?["message"].as_str()?;
    plain(entry, HistoryKind::Hold, sentence.to_owned())
}

/// What our own log says about a change.
fn recorded(entry: &LogEntry) -> Option<HistoryEntry> {
    let record: ChangeRecord = serde_json::from_value(entry.json_payload.clone()?).ok()?;
    let changes = match record.action.as_str() {
        POLICY_CHANGED => json::changes(&record.before, &record.after),
        _ => Vec::new(),
    };
    let sentence = record_sentence(&record, &changes);
    Some(HistoryEntry {
        author: Some(record.actor),
        via: Some(record.via),
        changes,
        note: record.note,
        operation: Some(record.operation).filter(|operation| !operation.is_empty()),
        ..plain(entry, HistoryKind::Change, sentence)?
    })
}

fn record_sentence(record: &ChangeRecord, changes: &[FieldChange]) -> String {
    let (actor, instance) = (short_name(&record.actor), &record.instance);
    match record.action.as_str() {
        POLICY_CHANGED => policy_sentence(actor, changes),
        DRILL_STARTED => {
            let load = record.drill.as_ref().map_or(0.0, |drill| drill.load);
            format!("{actor} started a drill on {instance}: {load} times its share of CPU.")
        }
        DRILL_STOPPED => format!("{actor} stopped the drill on {instance}."),
        other => format!("{actor}: {other}."),
    }
}

/// `admin changed minimum from 2 to 3, CPU target from 0.5 to 0.6.`
pub(super) fn policy_sentence(actor: &str, changes: &[FieldChange]) -> String {
    let actor = short_name(actor);
    let told: Vec<String> = changes.iter().map(ToString::to_string).collect();
    match told.as_slice() {
        [] => format!("{actor} saved the policy without a change."),
        told => format!("{actor} changed {}.", told.join(", ")),
    }
}

fn size(value: &Value) -> Option<u32> {
    // The metadata of an audit entry is a protobuf Struct, whose numbers are all floats.
    let number = value.as_f64().filter(|number| *number >= 0.0)?;
    Some(number as u32)
}

fn shown(size: Option<u32>) -> String {
    size.map_or_else(|| "unknown".to_owned(), |size| size.to_string())
}

#[cfg(test)]
mod tests;
