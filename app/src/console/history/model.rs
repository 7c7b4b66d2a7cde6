//! What the history shows.

use serde::{Deserialize, Serialize};

use crate::console::group::Signal;

/// What kind of entry it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HistoryKind {
    /// The autoscaler changed the recommended size.
    Scaling,
    /// Somebody changed the policy or started a drill.
    Change,
    /// The autoscaler's own state changed.
    Status,
    /// The group was kept at a size though it could have had another.
    Hold,
}

impl HistoryKind {
    /// Every kind, in the order of the filter.
    pub const ALL: [Self; 4] = [Self::Scaling, Self::Change, Self::Status, Self::Hold];

    /// Its name in URLs.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Scaling => "scaling",
            Self::Change => "change",
            Self::Status => "status",
            Self::Hold => "hold",
        }
    }

    /// Its name on the page.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Scaling => "Scaling",
            Self::Change => "Changes",
            Self::Status => "Status",
            Self::Hold => "Holds",
        }
    }

    /// The kind of a URL's `?kind=`.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.slug() == slug)
    }
}

/// One page of history, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryView {
    /// The cloud's clock when this was read.
    pub now: i64,
    /// The entries of this page.
    pub rows: Vec<HistoryRow>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryRow {
    /// When, on the cloud's clock.
    pub at: i64,
    /// What kind.
    pub kind: HistoryKind,
    /// Recommended size before.
    pub from: Option<u32>,
    /// Recommended size after.
    pub to: Option<u32>,
    /// What happened and why.
    pub sentence: String,
    /// The signal that decided.
    pub signal: Option<Signal>,
    /// What kept the size from following the signal.
    pub limit: Option<String>,
    /// Who did it, as people call them.
    pub author: Option<String>,
    /// The same in full.
    pub address: Option<String>,
    /// What was changed.
    pub changes: Vec<ChangeRow>,
    /// What the author wrote beside it.
    pub note: String,
    /// The operation that did it; names the entry in links.
    pub operation: Option<String>,
}

/// One changed value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRow {
    /// Which one, as people call it.
    pub label: String,
    /// The value before.
    pub before: String,
    /// The value after.
    pub after: String,
}

impl ChangeRow {
    /// `Minimum 2 → 3`.
    pub fn text(&self) -> String {
        format!("{} {} → {}", self.label, self.before, self.after)
    }
}

impl HistoryRow {
    /// The entry's anchor on the page.
    pub fn anchor(&self) -> String {
        match &self.operation {
            Some(operation) => format!("history-{operation}"),
            None => format!("history-{}-{}", self.kind.slug(), self.at),
        }
    }

    /// `2 → 3`, where a size changed.
    pub fn sizes(&self) -> Option<String> {
        match (self.from, self.to) {
            (Some(from), Some(to)) => Some(format!("{from} → {to}")),
            (None, Some(to)) => Some(format!("→ {to}")),
            _ => None,
        }
    }

    /// A sign for the direction: `up`, `down` or the kind.
    pub fn direction(&self) -> &'static str {
        match (self.from, self.to) {
            (Some(from), Some(to)) if to > from => "up",
            (Some(from), Some(to)) if to < from => "down",
            _ => self.kind.slug(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(from: Option<u32>, to: Option<u32>) -> HistoryRow {
        HistoryRow {
            at: 7,
            kind: HistoryKind::Scaling,
            from,
            to,
            sentence: String::new(),
            signal: None,
            limit: None,
            author: None,
            address: None,
            changes: Vec::new(),
            note: String::new(),
            operation: None,
        }
    }

    #[test]
    fn a_scaling_event_shows_both_sizes_and_its_direction() {
        assert_eq!(row(Some(2), Some(3)).sizes().as_deref(), Some("2 → 3"));
        assert_eq!(row(Some(2), Some(3)).direction(), "up");
        assert_eq!(row(Some(3), Some(2)).direction(), "down");
        assert_eq!(row(None, None).direction(), "scaling");
    }

    #[test]
    fn every_kind_survives_its_url() {
        for kind in HistoryKind::ALL {
            assert_eq!(HistoryKind::from_slug(kind.slug()), Some(kind));
        }
        assert_eq!(HistoryKind::from_slug("everything"), None);
    }

    #[test]
    fn an_entry_is_named_by_its_operation() {
        let mut row = row(None, None);
        assert_eq!(row.anchor(), "history-scaling-7");
        row.operation = Some("operation-12".into());
        assert_eq!(row.anchor(), "history-operation-12");
    }
}
