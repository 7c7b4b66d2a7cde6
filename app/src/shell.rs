//! The document around every page.

use http::request::Parts;
use leptos::{
    hydration::{AutoReload, HydrationScripts},
    prelude::*,
};
use leptos_meta::{MetaTags, Title};

use crate::{app::App, theme};

/// The nonce of a response's content policy; the server's middleware puts it into the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CspNonce(pub String);

/// A favicon of two growing bars, in the page itself so that nobody has to ask for it.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E\
    %3Cpath fill='%232f6fde' d='M1 11h4v4H1zM6 6h4v9H6zM11 1h4v14h-4z'/%3E%3C/svg%3E";

/// The document, from its first byte to its last.
pub(crate) fn shell(options: LeptosOptions) -> impl IntoView {
    let scripts = has_islands(&path());
    if !scripts && let Some(shared) = Owner::current_shared_context() {
        // A page without a script has no use for the data that hydration would need.
        shared.set_is_hydrating(false);
    }
    let style = format!("/{}/{}.css", options.site_pkg_dir, options.output_name);
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme::current().attribute()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content=theme::current().color_scheme() />
                <link rel="icon" href=ICON />
                <link rel="stylesheet" href=style />
                <AutoReload options=options.clone() />
                {scripts.then(|| view! { <HydrationScripts options=options islands=true /> })}
                <MetaTags />
            </head>
            <body>
                <a class="skip" href="#main">"Skip to the content"</a>
                <App />
            </body>
        </html>
    }
}

fn path() -> String {
    use_context::<Parts>()
        .map(|parts| parts.uri.path().to_owned())
        .unwrap_or_default()
}

/// Whether a page has parts that move. The others are complete without any script.
fn has_islands(path: &str) -> bool {
    path == "/admin" || path.starts_with("/admin/groups/")
}

/// The document's title.
///
/// `leptos_meta` writes it unescaped, so whatever could end the element is taken out here.
#[component]
pub(crate) fn PageTitle(
    /// What the page is about.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    let text: String = text
        .chars()
        .filter(|letter| !matches!(letter, '<' | '>' | '&'))
        .collect();
    view! { <Title text=format!("{text} · FlaskScale") /> }
}
