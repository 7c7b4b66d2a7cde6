//! What happened to a group, and why: Logging's entries as sentences.

mod activity;
mod author;
mod entry;
mod filter;
mod read;
mod record;

use std::fmt;
use std::str::FromStr;

use autoscaler::Timestamp;
use serde::{Deserialize, Serialize};

use crate::FieldChange;

pub use author::short_name;
pub(crate) use entry::{RESIZE, entry_of, group_key};
pub(crate) use filter::Subject;
pub(crate) use read::page;
pub(crate) use record::{ChangeRecord, DRILL_STARTED, DRILL_STOPPED, POLICY_CHANGED};

/// Which entries to show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct HistoryQuery {
    /// Only of this kind.
    pub kind: Option<HistoryKind>,
    /// From the page before, whose kind and size must have been the same.
    pub page_token: Option<String>,
    /// 1 to 200; 0 means 50.
    pub page_size: u32,
}

/// A part of a group's history.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HistoryPage {
    /// Newest first.
    pub entries: Vec<HistoryEntry>,
    /// Absent on the last page.
    pub next_page_token: Option<String>,
}

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HistoryKind {
    /// The recommended size changed.
    Scaling,
    /// Somebody changed the policy, or started or stopped a drill.
    Change,
    /// The autoscaler's status changed.
    Status,
    /// The group was kept at a size for a while though it could have had another. Only the local
    /// cloud records it.
    Hold,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// When, on the cloud's clock.
    pub at: Timestamp,
    /// What kind of thing.
    pub kind: HistoryKind,
    /// The recommended size before.
    pub from: Option<u32>,
    /// The recommended size after.
    pub to: Option<u32>,
    /// What happened and why; Google's own words where it has some.
    pub sentence: String,
    /// The signal that decided.
    pub signal: Option<Signal>,
    /// The limit that held the size back: `MAX_INSTANCES` and the like.
    pub limit: Option<String>,
    /// Who did it.
    pub author: Option<String>,
    /// With what: `console`, `command line`.
    pub via: Option<String>,
    /// What was changed.
    pub changes: Vec<FieldChange>,
    /// What the author said about it.
    pub note: String,
    /// The operation that did it.
    pub operation: Option<String>,
}

/// The signal that decided a size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Google's word for it: `CPU_UTILIZATION` and the like.
    pub name: String,
    /// What it measured.
    pub value: Option<f64>,
    /// What it aims at.
    pub target: Option<f64>,
    /// The size it asks for.
    pub size: Option<u32>,
}

impl HistoryKind {
    /// All of them, in the order in which a page offers them.
    pub const ALL: [Self; 4] = [Self::Scaling, Self::Change, Self::Status, Self::Hold];

    /// As it stands in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scaling => "scaling",
            Self::Change => "change",
            Self::Status => "status",
            Self::Hold => "hold",
        }
    }
}

impl fmt::Display for HistoryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no kind of history: use scaling, change, status or hold")]
pub struct UnknownKind(String);

impl FromStr for HistoryKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let kind = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        kind.ok_or_else(|| UnknownKind(text.to_owned()))
    }
}
