//! The value of a policy's field over time, from what it is and how it was changed.

use autoscaler::Timestamp;

use super::Series;
use crate::{HistoryEntry, HistoryKind};

/// The field's value from `from` to `to` as steps: two points at the same instant are one jump.
///
/// `events` come newest first. Where a change does not say what was there before (somebody used
/// another tool), the line begins with that change: nothing is invented.
pub(crate) fn steps(
    field: &str,
    current: Option<f64>,
    events: &[HistoryEntry],
    (from, to): (Timestamp, Timestamp),
) -> Series {
    let Some(mut value) = current else {
        return Vec::new();
    };
    let mut newest_first = vec![(to, value)];
    for (at, before) in changes(field, events) {
        // A change may be newer than the answer that `to` was read from.
        let at = at.clamp(from, to);
        newest_first.push((at, value));
        let Some(before) = before else {
            newest_first.reverse();
            return newest_first;
        };
        value = before;
        newest_first.push((at, value));
    }
    newest_first.push((from, value));
    newest_first.reverse();
    newest_first
}

fn changes<'a>(
    field: &'a str,
    events: &'a [HistoryEntry],
) -> impl Iterator<Item = (Timestamp, Option<f64>)> + 'a {
    let made = events
        .iter()
        .filter(|event| event.kind == HistoryKind::Change);
    made.filter_map(move |event| {
        let change = event.changes.iter().find(|change| change.field == field)?;
        Some((
            event.at,
            change
                .before
                .as_ref()
                .and_then(|before| before.parse().ok()),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FieldChange;

    fn change(at: i64, before: Option<&str>, after: &str) -> HistoryEntry {
        HistoryEntry {
            at: Timestamp(at),
            kind: HistoryKind::Change,
            from: None,
            to: None,
            sentence: String::new(),
            signal: None,
            limit: None,
            author: None,
            via: None,
            changes: vec![FieldChange {
                field: "minNumReplicas".to_owned(),
                before: before.map(str::to_owned),
                after: Some(after.to_owned()),
            }],
            note: String::new(),
            operation: None,
        }
    }

    const SPAN: (Timestamp, Timestamp) = (Timestamp(0), Timestamp(100));

    fn series(events: &[HistoryEntry]) -> Vec<(i64, f64)> {
        let series = steps("minNumReplicas", Some(4.0), events, SPAN);
        series
            .into_iter()
            .map(|(at, value)| (at.0, value))
            .collect()
    }

    #[test]
    fn an_unchanged_field_is_a_straight_line() {
        assert_eq!(series(&[]), [(0, 4.0), (100, 4.0)]);
    }

    #[test]
    fn each_change_is_a_jump_at_its_instant() {
        let events = [change(80, Some("3"), "4"), change(20, Some("2"), "3")];
        let jumps = [
            (0, 2.0),
            (20, 2.0),
            (20, 3.0),
            (80, 3.0),
            (80, 4.0),
            (100, 4.0),
        ];
        assert_eq!(series(&events), jumps);
    }

    #[test]
    fn what_is_not_known_is_not_drawn() {
        let events = [change(80, None, "4"), change(20, Some("2"), "3")];
        assert_eq!(series(&events), [(80, 4.0), (100, 4.0)]);
    }

    #[test]
    fn a_policy_without_the_field_has_no_line() {
        assert_eq!(steps("minNumReplicas", None, &[], SPAN), []);
    }
}
