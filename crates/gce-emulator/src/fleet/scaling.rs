//! What a decision changes: recommendation, status, target size and log, all at once or not at all.

use std::sync::Arc;

use autoscaler::{Decision, Engine, Policy};
use serde_json::{Map, Value, json};

use super::{audit, context::Context, system_metrics::autoscaler_labels};
use crate::{
    clock::rfc3339,
    resource::Resource,
    store::{LogEntry, Store, StoreError, Transaction},
};

/// The field of an autoscaler that shows where its schedules stand.
const SCHEDULES: &str = "scalingScheduleStatus";

/// A decision, and the resources as they were when it was taken.
pub(super) struct Change<'a> {
    pub(super) autoscaler: &'a Arc<Resource>,
    pub(super) manager: &'a Arc<Resource>,
    pub(super) policy: &'a Policy,
    /// `scalingScheduleStatus`; `None` without schedules.
    pub(super) schedules: Option<Value>,
    pub(super) decision: Decision,
}

impl Change<'_> {
    /// Writes the decision, unless somebody changed policy or size meanwhile: then it was taken on
    /// what is no longer so. False when it was not written; the next one will be better.
    pub(super) async fn apply(self, context: &Context) -> bool {
        let entries = self.entries(&context.store);
        let (autoscaler, manager) = (Arc::clone(self.autoscaler), Arc::clone(self.manager));
        let details = json!(self.decision.status);
        let status = self.status();
        let schedules = self.schedules.clone();
        let Decision {
            recommended,
            resize_to,
            ..
        } = self.decision;
        if !self.changes_anything(&details) {
            return true;
        }
        let written = context.store.transact(move |tx| {
            if is_outdated(tx, &autoscaler, &manager) {
                return Ok(false);
            }
            tx.update(&autoscaler.key, |body| {
                body.insert("recommendedSize".into(), json!(recommended));
                body.insert("status".into(), json!(status));
                body.insert("statusDetails".into(), details);
                match schedules {
                    Some(schedules) => _ = body.insert(SCHEDULES.into(), schedules),
                    None => _ = body.remove(SCHEDULES),
                }
            });
            if let Some(size) = resize_to {
                tx.update(&manager.key, |body| {
                    body.insert("targetSize".into(), json!(size));
                });
            }
            for entry in entries {
                tx.log(entry);
            }
            Ok::<_, StoreError>(true)
        });
        match written.await {
            Ok(written) => written,
            Err(error) => {
                let autoscaler = &self.autoscaler.key.name;
                tracing::error!(autoscaler, %error, "a decision could not be recorded");
                false
            }
        }
    }

    fn changes_anything(&self, details: &Value) -> bool {
        let stored = |field: &str| self.autoscaler.body.get(field);
        self.decision.resize_to.is_some()
            || stored("recommendedSize") != Some(&json!(self.decision.recommended))
            || stored("status") != Some(&json!(self.status()))
            || stored("statusDetails") != Some(details)
            || stored(SCHEDULES) != self.schedules.as_ref()
    }

    /// An error is something that the owner has to mend; a warning leaves it active.
    fn status(&self) -> &'static str {
        let is_error = self
            .decision
            .status
            .iter()
            .any(|detail| detail.kind.is_error());
        if is_error { "ERROR" } else { "ACTIVE" }
    }

    fn entries(&self, store: &Store) -> Vec<LogEntry> {
        [self.size_entry(store), self.status_entry(store)]
            .into_iter()
            .flatten()
            .collect()
    }

    /// A new recommendation, or a group that follows one at last (a mode turned on, an instance
    /// deleted by hand).
    fn size_entry(&self, store: &Store) -> Option<LogEntry> {
        let Decision {
            previous,
            recommended,
            target_size,
            resize_to,
            at,
            ..
        } = self.decision;
        let old = match resize_to {
            _ if previous != recommended => previous,
            Some(_) => target_size,
            None => return None,
        };
        tracing::info!(
            group = self.manager.key.name,
            from = old,
            to = recommended,
            "{}",
            self.decision.reason.summary
        );
        let metadata = json!({"metadata": {
            "@type": "type.googleapis.com/autoscaler.AutoscalerSizeChangeExplanation",
            "oldSize": old,
            "newSize": recommended,
            "autoscalingMode": self.policy.mode,
            "autoscalingReason": self.decision.reason,
        }});
        Some(self.entry(store, "compute.autoscalers.resize", metadata, at))
    }

    /// Another set of warnings. Their words may differ from one decision to the next, since they
    /// hold numbers; only their types count.
    fn status_entry(&self, store: &Store) -> Option<LogEntry> {
        let old = self
            .autoscaler
            .body
            .get("statusDetails")
            .and_then(Value::as_array);
        let old = old.map_or(&[][..], Vec::as_slice);
        let kinds: Vec<&str> = self
            .decision
            .status
            .iter()
            .map(|detail| detail.kind.as_str())
            .collect();
        if old
            .iter()
            .map(|detail| detail["type"].as_str().unwrap_or_default())
            .eq(kinds)
        {
            return None;
        }
        let old = old.iter().filter_map(|detail| detail["message"].as_str());
        let new = self
            .decision
            .status
            .iter()
            .map(|detail| detail.message.as_str());
        let metadata = json!({"metadata": {
            "@type": "type.googleapis.com/autoscaler.AutoscalerStatusChange",
            "oldStatus": {"details": in_words(old)},
            "newStatus": {"details": in_words(new)},
        }});
        Some(self.entry(
            store,
            "compute.autoscalers.changeStatus",
            metadata,
            self.decision.at,
        ))
    }

    fn entry(
        &self,
        store: &Store,
        method: &str,
        metadata: Value,
        at: autoscaler::Timestamp,
    ) -> LogEntry {
        let labels = autoscaler_labels(store.project(), self.autoscaler, self.manager);
        let resource = json!({"type": "autoscaler", "labels": labels});
        audit::entry(store, &self.autoscaler.key, method, resource, metadata, at)
    }
}

