//! The page for everything that is not there.

use leptos::prelude::*;

use crate::{context, shell::PageTitle};

/// Says so, and leads back.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    context::set_status(404);
    view! {
        <PageTitle text="Not found" />
        <main id="main" class="message-page">
            <h1>"There is no such page"</h1>
            <p>"The address may be mistyped, or what it named is gone."</p>
            <p><a href="/">"To the start page"</a> " · " <a href="/admin">"To the console"</a></p>
        </main>
    }
}
