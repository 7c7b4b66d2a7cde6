//! The history on a group's page: filter, list, pages.

use leptos::prelude::*;

use super::{HistoryKind, HistoryList, HistoryView};
use crate::console::group::GroupQuery;

/// What happened, newest first.
#[component]
pub fn HistorySection(
    /// A page of it; `None` while it cannot be read.
    history: Option<HistoryView>,
    /// The next page.
    older: Option<String>,
    /// What the URL says.
    query: GroupQuery,
) -> impl IntoView {
    view! {
        <section id="history" aria-labelledby="history-title">
            <div class="section-head">
                <h2 id="history-title">"History"</h2>
                <Filter query=query.clone() />
            </div>
            {history.map(|history| view! { <HistoryList initial=history /> })}
            <Pages older=older query=query />
        </section>
    }
}

#[component]
fn Filter(query: GroupQuery) -> impl IntoView {
    let kinds = std::iter::once(None).chain(HistoryKind::ALL.map(Some));
    let links: Vec<_> = kinds
        .map(|kind| {
            let there = GroupQuery {
                kind,
                history: None,
                ..query.clone()
            };
            let here = (kind == query.kind).then_some("true");
            let label = kind.map_or("All", HistoryKind::label);
            view! { <li><a href=there.href("history") aria-current=here>{label}</a></li> }
        })
        .collect();
    view! { <nav class="choices" aria-label="Kind of entry"><ul>{links}</ul></nav> }
}

#[component]
fn Pages(older: Option<String>, query: GroupQuery) -> impl IntoView {
    let newest = query.history.is_some().then(|| {
        let there = GroupQuery {
            history: None,
            ..query.clone()
        };
        view! { <a href=there.href("history")>"Newest"</a> }
    });
    let older = older.map(|token| {
        let there = GroupQuery {
            history: Some(token),
            ..query.clone()
        };
        view! { <a href=there.href("history") rel="next">"Older"</a> }
    });
    view! { <nav class="pages" aria-label="Pages of the history">{newest}{older}</nav> }
}
