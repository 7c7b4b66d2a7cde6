//! Whether the page hears from the server.

use leptos::prelude::*;

/// Says how old the page is, and that it is live once its stream is open.
#[island]
pub fn ConnectionBadge(
    /// When the page was drawn, as a clock time.
    drawn_at: String,
) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    let (class, label) = {
        use crate::live::{Connection, connection};
        let state = connection();
        let label_state = state.clone();
        let class = move || match state.get() {
            Connection::Idle => "connection",
            Connection::Live => "connection live",
            Connection::Lost => "connection lost",
        };
        let label = move || match label_state.get() {
            Connection::Idle => format!("As of {drawn_at}"),
            Connection::Live => "Live".to_owned(),
            Connection::Lost => "Reconnecting".to_owned(),
        };
        (class, label)
    };
    #[cfg(not(feature = "hydrate"))]
    let (class, label) = (|| "connection", move || format!("As of {drawn_at}"));
    view! { <span class=class role="status">{label}</span> }
}
