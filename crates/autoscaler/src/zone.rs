//! Time zones as data: this crate carries no zone database, so that the browser need not load one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The offsets of one time zone from UTC, and when they change.
///
/// Whoever has a zone database makes it, for the years in which schedules shall be evaluated;
/// before the first change and after the last one the nearest offset holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Unsorted")]
pub struct ZoneTable {
    /// Seconds to add to UTC before the first change.
    first_offset_s: i32,
    /// In the order of time.
    changes: Vec<OffsetChange>,
}

/// From an instant on, another offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetChange {
    /// The first instant of the new offset.
    pub at: Timestamp,
    /// Seconds to add to UTC; positive east of Greenwich.
    pub offset_s: i32,
}

/// The zones that schedules name. UTC is always known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Zones(BTreeMap<String, ZoneTable>);

/// A span in which a zone's offset stays the same, in seconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: i64,
    /// Exclusive.
    pub(crate) until: i64,
    pub(crate) offset: i64,
    /// The offset of the span before; the same where there is none.
    pub(crate) offset_before: i64,
}

static UTC: ZoneTable = ZoneTable {
    first_offset_s: 0,
    changes: Vec::new(),
};

impl ZoneTable {
    /// A zone that has `first_offset_s` seconds until the first of its changes.
    pub fn new(first_offset_s: i32, changes: impl IntoIterator<Item = OffsetChange>) -> Self {
        let mut changes: Vec<OffsetChange> = changes.into_iter().collect();
        changes.sort_by_key(|change| change.at);
        Self {
            first_offset_s,
            changes,
        }
    }

    /// The spans from the one of `instant` on, which is in seconds.
    pub(crate) fn spans_from(&self, instant: i64) -> impl Iterator<Item = Span> {
        let first = self
            .changes
            .partition_point(|change| seconds(change.at) <= instant);
        (first..=self.changes.len()).map(|index| self.span(index))
    }

    /// The span before the change of this index.
    fn span(&self, index: usize) -> Span {
        let before = index.checked_sub(1);
        let from = before.map_or(i64::MIN, |before| seconds(self.changes[before].at));
        let until = self
            .changes
            .get(index)
            .map_or(i64::MAX, |change| seconds(change.at));
        Span {
            from,
            until,
            offset: self.offset(before),
            offset_before: self.offset(before.and_then(|before| before.checked_sub(1))),
        }
    }

    /// The offset from the change of this index on.
    fn offset(&self, change: Option<usize>) -> i64 {
        let offset = change.map_or(self.first_offset_s, |index| self.changes[index].offset_s);
        i64::from(offset)
    }
}

impl Zones {
    /// None but UTC.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a zone, or replaces it.
    pub fn insert(&mut self, name: impl Into<String>, table: ZoneTable) {
        self.0.insert(name.into(), table);
    }

    /// The zone of this name, if it is known.
    pub fn get(&self, name: &str) -> Option<&ZoneTable> {
        self.0.get(name).or((name == "UTC").then_some(&UTC))
    }
}

impl FromIterator<(String, ZoneTable)> for Zones {
    fn from_iter<I: IntoIterator<Item = (String, ZoneTable)>>(zones: I) -> Self {
        Self(zones.into_iter().collect())
    }
}

/// What was written down somewhere, in whatever order.
#[derive(Deserialize)]
struct Unsorted {
    first_offset_s: i32,
    changes: Vec<OffsetChange>,
}

impl From<Unsorted> for ZoneTable {
    fn from(unsorted: Unsorted) -> Self {
        Self::new(unsorted.first_offset_s, unsorted.changes)
    }
}

/// Whole seconds; offsets never change within one.
pub(crate) fn seconds(at: Timestamp) -> i64 {
    at.0.div_euclid(1000)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn berlin() -> ZoneTable {
        let change = |at: i64, offset_s| OffsetChange {
            at: Timestamp(at * 1000),
            offset_s,
        };
        ZoneTable::new(3600, [change(2000, 3600), change(1000, 7200)])
    }

    #[test]
    fn the_spans_of_a_zone_follow_each_other() {
        let spans: Vec<Span> = berlin().spans_from(1000).collect();
        let expected = |from, until, offset, offset_before| Span {
            from,
            until,
            offset,
            offset_before,
        };
        assert_eq!(
            spans,
            [
                expected(1000, 2000, 7200, 3600),
                expected(2000, i64::MAX, 3600, 7200),
            ]
        );
        assert_eq!(
            berlin().spans_from(999).next().unwrap(),
            expected(i64::MIN, 1000, 3600, 3600)
        );
    }

    #[test]
    fn a_table_survives_json_and_is_put_in_order() {
        let text = serde_json::to_string(&berlin()).unwrap();
        assert_eq!(serde_json::from_str::<ZoneTable>(&text).unwrap(), berlin());
        let unsorted = r#"{"first_offset_s":3600,"changes":[
            {"at":2000000,"offset_s":3600},{"at":1000000,"offset_s":7200}]}"#;
        assert_eq!(
            serde_json::from_str::<ZoneTable>(unsorted).unwrap(),
            berlin()
        );
    }

    #[test]
    fn utc_is_always_known_and_nothing_else() {
        let mut zones = Zones::new();
        assert_eq!(zones.get("UTC"), Some(&ZoneTable::default()));
        assert_eq!(zones.get("Europe/Berlin"), None);
        zones.insert("Europe/Berlin", berlin());
        assert_eq!(zones.get("Europe/Berlin"), Some(&berlin()));
    }
}
