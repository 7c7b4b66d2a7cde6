//! Live updates: one event stream per page, followed by every island on it.
//!
//! A message has two lines: the name of the part of the page that it is for, and that part as JSON.
//! The server sends every part once and afterwards those that changed.

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(feature = "ssr")]
pub mod stream;
#[cfg(feature = "hydrate")]
pub use browser::{Connection, connection};

use leptos::prelude::*;
use serde::de::DeserializeOwned;

/// A signal that starts with what the server drew and follows the page's stream.
///
/// On the server it stays at `initial`.
pub fn follow<T>(part: &'static str, initial: T) -> ReadSignal<T>
where
    T: DeserializeOwned + Send + Sync + 'static,
{
    let (value, set_value) = signal(initial);
    #[cfg(feature = "hydrate")]
    browser::subscribe(part, move |json| {
        if let Ok(next) = serde_json::from_str(json) {
            set_value.set(next);
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = (part, set_value);
    value
}
