use gce::compute::Operation;
use gce::logging::LogEntry;
use gce::monitoring::Labelled;
use gce::{Client, Error};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Author, Drill, GroupId, time};

/// The log of what people did: Google's own knows only the service account of our instances.
pub(crate) const CHANGES_LOG: &str = "flaskscale-changes";

/// One entry of it, as `jsonPayload`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ChangeRecord {
    /// What was done: one of the constants below.
    pub(crate) action: String,
    /// Who did it.
    pub(crate) actor: String,
    /// With what.
    pub(crate) via: String,
    /// To which group, as [`GroupId`] writes it.
    pub(crate) group: String,
    /// The whole policy before.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(crate) before: Value,
    /// The whole policy after.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(crate) after: Value,
    /// The operation that did it, by which Google's own entry is found.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) operation: String,
    /// What the author said about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) note: String,
    /// The instance of a drill.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) instance: String,
    /// The drill that was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) drill: Option<Drill>,
}

pub(crate) const POLICY_CHANGED: &str = "policy";
pub(crate) const DRILL_STARTED: &str = "drill-start";
pub(crate) const DRILL_STOPPED: &str = "drill-stop";

impl ChangeRecord {
    pub(crate) fn new(action: &str, author: &Author, group: &GroupId) -> Self {
        Self {
            action: action.to_owned(),
            actor: author.name.clone(),
            via: author.via.clone(),
            group: group.to_string(),
            ..Self::default()
        }
    }

    /// Writes down that an operation did it.
    pub(crate) async fn write(
        mut self,
        client: &Client,
        operation: &Operation,
    ) -> Result<(), Error> {
        self.operation.clone_from(&operation.name);
        let project = client.project().to_owned();
        let entry = LogEntry {
            log_name: client.log_name(CHANGES_LOG),
            resource: Some(Labelled {
                kind: "global".to_owned(),
                labels: [("project_id".to_owned(), project)].into(),
            }),
            timestamp: Some(time::format(time::of_operation(client, operation))),
            severity: Some("NOTICE".to_owned()),
            json_payload: serde_json::to_value(self).ok(),
            ..LogEntry::default()
        };
        client.write_log_entries(vec![entry]).await
    }
}
