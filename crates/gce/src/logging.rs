//! Logging v2: entries.

use std::collections::BTreeMap;

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::monitoring::Labelled;
use crate::request::new_request_id;
use crate::{Client, Error};

/// One entry of a log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LogEntry {
    /// `projects/P/logs/ID`, the id URL-encoded.
    pub log_name: String,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<Labelled>,
    /// RFC 3339, ending in `Z`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// `INFO` and the like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// With the timestamp, what makes an entry unique.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insert_id: Option<String>,
    /// A structured payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json_payload: Option<Value>,
    /// The payload of an audit log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proto_payload: Option<Value>,
    /// A line of text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_payload: Option<String>,
    /// Values by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The operation it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<EntryOperation>,
    /// What this client has no name for, unchanged.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Which operation an entry belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EntryOperation {
    /// The operation's name.
    pub id: String,
    /// Who names operations so: `compute.googleapis.com`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub producer: Option<String>,
    /// It is the operation's first entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<bool>,
    /// It is the operation's last entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<bool>,
}

/// Which entries to read, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Logging's filter language.
    pub filter: String,
    /// At most 1000.
    pub page_size: u32,
    /// From the page before, whose query must have been the same.
    pub page_token: Option<String>,
}

/// Some entries. A page may be empty and still not be the last.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EntryPage {
    /// Newest first.
    pub entries: Vec<LogEntry>,
    /// Absent on the last page.
    pub next_page_token: Option<String>,
}

impl Client {
    /// The full name of a log of this project; `/` in the id is encoded.
    pub fn log_name(&self, id: &str) -> String {
        format!(
            "projects/{}/logs/{}",
            self.project(),
            id.replace('/', "%2F")
        )
    }

    /// Reads one page of entries, newest first.
    pub async fn log_entries(&self, query: &Query) -> Result<EntryPage, Error> {
        let body = json!({
            "resourceNames": [format!("projects/{}", self.project())],
            "filter": query.filter,
            "orderBy": "timestamp desc",
            "pageSize": query.page_size,
        });
        let request = self.logging(Method::POST, &["entries:list"])?;
        let mut request = request.body(body).token_in_body().repeatable();
        if let Some(token) = &query.page_token {
            request = request.with_page_token(token);
        }
        self.send(&request).await
    }

    /// Writes entries. Each gets an insert id if it has none: with a timestamp of its own that makes
    /// it unique, so that a repetition after a lost answer does not show twice.
    pub async fn write_log_entries(&self, mut entries: Vec<LogEntry>) -> Result<(), Error> {
        for entry in &mut entries {
            entry.insert_id.get_or_insert_with(new_request_id);
        }
        let request = self.logging(Method::POST, &["entries:write"])?;
        let mut request = request.body(json!({ "entries": entries }));
        if entries.iter().all(|entry| entry.timestamp.is_some()) {
            request = request.repeatable();
        }
        self.send::<Value>(&request).await.map(drop)
    }
}
