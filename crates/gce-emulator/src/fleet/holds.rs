//! Holds as log entries, so that a history can list them beside the changes.

use std::{sync::Arc, time::Duration};

use autoscaler::{Hold, HoldMerger, HoldSpan, Timestamp};
use serde_json::{Map, Value, json};

use super::{context::Context, system_metrics::autoscaler_labels};
use crate::{
    resource::Resource,
    store::{LogEntry, Store, Write},
};

/// The log of holds. Google has none, so it is one of ours, beside its audit logs.
const LOG: &str = "flaskscale-holds";

/// A hold of less than this, on the cloud's clock, tells nobody anything.
const SHORTEST: Duration = Duration::from_mins(1);

/// How much longer a hold has to have become before that is stored: what is lost by a crash is a
/// part of its length, and a write for every decision would keep the disk awake for it.
const STORE_EVERY: Duration = Duration::from_mins(1);

/// Before the numeric id of the autoscaler, whose span goes on.
const OPEN: &str = "hold/";

/// The holds of one autoscaler.
///
/// A span that goes on is stored, so that a restart neither loses it nor tells it in two parts. The
/// entry of a span that ended is written together with the removal of what was stored of it: after
/// a crash before that, the next run ends the span once more; after it, there is nothing to end.
pub(super) struct Holds {
    merger: HoldMerger,
    stored: Option<HoldSpan>,
}

impl Holds {
    /// Goes on with what an earlier run left.
    pub(super) fn resume(store: &Store, autoscaler: &Resource) -> Self {
        let stored = store.kv(&key(autoscaler));
        let stored: Option<HoldSpan> = stored.and_then(|text| serde_json::from_str(&text).ok());
        Self {
            merger: stored.map_or_else(HoldMerger::new, HoldMerger::resume),
            stored,
        }
    }

    /// Takes the hold of a decision; writes down what ended by it and what goes on.
    pub(super) async fn take(
        &mut self,
        context: &Context,
        autoscaler: &Resource,
        manager: &Resource,
        now: Timestamp,
        hold: Option<Hold>,
    ) {
        let tells = |span: &HoldSpan| span.duration() >= SHORTEST;
        let ended = self.merger.take(now, hold).filter(tells);
        let open = self.merger.latest().copied().filter(tells);
        let entry = ended.map(|span| Write::Log(entry(context, autoscaler, manager, &span)));
        let open_write = is_news(self.stored.as_ref(), open.as_ref()).then(|| Write::Kv {
            key: key(autoscaler),
            value: open.map(|span| json!(span).to_string()),
        });
        let stores = open_write.is_some();
        let writes: Vec<Write> = entry.into_iter().chain(open_write).collect();
        if writes.is_empty() {
            return;
        }
        match context.store.commit(writes).await {
            Ok(()) if stores => self.stored = open,
            Ok(()) => {}
            Err(error) => {
                let autoscaler = &autoscaler.key.name;
                tracing::error!(autoscaler, %error, "a hold could not be recorded");
            }
        }
    }
}

/// Removes what is stored of autoscalers that are no more.
pub(super) async fn forget(context: &Context, autoscalers: &[Arc<Resource>]) {
    let stored = context.store.kv_prefix(OPEN);
    let orphans = stored.into_keys().filter(|stored| {
        autoscalers
            .iter()
            .all(|autoscaler| key(autoscaler) != *stored)
    });
    let writes: Vec<Write> = orphans.map(|key| Write::Kv { key, value: None }).collect();
    if writes.is_empty() {
        return;
    }
    if let Err(error) = context.store.commit(writes).await {
        tracing::error!(%error, "the holds of deleted autoscalers could not be removed");
    }
}

fn key(autoscaler: &Resource) -> String {
    format!("{OPEN}{}", autoscaler.id)
}

/// Whether `open` has to be stored in place of `stored`.
fn is_news(stored: Option<&HoldSpan>, open: Option<&HoldSpan>) -> bool {
    match (stored, open) {
        (None, None) => false,
        (Some(stored), Some(open)) => {
            stored.from != open.from || open.to.since(stored.to) >= STORE_EVERY
        }
        _ => true,
    }
}

fn entry(
    context: &Context,
    autoscaler: &Resource,
    manager: &Resource,
    span: &HoldSpan,
) -> LogEntry {
    let project = context.store.project();
    let labels = autoscaler_labels(project, autoscaler, manager);
    let mut payload = json!(span);
    payload["message"] = json!(span.sentence(|at| format!("{} UTC", at.utc_clock())));
    let mut body: Map<String, Value> = Map::new();
    body.insert("severity".into(), json!("INFO"));
    body.insert(
        "resource".into(),
        json!({"type": "autoscaler", "labels": labels}),
    );
    body.insert("jsonPayload".into(), payload);
    LogEntry::new(span.to, format!("projects/{project}/logs/{LOG}"), body)
}
