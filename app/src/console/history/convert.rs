//! From the control plane's records to the history.

use control_plane::{FieldChange, HistoryEntry, HistoryPage, short_name};

use super::model::{ChangeRow, HistoryKind, HistoryRow, HistoryView};
use crate::console::{group::signal, policy::Field};

impl From<HistoryKind> for control_plane::HistoryKind {
    fn from(kind: HistoryKind) -> Self {
        match kind {
            HistoryKind::Scaling => Self::Scaling,
            HistoryKind::Change => Self::Change,
            HistoryKind::Status => Self::Status,
            HistoryKind::Hold => Self::Hold,
        }
    }
}

impl From<control_plane::HistoryKind> for HistoryKind {
    fn from(kind: control_plane::HistoryKind) -> Self {
        match kind {
            control_plane::HistoryKind::Scaling => Self::Scaling,
            control_plane::HistoryKind::Change => Self::Change,
            control_plane::HistoryKind::Status => Self::Status,
            control_plane::HistoryKind::Hold => Self::Hold,
        }
    }
}

/// A page of history.
pub fn view(page: &HistoryPage, now: i64) -> HistoryView {
    HistoryView {
        now,
        rows: page.entries.iter().map(row).collect(),
    }
}

/// An entry.
pub fn row(entry: &HistoryEntry) -> HistoryRow {
    HistoryRow {
        at: entry.at.0,
        kind: entry.kind.into(),
        from: entry.from,
        to: entry.to,
        sentence: entry.sentence.clone(),
        signal: signal(entry),
        limit: entry.limit.clone(),
        author: entry.author.as_deref().map(short_name).map(str::to_owned),
        address: entry.author.clone(),
        changes: entry.changes.iter().map(change).collect(),
        note: entry.note.clone(),
        operation: entry.operation.clone(),
    }
}

/// A changed value under the name that the form gives it.
pub(crate) fn change(change: &FieldChange) -> ChangeRow {
    let field = Field::of_pointer(&change.field);
    let show = |value: &Option<String>| match (field, value) {
        (_, None) => "not set".to_owned(),
        (Some(field), Some(value)) => field.show(&field.typed(value)),
        (None, Some(value)) => change.word(value).to_owned(),
    };
    ChangeRow {
        label: field.map_or_else(
            || capital(&change.label()),
            |field| field.label().to_owned(),
        ),
        before: show(&change.before),
        after: show(&change.after),
    }
}

/// The label as the first word of a line.
fn capital(label: &str) -> String {
    let mut letters = label.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(field: &str, before: &str, after: &str) -> String {
        let change = FieldChange {
            field: field.to_owned(),
            before: Some(before.to_owned()),
            after: Some(after.to_owned()),
        };
        super::change(&change).text()
    }

    #[test]
    fn what_the_form_shows_has_the_name_of_its_field() {
        assert_eq!(
            told("cpuUtilization.utilizationTarget", "0.5", "0.6"),
            "CPU target 50\u{202f}% → 60\u{202f}%"
        );
    }

    #[test]
    fn what_it_does_not_show_has_a_name_too() {
        assert_eq!(
            told(
                "cpuUtilization.predictiveMethod",
                "NONE",
                "OPTIMIZE_AVAILABILITY"
            ),
            "Prediction off → on"
        );
        assert_eq!(
            told("scaleInControl.timeWindowSec", "600", "900"),
            "Scale-in window 600 → 900"
        );
    }
}
