//! The recorded load, asked for when somebody opens the panel.

use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

use super::{Load, Span};
use crate::error::AppError;

/// The load of a group, `zone/name` or `region/name`, which needs no escaping in a URL; or a sentence
/// that says why there is none.
pub(super) async fn load(group: &str, span: Span) -> Result<Load, String> {
    let url = format!(
        "/api/admin/backtest/recording?group={group}&span={}",
        span.slug()
    );
    let (status, text) = get(&url).await.map_err(|_| {
        "The server does not answer. The load is asked for again with the next click.".to_owned()
    })?;
    match status {
        200..=299 => serde_json::from_str(&text).map_err(unreadable),
        401 => Err("You are no longer logged in. Load the page again to log in.".to_owned()),
        _ => Err(refusal(status, &text)),
    }
}

/// A function's own sentence; whatever stands before it, a proxy among them, may answer with anything.
fn refusal(status: u16, text: &str) -> String {
    match serde_json::from_str::<AppError>(text) {
        Ok(refused) => refused.to_string(),
        Err(_) => format!("The server refuses with {status}. Load the page again."),
    }
}

fn unreadable(error: serde_json::Error) -> String {
    format!("The server’s answer cannot be read: {error}. Load the page again.")
}

async fn get(url: &str) -> Result<(u16, String), JsValue> {
    let answer = JsFuture::from(window().fetch_with_str(url)).await?;
    let answer: Response = answer.dyn_into()?;
    let text = JsFuture::from(answer.text()?).await?;
    Ok((answer.status(), text.as_string().unwrap_or_default()))
}
