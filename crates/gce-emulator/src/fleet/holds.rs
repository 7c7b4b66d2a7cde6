//! Holds as log entries, so that a history can list them beside the changes.

use std::time::Duration;

use autoscaler::HoldSpan;
use serde_json::{Map, Value, json};

use super::{context::Context, system_metrics::autoscaler_labels};
use crate::{
    resource::Resource,
    store::{LogEntry, Write},
};

/// The log of holds. Google has none, so it is one of ours, beside its audit logs.
const LOG: &str = "flaskscale-holds";

/// A hold of less than this, on the cloud's clock, tells nobody anything.
const SHORTEST: Duration = Duration::from_mins(1);

/// Writes down a hold that has ended.
pub(super) async fn record(
    context: &Context,
    autoscaler: &Resource,
    manager: &Resource,
    span: &HoldSpan,
) {
    if span.duration() < SHORTEST {
        return;
    }
    let entry = entry(context, autoscaler, manager, span);
    if let Err(error) = context.store.commit(vec![Write::Log(entry)]).await {
        tracing::error!(autoscaler = autoscaler.key.name, %error, "a hold could not be recorded");
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
