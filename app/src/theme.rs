//! Light or dark, remembered in a cookie so that the first byte is right already.

#![allow(
    clippy::unused_async,
    reason = "a server function is asynchronous by contract"
)]

use leptos::prelude::*;

use crate::{context, error::AppError};

const COOKIE: &str = "theme";
const YEAR_SECONDS: u32 = 31_536_000;

/// What the visitor chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    /// What the system says.
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// What the button of the toggle does next.
    const fn next(self) -> Self {
        match self {
            Self::Auto => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::Auto,
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Auto => "Auto",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }

    /// The value of `<html data-theme>`, absent where the system decides.
    pub(crate) fn attribute(self) -> Option<&'static str> {
        (self != Self::Auto).then_some(self.name())
    }

    /// The browser's own colours: form fields and scroll bars.
    pub(crate) const fn color_scheme(self) -> &'static str {
        match self {
            Self::Auto => "light dark",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// The visitor's choice.
pub(crate) fn current() -> Theme {
    context::cookie(COOKIE)
        .and_then(|name| Theme::parse(&name))
        .unwrap_or(Theme::Auto)
}

/// Remembers a choice and returns to the page it was made on.
#[server(prefix = "/api/public", endpoint = "theme")]
pub async fn set_theme(theme: String, back: String) -> Result<(), AppError> {
    let Some(theme) = Theme::parse(&theme) else {
        context::set_status(422);
        return Err(AppError::Invalid(
            "theme has to be auto, light or dark.".into(),
        ));
    };
    context::set_cookie(&format!(
        "{COOKIE}={}; Path=/; Max-Age={YEAR_SECONDS}; SameSite=Lax",
        theme.name()
    ));
    context::redirect(context::own_path(&back).unwrap_or("/"));
    Ok(())
}

/// A button that goes through automatic, light and dark.
#[component]
pub(crate) fn ThemeToggle() -> impl IntoView {
    let theme = current();
    let back = use_context::<http::request::Parts>()
        .and_then(|parts| parts.uri.path_and_query().map(ToString::to_string))
        .unwrap_or_else(|| "/".to_owned());
    view! {
        <form method="post" action="/api/public/theme" class="theme">
            <input type="hidden" name="back" value=back />
            <button type="submit" name="theme" value=theme.next().name() title="Change the colours">
                <svg class="icon" aria-hidden="true" viewBox="0 0 16 16">
                    <path d="M8 1a7 7 0 1 0 0 14A7 7 0 1 0 8 1zm0 1.5a5.5 5.5 0 0 1 0 11z" fill-rule="evenodd" />
                </svg>
                <span class="sr-only">"Colours: "</span>
                {theme.label()}
            </button>
        </form>
    }
}
