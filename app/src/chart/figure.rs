//! One chart: heading, read-out, picture, caption and table.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{KeyboardEvent, PointerEvent};

use super::{
    axis::{self, Tick},
    model::{Chart, Look, MarkKind, Series},
    path::{self, Scale},
    table::ChartTable,
};
use crate::text;

/// The share of the time axis that one press of an arrow key moves the cursor by.
const KEY_STEP: f64 = 0.01;

/// A chart whose cursor is shared with the charts beside it.
#[component]
pub fn ChartFigure(
    /// What to draw; a new value is drawn in place of the old one.
    #[prop(into)]
    chart: Signal<Chart>,
    /// Where on the time axis people look, 0 to 1; `None` shows the latest values.
    cursor: RwSignal<Option<f64>>,
) -> impl IntoView {
    view! {
        <figure class="chart">
            <figcaption>
                <h3>{move || chart.with(|chart| chart.title.clone())}</h3>
                <Readout chart cursor />
            </figcaption>
            <div
                class="chart-box"
                role="group"
                tabindex="0"
                aria-label=move || chart.with(|chart| {
                    format!("{}. Move along the time axis with the arrow keys.", chart.title)
                })
                on:pointermove=move |event| cursor.set(share_under(&event))
                on:pointerleave=move |_| cursor.set(None)
                on:blur=move |_| cursor.set(None)
                on:keydown=move |event| move_by_key(&event, cursor)
            >
                {move || chart.with(draw_values)}
                <svg class="plot" role="img" aria-label=move || chart.with(|c| c.caption.clone())>
                    {move || chart.with(draw_plot)}
                    <line
                        class="cursor"
                        class:hidden=move || cursor.get().is_none()
                        x1=move || at_percent(cursor.get().unwrap_or_default())
                        x2=move || at_percent(cursor.get().unwrap_or_default())
                        y1="0"
                        y2="100%"
                    />
                </svg>
                {move || chart.with(draw_times)}
            </div>
            <p class="caption">{move || chart.with(|chart| chart.caption.clone())}</p>
            <details class="chart-table">
                <summary>"Numbers"</summary>
                {move || view! { <ChartTable chart=chart.get() /> }}
            </details>
        </figure>
    }
}

/// The legend, with the values under the cursor or the latest ones.
#[component]
fn Readout(
    /// The chart that is read.
    chart: Signal<Chart>,
    /// Where it is read.
    cursor: RwSignal<Option<f64>>,
) -> impl IntoView {
    move || {
        chart.with(|chart| {
            let share = cursor.get();
            let at = (share.unwrap_or(1.0) * chart.span() as f64) as i64;
            let when = share.map(|_| text::clock_time(chart.from + at));
            let mark = share
                .and_then(|_| chart.mark_near(at))
                .map(|mark| mark.text.clone());
            let values = legend(chart, at);
            view! {
                <p class="readout">
                    <span class="when">{when.unwrap_or_else(|| "now".to_owned())}</span>
                    {values}
                    <span class="mark-text">{mark}</span>
                </p>
            }
        })
    }
}

fn legend(chart: &Chart, at: i64) -> Vec<impl IntoView + use<>> {
    chart
        .series
        .iter()
        .rev()
        .filter(|series| series.look != Look::Overload)
        .map(|series| {
            let value = series
                .value_at(at, chart.reach())
                .map_or_else(|| "–".to_owned(), |value| chart.unit.show(value));
            view! {
                <span class=format!("key {}", series.look.class())>
                    <svg class="swatch" aria-hidden="true" viewBox="0 0 16 8">
                        <path d="M0 4H16" />
                    </svg>
                    {series.name.clone()}
                    " "
                    <b>{value}</b>
                </span>
            }
        })
        .collect()
}

fn draw_plot(chart: &Chart) -> impl IntoView + use<> {
    let axis = axis::values(chart);
    let scale = Scale::new(chart, axis.top);
    let grid: Vec<_> = axis
        .ticks
        .iter()
        .map(|tick| grid_line(1.0 - tick.place))
        .collect();
    let shapes: Vec<_> = chart
        .series
        .iter()
        .map(|series| draw_series(&scale, series))
        .collect();
    let view_box = format!("0 0 {} {}", path::WIDTH, path::HEIGHT);
    view! {
        <g class="grid">{grid}</g>
        <svg viewBox=view_box preserveAspectRatio="none" width="100%" height="100%">
            <path class="band" d=band(&scale, chart) />
            {shapes}
        </svg>
        <g class="marks">{draw_marks(chart)}</g>
        {chart.is_empty().then(|| view! {
            <text class="nothing" x="50%" y="50%" text-anchor="middle">"No data in this window yet"</text>
        })}
    }
}

