//! Log entries in SQLite: appended with the change they tell of, read by time.

use std::time::Duration;

use autoscaler::Timestamp;
use rusqlite::{Connection, Row, params};
use serde_json::{Map, Value, json};

use crate::clock::rfc3339;

/// One entry of the cloud's log, in the shape of Logging v2.
#[derive(Clone, Debug, PartialEq)]
pub struct LogEntry {
    /// Its place in the order of arrival; 0 before it is stored.
    pub seq: i64,
    pub at: Timestamp,
    /// The full name: `projects/P/logs/cloudaudit.googleapis.com%2Factivity`.
    pub log_name: String,
    pub insert_id: String,
    /// Google's JSON of the entry.
    pub body: Map<String, Value>,
}

impl LogEntry {
    /// Completes a body (`resource`, `severity`, and one payload) with name, time and `insertId`.
    pub fn new(at: Timestamp, log_name: impl Into<String>, mut body: Map<String, Value>) -> Self {
        let log_name = log_name.into();
        let insert_id = match body.get("insertId").and_then(Value::as_str) {
            Some(given) if !given.is_empty() => given.to_owned(),
            _ => format!("{:016x}", rand::random::<u64>()),
        };
        body.insert("logName".into(), json!(log_name));
        body.insert("insertId".into(), json!(insert_id));
        body.insert("timestamp".into(), json!(rfc3339(at)));
        body.entry("receiveTimestamp")
            .or_insert_with(|| json!(rfc3339(at)));
        body.entry("severity").or_insert_with(|| json!("DEFAULT"));
        Self {
            seq: 0,
            at,
            log_name,
            insert_id,
            body,
        }
    }
}

/// Which part of the log to read. Finer filters run over what it gives.
#[derive(Clone, Debug)]
pub struct LogQuery {
    /// Entries at or after this instant.
    pub from: Timestamp,
    /// Entries before or at this instant.
    pub to: Timestamp,
    /// Only this log, by its full name.
    pub log_name: Option<String>,
    pub newest_first: bool,
    /// The `(at, seq)` of the last entry already read; the answer continues behind it.
    pub after: Option<(Timestamp, i64)>,
    pub limit: usize,
}

impl Default for LogQuery {
    fn default() -> Self {
        Self {
            from: Timestamp(i64::MIN),
            to: Timestamp(i64::MAX),
            log_name: None,
            newest_first: false,
            after: None,
            limit: 1000,
        }
    }
}

/// Stores an entry. The same `insertId` at the same instant in the same log is the same entry.
pub(super) fn append(connection: &Connection, entry: &LogEntry) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT OR IGNORE INTO logs (at, log_name, insert_id, body) VALUES (?1, ?2, ?3, ?4)",
    )?;
    let body = Value::Object(entry.body.clone()).to_string();
    statement.execute(params![entry.at.0, entry.log_name, entry.insert_id, body])?;
    Ok(())
}

pub(super) fn query(connection: &Connection, query: &LogQuery) -> rusqlite::Result<Vec<LogEntry>> {
    let (order, beyond) = if query.newest_first {
        ("DESC", "<")
    } else {
        ("ASC", ">")
    };
    let start = if query.newest_first {
        (i64::MAX, i64::MAX)
    } else {
        (i64::MIN, i64::MIN)
    };
    let after = query.after.map_or(start, |(at, seq)| (at.0, seq));
    let mut statement = connection.prepare_cached(&format!(
        "SELECT seq, at, log_name, insert_id, body FROM logs
         WHERE at BETWEEN ?1 AND ?2 AND (?3 IS NULL OR log_name = ?3) AND (at, seq) {beyond} (?4, ?5)
         ORDER BY at {order}, seq {order} LIMIT ?6",
    ))?;
    let bounds = params![
        query.from.0,
        query.to.0,
        query.log_name,
        after.0,
        after.1,
        i64::try_from(query.limit).unwrap_or(i64::MAX)
    ];
    statement.query_map(bounds, entry)?.collect()
}

fn entry(row: &Row<'_>) -> rusqlite::Result<LogEntry> {
    let body: String = row.get(4)?;
    let body = serde_json::from_str(&body).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(4, rusqlite::types::Type::Text, error.into())
    })?;
    Ok(LogEntry {
        seq: row.get(0)?,
        at: Timestamp(row.get(1)?),
        log_name: row.get(2)?,
        insert_id: row.get(3)?,
        body,
    })
}

/// Google keeps audit entries for 400 days; so do we, and never more than this many.
const KEEP_AT_MOST: i64 = 200_000;
const KEEP_FOR: Duration = Duration::from_hours(400 * 24);

/// Forgets what is too old or too much, so that months of use stay bounded.
pub(crate) fn prune(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    let oldest = now.0 - KEEP_FOR.as_millis() as i64;
    connection.execute("DELETE FROM logs WHERE at < ?1", [oldest])?;
    connection.execute(
        "DELETE FROM logs WHERE seq <= (SELECT max(seq) FROM logs) - ?1",
        [KEEP_AT_MOST],
    )?;
    Ok(())
}
