//! The page at `/`.

use leptos::prelude::*;

use super::proof::Proof;
use crate::{context, shell::PageTitle, theme::ThemeToggle};

/// What FlaskScale is, and the proof that it works.
#[component]
pub(crate) fn HomePage() -> impl IntoView {
    let services = context::services();
    view! {
        <PageTitle text="A web app that grows with its load" />
        <header class="site">
            <a class="brand" href="/">"FlaskScale"</a>
            <nav aria-label="Site"><a href="/admin">"Console"</a></nav>
            <ThemeToggle />
        </header>
        <main id="main" class="home">
            <section class="hero">
                <h1>"A web app that grows and shrinks with its load, and says why."</h1>
                <p class="lead">
                    "FlaskScale runs your container on a group of machines. When load rises, machines are
                    added; when it falls, they go. Every step carries its reason, in words."
                </p>
            </section>
            {services.public_status.then(|| view! { <Proof /> })}
            <Story />
        </main>
        <footer class="site">
            <p class="muted small">{format!("FlaskScale {}", services.version)}</p>
        </footer>
    }
}

#[component]
fn Story() -> impl IntoView {
    view! {
        <section class="story" aria-label="What it does">
            <article>
                <h2>"See why"</h2>
                <p>
                    "Size, load and limits on one time axis. Each scaling event names the signal that
                    caused it, the value it had and what held it back."
                </p>
            </article>
            <article>
                <h2>"Change how"</h2>
                <p>
                    "Bounds and targets are a form. It shows what will change before it does, keeps who
                    changed it and when, and takes it back with one button."
                </p>
            </article>
            <article>
                <h2>"Try it first"</h2>
                <p>
                    "The same program brings its own cloud: real processes behind a real load balancer,
                    on a laptop, with no account. "
                    <code>"flaskscale up"</code>
                    " is all it takes."
                </p>
            </article>
        </section>
    }
}
