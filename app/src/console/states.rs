//! What the console shows instead of data.

use leptos::prelude::*;

use crate::{context, error::AppError, shell::PageTitle};

/// A page of one message.
#[component]
pub(crate) fn Message(
    /// Heading and title.
    #[prop(into)]
    title: String,
    /// What it means and what to do.
    children: Children,
) -> impl IntoView {
    view! {
        <PageTitle text=title.clone() />
        <main id="main" class="message-page">
            <h1>{title}</h1>
            {children()}
        </main>
    }
}

/// The console must not open, as without secrets.
#[component]
pub(crate) fn ConsoleClosed(
    /// Why.
    reason: String,
) -> impl IntoView {
    context::set_status(503);
    view! {
        <Message title="The console is closed">
            <p>{reason}</p>
            <p><a href="/">"To the public site"</a></p>
        </Message>
    }
}

/// There is no cloud to look at.
#[component]
pub(crate) fn NoCloud(
    /// Why, and what to do about it.
    reason: String,
) -> impl IntoView {
    view! {
        <section class="empty-state">
            <h1>"No cloud"</h1>
            <p>{reason}</p>
            <p>"A local cloud starts with " <code>"flaskscale up"</code> "."</p>
        </section>
    }
}

/// An error as a page.
#[component]
pub(crate) fn Failure(
    /// What happened.
    error: AppError,
) -> impl IntoView {
    context::set_status(error.status());
    let (title, next) = match error {
        AppError::Unauthorized => ("Log in first", "/admin/login"),
        AppError::Forbidden => ("Not allowed", "/admin"),
        AppError::NotFound(_) => ("Not found", "/admin"),
        _ => ("Not available", "/admin"),
    };
    view! {
        <Message title=title>
            <p>{error.to_string()}</p>
            <p><a href=next>"Continue"</a></p>
        </Message>
    }
}
