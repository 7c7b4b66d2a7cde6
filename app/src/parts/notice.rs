use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::Moment;

/// A paragraph that must not be overlooked.
#[component]
pub fn Notice(
    /// `ok`, `warn` or `bad`; the style sheet gives each a colour and a sign.
    tone: &'static str,
    /// What it says.
    children: Children,
) -> impl IntoView {
    let role = if tone == "bad" { "alert" } else { "status" };
    view! { <div class=format!("notice {tone}") role=role>{children()}</div> }
}

/// A source of data that does not answer at the moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Which source.
    pub source: String,
    /// What it said.
    pub message: String,
    /// Since when, on the cloud's clock.
    pub since: i64,
}

/// What is stale, since when and why; the data itself stays on the page.
#[component]
pub fn Troubles(
    /// The sources that fail.
    troubles: Vec<Trouble>,
    /// The cloud's clock now.
    now: i64,
) -> impl IntoView {
    troubles
        .into_iter()
        .map(|trouble| {
            view! {
                <Notice tone="warn">
                    <b>{format!("{} is not up to date.", trouble.source)}</b>
                    " Its last answer came "
                    <Moment at=trouble.since now=now />
                    ". "
                    {trouble.message}
                </Notice>
            }
        })
        .collect::<Vec<_>>()
}
