//! `entries:write`: all entries of a call are stored, or none.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::Method,
    response::Response,
};
use serde_json::{Map, Value, json};

use crate::{
    api::{Cloud, json_body, rpc_answer},
    clock::{parse_rfc3339, rfc3339},
    error::ApiError,
    store::{LogEntry, Write},
};

/// Google's limit for one entry.
const ENTRY_SIZE: usize = 256 << 10;

/// How far ahead of the clock an entry may lie.
const AHEAD: Duration = Duration::from_hours(24);

const SEVERITIES: [&str; 9] = [
    "DEFAULT",
    "DEBUG",
    "INFO",
    "NOTICE",
    "WARNING",
    "ERROR",
    "CRITICAL",
    "ALERT",
    "EMERGENCY",
];

const PAYLOADS: [&str; 3] = ["textPayload", "jsonPayload", "protoPayload"];

pub(crate) async fn write(State(cloud): State<Cloud>, request: Request) -> Response {
    rpc_answer(answer(&cloud, request).await)
}

async fn answer(cloud: &Cloud, request: Request) -> Result<Value, ApiError> {
    let body = json_body(&Method::POST, request.into_body()).await?;
    let entries = body.get("entries").and_then(Value::as_array);
    let entries = entries.ok_or_else(|| ApiError::required("entries"))?;
    let complete = |entry: &Value| complete(cloud, &body, entry).map(Write::Log);
    let writes: Vec<Write> = entries.iter().map(complete).collect::<Result<_, _>>()?;
    if body.get("dryRun") != Some(&json!(true)) {
        cloud.store().commit(writes).await?;
    }
    Ok(json!({}))
}

/// An entry with what the call says for all of them.
fn complete(cloud: &Cloud, call: &Map<String, Value>, entry: &Value) -> Result<LogEntry, ApiError> {
    let Some(mut entry) = entry.as_object().cloned() else {
        return Err(ApiError::invalid(
            "entries",
            &entry.to_string(),
            "It must hold objects.",
        ));
    };
    for field in ["logName", "resource"] {
        if let Some(value) = call.get(field).filter(|_| !entry.contains_key(field)) {
            entry.insert(field.to_owned(), value.clone());
        }
    }
    if let Some(Value::Object(labels)) = call.get("labels") {
        let own = entry.entry("labels").or_insert_with(|| json!({}));
        for (name, value) in labels {
            if own.get(name).is_none() {
                own[name] = value.clone();
            }
        }
    }
    check(&entry)?;
    let name = log_name(cloud, &entry)?;
    let now = cloud.clock().now();
    let at = match entry.get("timestamp").and_then(Value::as_str) {
        None => now,
        Some(text) => parse_rfc3339(text)
            .filter(|at| at.0 <= now.0 + AHEAD.as_millis() as i64)
            .ok_or_else(|| {
                let why = "It must be RFC 3339, and at most 24 hours ahead.";
                ApiError::invalid("timestamp", text, why)
            })?,
    };
    entry
        .entry("resource")
        .or_insert_with(|| json!({"type": "global", "labels": {}}));
    entry.insert("receiveTimestamp".into(), json!(rfc3339(now)));
    Ok(LogEntry::new(at, name, entry))
}

fn check(entry: &Map<String, Value>) -> Result<(), ApiError> {
    if PAYLOADS
        .iter()
        .filter(|payload| entry.contains_key(**payload))
        .count()
        > 1
    {
        return Err(ApiError::bad_request("A log entry has one payload only."));
    }
    if let Some(severity) = entry.get("severity") {
        let known = severity
            .as_str()
            .is_some_and(|severity| SEVERITIES.contains(&severity));
        if !known {
            let why = format!("It must be one of {}.", SEVERITIES.join(", "));
            return Err(ApiError::invalid("severity", &severity.to_string(), &why));
        }
    }
    let size = serde_json::to_string(entry).map_or(0, |text| text.len());
    if size > ENTRY_SIZE {
        let why = "A log entry is at most 256 KB long.";
        return Err(ApiError::invalid("entries", &size.to_string(), why));
    }
    Ok(())
}

/// The name of the log, which must be one of our project.
fn log_name(cloud: &Cloud, entry: &Map<String, Value>) -> Result<String, ApiError> {
    let name = entry.get("logName").and_then(Value::as_str);
    let name = name.ok_or_else(|| ApiError::required("logName"))?;
    let prefix = format!("projects/{}/logs/", cloud.store().project());
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_.-%".contains(&byte);
    match name.strip_prefix(&prefix) {
        Some(id) if !id.is_empty() && id.len() < 512 && id.bytes().all(allowed) => {
            Ok(name.to_owned())
        }
        _ => {
            let why = format!("It must be '{prefix}' and an ID of letters, digits and '/_.-%'.");
            Err(ApiError::invalid("logName", name, &why))
        }
    }
}
