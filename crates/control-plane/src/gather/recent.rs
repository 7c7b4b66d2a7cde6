use std::collections::BTreeMap;
use std::time::Duration;

use autoscaler::Timestamp;
use gce::logging::Query;
use gce::{Client, Error};

use crate::history::{RESIZE, entry_of, group_key};
use crate::{GroupId, HistoryEntry, time};

/// How far back a group's last event may lie to be found.
const LOOK_BACK: Duration = Duration::from_hours(30 * 24);
/// Enough to hold the last event of each of some groups, busy neighbours included.
const ENTRIES: u32 = 200;

/// The last change of each group's recommended size.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent(BTreeMap<(String, String), HistoryEntry>);

impl Recent {
    pub(crate) fn of(&self, id: &GroupId) -> Option<HistoryEntry> {
        self.0
            .get(&(id.location.name().to_owned(), id.name.clone()))
            .cloned()
    }
}

/// One query for all groups.
pub(crate) async fn recent(client: Client) -> Result<Recent, Error> {
    let since = Timestamp(time::now(&client).0 - LOOK_BACK.as_millis() as i64);
    let query = Query {
        filter: format!(
            "resource.type=\"autoscaler\" AND protoPayload.methodName=\"{RESIZE}\" AND timestamp>=\"{}\"",
            time::format(since)
        ),
        page_size: ENTRIES,
        page_token: None,
    };
    let mut recent = Recent::default();
    for entry in client.log_entries(&query).await?.entries {
        if let (Some(key), Some(event)) = (group_key(&entry), entry_of(&entry)) {
            // Entries come newest first.
            recent.0.entry(key).or_insert(event);
        }
    }
    Ok(recent)
}
