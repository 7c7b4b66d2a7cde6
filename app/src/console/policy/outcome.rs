//! What a change did, told on the page after it.

use control_plane::{ControlPlane, FieldChange, HistoryEntry, HistoryKind, HistoryQuery};
use leptos::prelude::*;

use super::{Field, Fields};
use crate::{
    console::{
        group::{GroupQuery, Snapshot},
        history::{self, ChangeRow},
    },
    parts::Notice,
};

/// Entries among which a change that was just applied is found.
const RECENT: u32 = 20;

/// The change of the URL's `applied`, from the record itself, with a way back.
pub(crate) async fn outcome(
    control: &ControlPlane,
    query: &GroupQuery,
    snapshot: &Snapshot,
) -> AnyView {
    let Some(operation) = query.applied.as_deref() else {
        return ().into_any();
    };
    match find(control, query, operation).await {
        Some(entry) => applied(&entry, query, snapshot),
        None => view! {
            <Notice tone="ok">"The policy was changed. The history shows it within a minute."</Notice>
        }
        .into_any(),
    }
}

async fn find(control: &ControlPlane, query: &GroupQuery, operation: &str) -> Option<HistoryEntry> {
    let recent = HistoryQuery {
        kind: Some(HistoryKind::Change),
        page_token: None,
        page_size: RECENT,
    };
    let page = control.history(&query.group, recent).await.ok()?;
    page.entries
        .iter()
        .find(|entry| entry.operation.as_deref() == Some(operation))
        .cloned()
}

fn applied(entry: &HistoryEntry, query: &GroupQuery, snapshot: &Snapshot) -> AnyView {
    let row = history::row(entry);
    let changes: Vec<_> = row.changes.iter().map(ChangeRow::text).collect();
    let undo = snapshot
        .group()
        .autoscaler
        .as_ref()
        .map(|autoscaler| (before(&Fields::of(&autoscaler.policy), &entry.changes), autoscaler.hash.clone()))
        .map(|(fields, base)| view! { <Undo group=query.group.to_string() fields=fields base=base /> });
    view! {
        <Notice tone="ok">
            <p>
                <b>"Policy changed: "</b>
                {changes.join(", ")}
                ". "
                <a href=format!("#{}", row.anchor())>"See it in the history"</a>
            </p>
            {undo}
        </Notice>
    }
    .into_any()
}

/// The form's values with each change taken back.
fn before(current: &Fields, changes: &[FieldChange]) -> Fields {
    let mut fields = current.clone();
    for change in changes {
        if let Some(field) = Field::of_pointer(&change.field) {
            fields.set(
                field,
                field.typed(change.before.as_deref().unwrap_or_default()),
            );
        }
    }
    fields
}

#[component]
fn Undo(group: String, fields: Fields, base: String) -> impl IntoView {
    let hidden: Vec<_> = Field::ALL
        .into_iter()
        .map(|field| {
            view! { <input type="hidden" name=field.name() value=fields.posted(field) /> }
        })
        .collect();
    view! {
        <form method="post" action="/api/admin/policy/apply">
            <input type="hidden" name="group" value=group />
            <input type="hidden" name="base" value=base />
            <input type="hidden" name="note" value="Undo" />
            {hidden}
            <button type="submit">"Undo this change"</button>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(field: &str, before: &str, after: &str) -> FieldChange {
        FieldChange {
            field: field.into(),
            before: Some(before.into()),
            after: Some(after.into()),
        }
    }

    #[test]
    fn undo_returns_exactly_what_was_changed() {
        let current = Fields {
            min: "3".into(),
            max: "8".into(),
            cpu: "60".into(),
            ..Fields::default()
        };
        let changes = [
            change("autoscalingPolicy.minNumReplicas", "2", "3"),
            change(
                "autoscalingPolicy.cpuUtilization.utilizationTarget",
                "0.5",
                "0.6",
            ),
        ];
        let fields = before(&current, &changes);
        assert_eq!((fields.min.as_str(), fields.max.as_str()), ("2", "8"));
        assert_eq!(fields.cpu, "50");
    }
}
