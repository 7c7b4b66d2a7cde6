//! The live parts of a group's page.

use leptos::prelude::*;

use super::model::{Head, Held, Reading, Why};
use crate::{
    chart::{Chart, ChartFigure},
    live,
    parts::{Meter, Moment, Troubles},
    text,
};

/// The status sentence and the four key numbers.
#[island]
pub fn GroupHead(
    /// What the server drew.
    initial: Head,
) -> impl IntoView {
    let head = live::follow("head", initial);
    let sentence = Memo::new(move |_| head.with(|head| head.sentence.clone()));
    view! {
        <p class="status-sentence" aria-live="polite">{sentence}</p>
        {move || head.with(|head| view! { <Troubles troubles=head.troubles.clone() now=head.now /> })}
        <dl class="numbers">
            <div>
                <dt>"Size"</dt>
                <dd>
                    <b>{move || head.with(|head| head.running.to_string())}</b>
                    <span>{move || head.with(Head::size_context)}</span>
                    <small>{move || head.with(|head| head.movement().unwrap_or_else(|| "steady".into()))}</small>
                </dd>
            </div>
            <div>
                <dt>"CPU"</dt>
                <dd>
                    <b>{move || head.with(|head| number(head.cpu, text::percent))}</b>
                    <span>{move || head.with(cpu_context)}</span>
                    <Meter
                        value=Signal::derive(move || head.with(|head| head.cpu.map(|cpu| cpu.value)))
                        target=Signal::derive(move || head.with(|head| head.cpu_target))
                        label="CPU against its target"
                    />
                    <small>{move || head.with(|head| staleness(head.cpu, head.now))}</small>
                </dd>
            </div>
            <div>
                <dt>"Requests"</dt>
                <dd>
                    <b>{move || head.with(|head| number(head.requests, text::rate))}</b>
                    <span>"through the balancer"</span>
                    <small>{move || head.with(|head| staleness(head.requests, head.now))}</small>
                </dd>
            </div>
            <div>
                <dt>"Latency"</dt>
                <dd>
                    <b>{move || head.with(|head| number(head.p95, text::milliseconds))}</b>
                    <span>"95 of 100 are faster"</span>
                    <small>{move || head.with(|head| staleness(head.p95, head.now))}</small>
                </dd>
            </div>
        </dl>
    }
}

fn number(reading: Option<Reading>, show: impl Fn(f64) -> String) -> String {
    reading.map_or_else(|| "–".to_owned(), |reading| show(reading.value))
}

fn staleness(reading: Option<Reading>, now: i64) -> String {
    match reading {
        Some(reading) => reading.staleness(now).unwrap_or_default(),
        None => "no data yet".to_owned(),
    }
}

fn cpu_context(head: &Head) -> String {
    head.cpu_target.map_or_else(
        || "no CPU target".to_owned(),
        |target| format!("of a {} target", text::percent(target)),
    )
}

/// The charts, with one cursor for all of them.
#[island]
pub fn ChartPanel(
    /// What the server drew; later ones have the same charts in the same order.
    initial: Vec<Chart>,
) -> impl IntoView {
    let many = initial.len();
    let charts = live::follow("charts", initial);
    let cursor = RwSignal::new(None);
    let figures: Vec<_> = (0..many)
        .filter_map(|index| {
            let first = charts.with_untracked(|charts| charts.get(index).cloned())?;
            let chart = Memo::new(move |last: Option<&Chart>| {
                charts
                    .with(|charts| charts.get(index).cloned())
                    .or_else(|| last.cloned())
                    .unwrap_or_else(|| first.clone())
            });
            Some(view! { <ChartFigure chart=chart cursor=cursor /> })
        })
        .collect();
    view! { <div class="charts">{figures}</div> }
}

/// Why the group has this size.
#[island]
pub fn WhyPanel(
    /// What the server drew.
    initial: Why,
) -> impl IntoView {
    let why = live::follow("why", initial);
    move || why.with(draw_why)
}

fn draw_why(why: &Why) -> impl IntoView + use<> {
    let now = why.now;
    let reason = why.reason.clone().unwrap_or_else(|| {
        "The autoscaler has not changed the size since records began.".to_owned()
    });
    let details: Vec<_> = why
        .details
        .iter()
        .map(|detail| view! { <li>{detail.clone()}</li> })
        .collect();
    view! {
        <p class="reason">{reason}</p>
        <dl class="facts">
            {fact("Recommended size", why.recommended.map(|size| size.to_string()))}
            {fact("Mode", why.mode.clone())}
            {fact("Signal", why.signal.as_ref().map(super::model::Signal::sentence))}
            {fact("Limited by", why.limit.clone())}
            {why.since.map(|at| view! {
                <div><dt>"Since"</dt><dd><Moment at=at now=now /></dd></div>
            })}
            {why.held.map(|held| draw_held(held, now))}
            {why.outlook.as_ref().map(|(grows, _)| draw_fact("Grows when", grows.clone()))}
            {why.outlook.as_ref().map(|(_, shrinks)| draw_fact("Shrinks when", shrinks.clone()))}
        </dl>
        <ul class="details">{details}</ul>
    }
}

fn draw_held(held: Held, now: i64) -> impl IntoView {
    let before = if held.began_before {
        "since before "
    } else {
        "since "
    };
    let since = held
        .since
        .map(|at| view! { " " {before} <Moment at=at now=now /> });
    let until = held.until.filter(|until| *until > now).map(|until| {
        let remaining = text::duration(until - now);
        draw_fact(
            "May shrink",
            format!("at {}, in {remaining}", text::clock_time(until)),
        )
    });
    let instead = match held.wanted {
        Some(wanted) => format!("load alone asks for {wanted}"),
        None => "nothing is measured".to_owned(),
    };
    view! {
        <div><dt>"Held"</dt><dd>{instead} {since}</dd></div>
        {until}
    }
}

fn fact(name: &'static str, value: Option<String>) -> Option<impl IntoView> {
    value.map(|value| draw_fact(name, value))
}

fn draw_fact(name: &'static str, value: String) -> impl IntoView {
    view! { <div><dt>{name}</dt><dd>{value}</dd></div> }
}