/// `scalingScheduleStatus` by the name of the schedule.
///
/// An engine that has just begun does not know when a schedule was active last; the autoscaler that
/// it goes on with may.
pub(super) fn schedule_status(engine: &Engine, autoscaler: &Resource) -> Option<Value> {
    if engine.policy().schedules.is_empty() {
        return None;
    }
    let stored = &autoscaler.body.get(SCHEDULES).unwrap_or(&Value::Null);
    let status = |(name, status): (&str, autoscaler::ScheduleStatus)| {
        let mut shown = Map::new();
        shown.insert("state".into(), json!(status.state.as_str()));
        let last = match status.last_start {
            Some(at) => json!(rfc3339(at)),
            None => stored[name]["lastStartTime"].clone(),
        };
        if !last.is_null() {
            shown.insert("lastStartTime".into(), last);
        }
        if let Some(next) = status.next_start {
            shown.insert("nextStartTime".into(), json!(rfc3339(next)));
        }
        (name.to_owned(), Value::Object(shown))
    };
    Some(Value::Object(engine.schedules().map(status).collect()))
}

fn in_words<'a>(messages: impl Iterator<Item = &'a str>) -> String {
    let messages: Vec<&str> = messages.collect();
    if messages.is_empty() {
        "OK".into()
    } else {
        messages.join(" ")
    }
}

fn is_outdated(tx: &Transaction<'_>, autoscaler: &Resource, manager: &Resource) -> bool {
    let same = |seen: &Resource, field: &str| {
        tx.get(&seen.key)
            .is_some_and(|now| now.id == seen.id && now.body.get(field) == seen.body.get(field))
    };
    !same(autoscaler, "autoscalingPolicy") || !same(manager, "targetSize")
}

/// Shows that an autoscaler's group does not exist (any more).
pub(super) async fn report_missing_target(context: &Context, autoscaler: &Resource) {
    if autoscaler.text("status") == Some("ERROR") {
        return;
    }
    let update = context.store.update(&autoscaler.key, |body| {
        body.insert("status".into(), json!("ERROR"));
        body.insert(
            "statusDetails".into(),
            json!([{"type": "SCALING_TARGET_DOES_NOT_EXIST",
                    "message": "The managed instance group that this autoscaler scales does not exist."}]),
        );
    });
    if let Err(error) = update.await {
        tracing::error!(autoscaler = autoscaler.key.name, %error, "a status could not be recorded");
    }
}
