//! The log-in page. The form's other end, with the cookies, belongs to the server.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    console::states::ConsoleClosed, context, parts::Notice, shell::PageTitle, theme::ThemeToggle,
};

/// Asks for the user's name and password.
#[component]
pub(crate) fn LoginPage() -> impl IntoView {
    if let Err(reason) = context::services().console.clone() {
        return view! { <ConsoleClosed reason=reason /> }.into_any();
    }
    let query = use_query_map();
    let error = query.with_untracked(|query| query.get("error"));
    let next = query
        .with_untracked(|query| query.get("next"))
        .filter(|next| context::own_path(next).is_some())
        .unwrap_or_else(|| "/admin".to_owned());
    view! {
        <PageTitle text="Log in" />
        <main id="main" class="login">
            <h1>"FlaskScale"</h1>
            <p class="muted">"Log in to the console."</p>
            {error.as_deref().map(message).map(|text| view! { <Notice tone="bad">{text}</Notice> })}
            <form method="post" action="/admin/login">
                <input type="hidden" name="next" value=next />
                <label for="user">"User"</label>
                <input id="user" name="user" autocomplete="username" value="admin" required />
                <label for="password">"Password"</label>
                <input
                    id="password"
                    name="password"
                    type="password"
                    autocomplete="current-password"
                    required
                    autofocus
                />
                <button type="submit" class="primary">"Log in"</button>
            </form>
            <p class="muted small">
                "The password was printed when the local cloud started for the first time. "
                <code>"flaskscale password"</code>
                " sets a new one."
            </p>
            <footer><a href="/">"Public site"</a><ThemeToggle /></footer>
        </main>
    }
    .into_any()
}

/// What went wrong, without telling whether the name or the password was it.
fn message(error: &str) -> &'static str {
    match error {
        "limited" => "Too many attempts. Wait a minute, then try again.",
        "expired" => "The session has ended. Log in again.",
        _ => "User and password do not match.",
    }
}
