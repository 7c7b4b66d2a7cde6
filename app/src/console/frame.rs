//! What surrounds every page of the console.

use leptos::prelude::*;

use super::{
    connection::ConnectionBadge,
    states::{ConsoleClosed, Failure},
};
use crate::{
    context,
    flash::Flash,
    services::CloudLabel,
    session::{Role, Session},
    shell::PageTitle,
    text,
    theme::ThemeToggle,
};

/// The session of whoever looks, or the page that is shown instead of the console.
pub(crate) fn admit() -> Result<Session, AnyView> {
    if let Err(reason) = context::services().console.clone() {
        return Err(view! { <ConsoleClosed reason=reason /> }.into_any());
    }
    context::require(Role::Viewer).map_err(|error| view! { <Failure error=error /> }.into_any())
}

/// A group in the switcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupLink {
    /// `zone/name` or `region/name`.
    pub id: String,
    /// Whether this is the page of it.
    pub current: bool,
}

/// The top bar, a message from the request before, and the page.
#[component]
pub(crate) fn Frame(
    /// The document's title.
    #[prop(into)]
    title: String,
    /// Where the page's stream is.
    #[prop(into)]
    live: Option<String>,
    /// All groups.
    groups: Vec<GroupLink>,
    /// The cloud's clock.
    now: Option<i64>,
    /// Whoever looks.
    session: Session,
    /// Whether this is the page of faults.
    #[prop(optional)]
    on_faults_page: bool,
    /// The page.
    children: Children,
) -> impl IntoView {
    let drawn_at = now.map(text::clock_time);
    let faults = context::services().faults.is_some();
    view! {
        <PageTitle text=title />
        <header class="bar">
            <a class="brand" href="/admin">"FlaskScale"</a>
            <Switcher groups=groups />
            <CloudBadge />
            {faults.then(|| view! { <a href="/admin/faults" aria-current=on_faults_page.then_some("page")>"Faults"</a> })}
            {drawn_at.map(|drawn_at| view! { <ConnectionBadge drawn_at=drawn_at /> })}
            <span class="space"></span>
            <ThemeToggle />
            <span class="user">{session.user}</span>
            <form method="post" action="/admin/logout">
                <button type="submit" title="Logs this browser out">"Log out"</button>
            </form>
        </header>
        <main id="main" class="console" data-live=live>
            <Flash />
            {children()}
        </main>
    }
}

#[component]
fn Switcher(groups: Vec<GroupLink>) -> impl IntoView {
    let current = groups
        .iter()
        .find(|group| group.current)
        .map(|group| group.id.clone());
    let links: Vec<_> = groups
        .into_iter()
        .map(|group| {
            let path = format!("/admin/groups/{}", group.id);
            let here = group.current.then_some("page");
            view! { <li><a href=path aria-current=here>{group.id}</a></li> }
        })
        .collect();
    view! {
        <details class="switcher">
            <summary>{current.unwrap_or_else(|| "All groups".to_owned())}</summary>
            <nav aria-label="Groups">
                <ul>
                    <li><a href="/admin">"All groups"</a></li>
                    {links}
                </ul>
            </nav>
        </details>
    }
}

#[component]
fn CloudBadge() -> impl IntoView {
    let cloud = context::services().cloud.clone();
    let class = match cloud {
        CloudLabel::Local { .. } => "cloud local",
        CloudLabel::Google { .. } => "cloud google",
        CloudLabel::None => "cloud none",
    };
    view! { <span class=class>{cloud.text()}</span> }
}
