use leptos::prelude::*;

use crate::text;

/// A point in time as people say it, with the exact time for machines and for the curious.
#[component]
pub fn Moment(
    /// When, on the cloud's clock.
    at: i64,
    /// The cloud's clock now.
    now: i64,
) -> impl IntoView {
    view! {
        <time datetime=text::rfc3339(at) title=text::date_time(at)>
            {text::age(now, at)}
        </time>
    }
}
