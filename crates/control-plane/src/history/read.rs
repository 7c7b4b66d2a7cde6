//! Reading a group's history page by page.

use std::collections::HashSet;

use gce::logging::{LogEntry, Query};
use gce::{Client, Error};

use super::entry::{entry_of, is_ours};
use super::filter::{self, Subject};
use super::{HistoryEntry, HistoryPage, HistoryQuery};

const DEFAULT_PAGE: u32 = 50;
const LARGEST_PAGE: u32 = 200;
/// Logging may answer with an empty page and more to come; a reader gets none of those.
const ASK_AT_MOST: usize = 5;

/// A page with at least one entry, unless there are no more.
pub(crate) async fn page(
    client: &Client,
    subject: &Subject,
    query: HistoryQuery,
) -> Result<HistoryPage, Error> {
    let page_size = if query.page_size == 0 {
        DEFAULT_PAGE
    } else {
        query.page_size
    };
    let mut query = Query {
        filter: filter::history(client, subject, query.kind),
        page_size: page_size.min(LARGEST_PAGE),
        page_token: query.page_token,
    };
    let mut page = HistoryPage::default();
    for _ in 0..ASK_AT_MOST {
        let answer = client.log_entries(&query).await?;
        page.entries = joined(client, &answer.entries).await?;
        page.next_page_token = answer.next_page_token.filter(|token| !token.is_empty());
        query.page_token.clone_from(&page.next_page_token);
        if !page.entries.is_empty() || query.page_token.is_none() {
            break;
        }
    }
    Ok(page)
}

/// Joins our record of a change with Google's entry about it, by operation: ours says who did it, so
/// ours is shown, on whichever page it is, and Google's is not.
async fn joined(client: &Client, entries: &[LogEntry]) -> Result<Vec<HistoryEntry>, Error> {
    let mut recorded = operations(entries.iter().filter(|entry| is_ours(entry)));
    let missing: Vec<String> = operations(entries.iter().filter(|entry| !is_ours(entry)))
        .difference(&recorded)
        .cloned()
        .collect();
    recorded.extend(recorded_elsewhere(client, missing).await?);
    let shown = entries.iter().filter_map(|entry| {
        let event = entry_of(entry)?;
        let operation = event.operation.as_deref().unwrap_or_default();
        (is_ours(entry) || !recorded.contains(operation)).then_some(event)
    });
    Ok(shown.collect())
}

fn operations<'a>(entries: impl Iterator<Item = &'a LogEntry>) -> HashSet<String> {
    entries
        .filter_map(|entry| entry_of(entry)?.operation)
        .collect()
}

/// Which of these operations have a record of ours on another page.
async fn recorded_elsewhere(
    client: &Client,
    operations: Vec<String>,
) -> Result<HashSet<String>, Error> {
    if operations.is_empty() {
        return Ok(HashSet::new());
    }
    let query = Query {
        filter: filter::records_of(client, &operations),
        page_size: operations.len() as u32,
        page_token: None,
    };
    let answer = client.log_entries(&query).await?;
    Ok(self::operations(
        answer.entries.iter().filter(|entry| is_ours(entry)),
    ))
}