/// A line across a plot, a share of its height below its upper end.
pub fn grid_line(place: f64) -> impl IntoView {
    let y = at_percent(place);
    view! { <line x1="0" x2="100%" y1=y.clone() y2=y /> }
}

fn draw_series(scale: &Scale, series: &Series) -> impl IntoView + use<> {
    let class = series.look.class();
    let area = series.look.fills().then(|| scale.area(series));
    view! {
        {area.map(|d| view! { <path class=format!("area {class}") d=d /> })}
        <path class=format!("line {class}") d=scale.line(series) />
    }
}

fn band(scale: &Scale, chart: &Chart) -> String {
    let mut bounds = chart
        .series
        .iter()
        .filter(|series| series.look == Look::Bound);
    match (bounds.next(), bounds.next()) {
        (Some(low), Some(high)) => scale.band(low, high),
        _ => String::new(),
    }
}

/// Scaling events are circles and policy changes are squares, both on the time axis.
fn draw_marks(chart: &Chart) -> Vec<impl IntoView + use<>> {
    chart
        .marks
        .iter()
        .map(|mark| {
            let x = at_percent(mark.at as f64 / chart.span() as f64);
            let class = match mark.kind {
                MarkKind::Scaling => "mark scaling",
                MarkKind::Change => "mark change",
            };
            let square = mark.kind == MarkKind::Change;
            view! {
                <g class=class>
                    <title>{mark.text.clone()}</title>
                    <line x1=x.clone() x2=x.clone() y1="0" y2="100%" />
                    <svg x=x y="100%" overflow="visible">
                        {if square {
                            view! { <rect x="-4" y="-9" width="8" height="8" /> }.into_any()
                        } else {
                            view! { <circle cx="0" cy="-5" r="4" /> }.into_any()
                        }}
                    </svg>
                </g>
            }
        })
        .collect()
}

fn draw_values(chart: &Chart) -> impl IntoView + use<> {
    labels_beside(axis::values(chart).ticks)
}

/// Labels on the left of a plot, from its lower end.
pub fn labels_beside(ticks: Vec<Tick>) -> impl IntoView {
    let labels: Vec<_> = ticks
        .into_iter()
        .map(|Tick { place, label }| {
            view! { <text x="100%" y=at_percent(1.0 - place) text-anchor="end">{label}</text> }
        })
        .collect();
    view! { <svg class="value-axis" aria-hidden="true">{labels}</svg> }
}

fn draw_times(chart: &Chart) -> impl IntoView + use<> {
    labels_below(axis::times(chart))
}

/// Labels below a plot, from its left end.
pub fn labels_below(ticks: Vec<Tick>) -> impl IntoView {
    let labels: Vec<_> = ticks
        .into_iter()
        .map(|Tick { place, label }| {
            view! { <text x=at_percent(place) y="14" text-anchor="middle">{label}</text> }
        })
        .collect();
    view! { <svg class="time-axis" aria-hidden="true">{labels}</svg> }
}

fn at_percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

/// Where on the plot the pointer is; the plot is the box without its value axis.
fn share_under(event: &PointerEvent) -> Option<f64> {
    let chart_box = event
        .current_target()?
        .dyn_into::<web_sys::Element>()
        .ok()?;
    let plot = chart_box
        .query_selector(".plot")
        .ok()??
        .get_bounding_client_rect();
    let share = (f64::from(event.client_x()) - plot.left()) / plot.width();
    (0.0..=1.0).contains(&share).then_some(share)
}

fn move_by_key(event: &KeyboardEvent, cursor: RwSignal<Option<f64>>) {
    let now = cursor.get_untracked().unwrap_or(1.0);
    let next = match event.key().as_str() {
        "ArrowLeft" => now - KEY_STEP,
        "ArrowRight" => now + KEY_STEP,
        "Home" => 0.0,
        "End" => 1.0,
        "Escape" => return cursor.set(None),
        _ => return,
    };
    event.prevent_default();
    cursor.set(Some(next.clamp(0.0, 1.0)));
}
