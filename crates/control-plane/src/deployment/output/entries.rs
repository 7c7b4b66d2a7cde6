//! Containers' output in Cloud Logging.

use std::collections::HashMap;

use autoscaler::Timestamp;
use gce::logging::{LogEntry, Query};
use gce::{Client, Error};

use crate::time;

/// What Container-Optimized OS sends of its containers' output, with the metadata key
/// `google-logging-enabled`.
const CONTAINERS: &str = "cos_containers";
/// Logging's largest page.
const PAGE: u32 = 1000;
/// Of a long past the newest pages are read: the project may ask sixty times a minute in all.
const FIRST_PAGES: usize = 10;
/// How long after it was received an entry may take to be found.
const LATE_MS: i64 = 60_000;

/// A reader of the entries, each once.
#[derive(Debug)]
pub(super) struct Entries {
    back_ms: i64,
    progress: Option<Progress>,
}

#[derive(Debug)]
struct Progress {
    /// Nothing older is of interest.
    since: Timestamp,
    /// All that was received before was told.
    looked: Timestamp,
    /// What was told of later, and when it was received.
    told: HashMap<EntryId, Timestamp>,
}

/// What makes an entry unique.
type EntryId = (String, String);

/// An entry of one instance.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// The instance's id.
    pub(super) instance: String,
    pub(super) at: Option<String>,
    pub(super) severity: Option<String>,
    pub(super) text: String,
}

/// Some of them, by time.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) entries: Vec<Written>,
    /// There were older ones.
    pub(super) is_cut: bool,
}

impl Entries {
    pub(super) fn since(back_ms: i64) -> Self {
        Self {
            back_ms,
            progress: None,
        }
    }

    /// What was not told yet of these instances.
    ///
    /// An agent may send a line long after it was written, so what is new is known by the time at which
    /// Logging received it; and it is found only some time after that, so the last minute is read again.
    pub(super) async fn read(&mut self, client: &Client, ids: &[&str]) -> Result<Found, Error> {
        if ids.is_empty() {
            return Ok(Found::default());
        }
        let now = time::now(client);
        let filter = self.filter(client, ids, now);
        let most = match self.progress {
            None => FIRST_PAGES,
            Some(_) => usize::MAX,
        };
        let (entries, is_cut) = pages(client, filter, most).await?;
        let entries = self.note(entries, now);
        Ok(Found { entries, is_cut })
    }

    fn filter(&self, client: &Client, ids: &[&str], now: Timestamp) -> String {
        let ids: Vec<String> = ids.iter().map(|id| format!("\"{id}\"")).collect();
        let since = self.progress.as_ref().map(|progress| progress.since);
        let since = since.unwrap_or(Timestamp(now.0 - self.back_ms));
        let mut filter = format!(
            "logName=\"{}\" AND timestamp>=\"{}\" AND resource.labels.instance_id=({})",
            client.log_name(CONTAINERS),
            time::format(since),
            ids.join(" OR ")
        );
        if let Some(progress) = &self.progress {
            let received = time::format(Timestamp(progress.looked.0 - LATE_MS));
            filter.extend([" AND receiveTimestamp>=\"", &received, "\""]);
        }
        filter
    }

    /// Keeps what is new of these, which are the newest first, and remembers it.
    fn note(&mut self, entries: Vec<LogEntry>, now: Timestamp) -> Vec<Written> {
        let back_ms = self.back_ms;
        let progress = self.progress.get_or_insert_with(|| Progress {
            since: Timestamp(now.0 - back_ms),
            looked: now,
            told: HashMap::new(),
        });
        let by_time = entries.into_iter().rev();
        let new = by_time.filter(|entry| {
            let received = received(entry).unwrap_or(now);
            progress.told.insert(id(entry), received).is_none()
        });
        let new: Vec<Written> = new.filter_map(written).collect();
        progress.looked = now;
        let earliest = now.0 - LATE_MS;
        progress.told.retain(|_, received| received.0 >= earliest);
        new
    }
}

