use leptos::prelude::*;

use crate::text;

/// A bar for a share of one, with a tick where its target is.
///
/// It is drawn as SVG, since the policy for content forbids inline styles.
#[component]
pub fn Meter(
    /// The share; the bar is full at one, and says so above it.
    #[prop(into)]
    value: Signal<Option<f64>>,
    /// Where the value should be.
    #[prop(into)]
    target: Signal<Option<f64>>,
    /// What is measured, for people who do not see the bar.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let width = move || {
        format!(
            "{:.1}%",
            value.get().unwrap_or_default().clamp(0.0, 1.0) * 100.0
        )
    };
    let at = move || {
        format!(
            "{:.1}%",
            target.get().unwrap_or_default().clamp(0.0, 1.0) * 100.0
        )
    };
    let over = move || matches!((value.get(), target.get()), (Some(v), Some(t)) if v > t);
    let spoken = move || match value.get() {
        Some(value) => format!("{label}: {}", text::percent(value)),
        None => format!("{label}: no data yet"),
    };
    view! {
        <svg class="meter" class:over=over role="img" aria-label=spoken>
            <rect class="meter-track" width="100%" height="100%" rx="3" />
            <rect class="meter-value" width=width height="100%" rx="3" />
            <line
                class="meter-target"
                class:hidden=move || target.get().is_none()
                x1=at
                x2=at
                y1="0"
                y2="100%"
            />
        </svg>
    }
}
