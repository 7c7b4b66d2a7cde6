//! A message from one request to the page that follows it, in a cookie.
//!
//! A query parameter would do too, but then any link could put words into the console's mouth.

use leptos::prelude::*;

use crate::{context, parts::Notice};

const NAME: &str = "flash";
/// Long enough for a redirect, too short to surprise anybody later.
const SECONDS: u32 = 30;

/// What kind of message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something was done.
    Done,
    /// Something was refused.
    Refused,
}

/// Shows `text` on the next page.
pub fn set(kind: Kind, text: &str) {
    let mark = if kind == Kind::Done { '+' } else { '-' };
    let value = context::encode(text);
    context::set_cookie(&format!(
        "{NAME}={mark}{value}; Path=/admin; Max-Age={SECONDS}; HttpOnly; SameSite=Strict"
    ));
}

/// Takes the message that the request before left.
fn take() -> Option<(Kind, String)> {
    let value = context::cookie(NAME)?;
    context::set_cookie(&format!(
        "{NAME}=; Path=/admin; Max-Age=0; HttpOnly; SameSite=Strict"
    ));
    let kind = if value.starts_with('+') {
        Kind::Done
    } else {
        Kind::Refused
    };
    let text = context::decode(value.get(1..)?)?;
    Some((kind, text))
}

/// The message that the request before left, if there is one.
#[component]
pub fn Flash() -> impl IntoView {
    take().map(|(kind, text)| {
        let tone = if kind == Kind::Done { "ok" } else { "bad" };
        view! { <Notice tone=tone>{text}</Notice> }
    })
}