/// At most so many pages, the newest entry first, and whether there are more.
async fn pages(
    client: &Client,
    filter: String,
    most: usize,
) -> Result<(Vec<LogEntry>, bool), Error> {
    let mut query = Query {
        filter,
        page_size: PAGE,
        page_token: None,
    };
    let mut entries = Vec::new();
    for _ in 0..most {
        let page = client.log_entries(&query).await?;
        entries.extend(page.entries);
        query.page_token = page.next_page_token.filter(|token| !token.is_empty());
        if query.page_token.is_none() {
            break;
        }
    }
    Ok((entries, query.page_token.is_some()))
}

fn id(entry: &LogEntry) -> EntryId {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    (text(&entry.timestamp), text(&entry.insert_id))
}

fn received(entry: &LogEntry) -> Option<Timestamp> {
    time::parse(entry.other.get("receiveTimestamp")?.as_str()?)
}

/// The agent puts a container's line into `jsonPayload.message`, or `textPayload`; a line that was
/// JSON itself becomes the payload.
fn written(entry: LogEntry) -> Option<Written> {
    let instance = entry.resource.as_ref()?.label("instance_id").to_owned();
    let structured = entry.json_payload.as_ref();
    let message = structured.and_then(|payload| payload["message"].as_str());
    let text = match (message.or(entry.text_payload.as_deref()), structured) {
        (Some(text), _) => text.trim_end().to_owned(),
        (None, payload) => payload?.to_string(),
    };
    Some(Written {
        instance,
        at: entry.timestamp,
        severity: entry.severity.filter(|severity| severity != "DEFAULT"),
        text,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::{Value, json};

    use super::*;

    fn entry(id: &str, second: u32, received: u32, payload: Value) -> LogEntry {
        let mut entry = json!({
            "resource": {"type": "gce_instance", "labels": {"instance_id": "42"}},
            "timestamp": format!("2026-11-24T03:31:{second:02}Z"),
            "receiveTimestamp": format!("2026-11-24T03:31:{received:02}Z"),
            "insertId": id,
        });
        let payload = payload.as_object().unwrap().clone();
        entry.as_object_mut().unwrap().extend(payload);
        serde_json::from_value(entry).unwrap()
    }

    #[test]
    fn a_line_is_where_the_agent_put_it() {
        let text = |payload: Value| written(entry("a", 1, 1, payload)).unwrap().text;
        assert_eq!(
            text(json!({"jsonPayload": {"message": "hello\n"}})),
            "hello"
        );
        assert_eq!(text(json!({"textPayload": "hello"})), "hello");
        assert_eq!(text(json!({"jsonPayload": {"a": 1}})), "{\"a\":1}");
        assert!(written(entry("a", 1, 1, json!({}))).is_none());
    }

    #[test]
    fn every_entry_is_told_once_however_often_it_is_read_and_however_late_it_comes() {
        let at = |second| time::parse(&format!("2026-11-24T03:31:{second:02}Z")).unwrap();
        let line = |id, second, received| entry(id, second, received, json!({"textPayload": id}));
        let texts = |told: Vec<Written>| {
            let texts = told.into_iter().map(|line| line.text);
            texts.collect::<Vec<_>>().join(" ")
        };
        let mut entries = Entries::since(60_000);
        let first = vec![line("b", 2, 2), line("a", 1, 1)];
        assert_eq!(texts(entries.note(first, at(10))), "a b");
        // Read again with one that was written before them, and sent after.
        let again = vec![line("b", 2, 2), line("a", 1, 1), line("late", 0, 12)];
        assert_eq!(texts(entries.note(again, at(15))), "late");
        // Two that say the same at the same time are two.
        let twins = vec![
            line("c", 16, 16),
            entry("d", 16, 16, json!({"textPayload": "c"})),
        ];
        assert_eq!(texts(entries.note(twins, at(20))), "c c");
        assert_eq!(texts(entries.note(vec![line("c", 16, 16)], at(25))), "");
    }
}
