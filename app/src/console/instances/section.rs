//! The instances on a group's page, with links to the other pages of a large group.

use leptos::prelude::*;

use super::{InstanceList, InstanceTable};
use crate::{console::group::GroupQuery, text};

/// The instances of a group.
#[component]
pub fn InstanceSection(
    /// A page of them.
    table: InstanceTable,
    /// What the URL says.
    query: GroupQuery,
) -> impl IntoView {
    let total = text::plural(u64::from(table.total), "instance", "instances");
    let (page, pages) = (table.page, table.pages);
    view! {
        <section id="instances" aria-labelledby="instances-title">
            <div class="section-head">
                <h2 id="instances-title">"Instances"</h2>
                {(pages > 1).then(|| view! { <p class="muted">{total}</p> })}
            </div>
            <InstanceList initial=table />
            {(pages > 1).then(|| view! { <Pages page=page pages=pages query=query /> })}
        </section>
    }
}

#[component]
fn Pages(page: u32, pages: u32, query: GroupQuery) -> impl IntoView {
    let link = |to: u32, label: &'static str| {
        (1..=pages).contains(&to).then(|| {
            let there = GroupQuery {
                page: to,
                ..query.clone()
            };
            view! { <a href=there.href("instances")>{label}</a> }
        })
    };
    view! {
        <nav class="pages" aria-label="Pages of instances">
            {link(page - 1, "Previous")}
            <span>{format!("{page} of {pages}")}</span>
            {link(page + 1, "Next")}
        </nav>
    }
}
