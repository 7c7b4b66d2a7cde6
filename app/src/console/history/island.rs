//! The history, which grows at its top.

use leptos::prelude::*;

use super::model::{HistoryRow, HistoryView};
use crate::{live, text};

/// Entries with time, sizes, reason, signal, limit, author and changes.
#[island]
pub fn HistoryList(
    /// What the server drew.
    initial: HistoryView,
) -> impl IntoView {
    let history = live::follow("history", initial);
    view! {
        <div class="table-scroll" tabindex="0" role="group" aria-label="History">
            <table class="history">
                <thead>
                    <tr>
                        <th scope="col">"Time"</th>
                        <th scope="col">"Size"</th>
                        <th scope="col">"What and why"</th>
                        <th scope="col">"Signal"</th>
                        <th scope="col">"Limit"</th>
                        <th scope="col">"By"</th>
                    </tr>
                </thead>
                <tbody>
                    <For
                        each=move || history.with(|history| history.rows.clone())
                        key=HistoryRow::anchor
                        children=|row| draw_row(&row)
                    />
                </tbody>
            </table>
        </div>
        {move || history.with(|history| history.rows.is_empty()).then(|| {
            view! { <p class="empty">"Nothing here yet. Scaling events and policy changes appear as they happen."</p> }
        })}
    }
}

fn draw_row(row: &HistoryRow) -> impl IntoView + use<> {
    let changes: Vec<_> = row
        .changes
        .iter()
        .map(|change| {
            view! {
                <li>
                    {change.label.clone()} ": "
                    <del>{change.before.clone()}</del> " → " <ins>{change.after.clone()}</ins>
                </li>
            }
        })
        .collect();
    let changes = (!changes.is_empty()).then(|| view! { <ul class="changes">{changes}</ul> });
    let note = (!row.note.is_empty()).then(|| view! { <p class="note">{row.note.clone()}</p> });
    view! {
        <tr id=row.anchor()>
            <td>
                <time datetime=text::rfc3339(row.at) title=text::date_time(row.at)>
                    {text::date_time(row.at)}
                </time>
            </td>
            <td class=format!("sizes {}", row.direction())>{row.sizes().unwrap_or_else(|| "–".into())}</td>
            <td><p>{row.sentence.clone()}</p>{changes}{note}</td>
            <td>{row.signal.as_ref().map_or_else(|| "–".into(), crate::console::group::Signal::sentence)}</td>
            <td>{row.limit.clone().unwrap_or_else(|| "–".into())}</td>
            <td title=row.address.clone()>{row.author.clone().unwrap_or_else(|| "autoscaler".into())}</td>
        </tr>
    }
}
