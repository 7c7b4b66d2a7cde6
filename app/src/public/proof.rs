//! The live proof: which instance served the page, and how its group is.

use leptos::{nonce::use_nonce, prelude::*};

use super::{
    model::{FleetCounts, PublicStatus},
    status::status,
};
use crate::{context, parts::Meter, text};

/// The id of the element with the numbers.
pub(super) const NUMBERS: &str = "proof-numbers";
/// The id of the element with the sentence.
pub(super) const SENTENCE: &str = "proof-sentence";
/// The id of the element that names the instance of the latest numbers.
pub(super) const SOURCE: &str = "proof-source";

/// The section of the page, and the script that keeps it up to date.
#[component]
pub(super) fn Proof() -> impl IntoView {
    let services = context::services();
    view! {
        <section class="card" aria-labelledby="proof" data-live="/api/public/live">
            <h2 id="proof">"Right now"</h2>
            <Suspense>
                {Suspend::new(async move { view! { <Content status=status(&services).await /> } })}
            </Suspense>
        </section>
        <script type="module" nonce=use_nonce()>{include_str!("live.js")}</script>
    }
}

#[component]
fn Content(status: PublicStatus) -> impl IntoView {
    view! {
        <p class="served">
            "This page was served by " <code>{status.served_by.clone()}</code>
            {(!status.zone.is_empty()).then(|| view! { " in " <code>{status.zone.clone()}</code> })}
            "."
        </p>
        <dl class="proof" id=NUMBERS><Numbers status=status.clone() /></dl>
        <p class="proof-sentence" id=SENTENCE aria-live="polite">{status.sentence()}</p>
        <p class="muted small">"Latest numbers from " <code id=SOURCE>{status.served_by}</code></p>
    }
}

/// The numbers of the group.
#[component]
pub(super) fn Numbers(
    /// What to show.
    status: PublicStatus,
) -> impl IntoView {
    let fleet = status.fleet;
    let cpu = fleet.and_then(|fleet| fleet.cpu);
    let target = fleet.and_then(|fleet| fleet.target);
    let show = |number: Option<String>| number.unwrap_or_else(|| "–".to_owned());
    view! {
        <div>
            <dt>"Instances"</dt>
            <dd>
                <b>{show(fleet.map(|fleet| fleet.running.to_string()))}</b>
                <span>{fleet.map(|fleet| format!("of at most {}", fleet.maximum))}</span>
                <Pips fleet=fleet />
            </dd>
        </div>
        <div>
            <dt>"CPU of the group"</dt>
            <dd>
                <b>{show(cpu.map(text::percent))}</b>
                <span>{target.map(|target| format!("of a {} target", text::percent(target)))}</span>
                <Meter
                    value=Signal::derive(move || cpu)
                    target=Signal::derive(move || target)
                    label="CPU against its target"
                />
            </dd>
        </div>
    }
}

/// More squares than this say less than the number beside them.
const MOST_PIPS: u32 = 24;

/// A square for each instance that there may be, filled for each that runs.
#[component]
fn Pips(fleet: Option<FleetCounts>) -> impl IntoView {
    let fleet = fleet.filter(|fleet| fleet.maximum <= MOST_PIPS)?;
    let squares: Vec<_> = (0..fleet.maximum)
        .map(|index| {
            let class = if index < fleet.running { "pip on" } else { "pip" };
            view! { <rect class=class x=(index * 14).to_string() y="1" width="10" height="10" rx="2" /> }
        })
        .collect();
    let view_box = format!("0 0 {} 12", fleet.maximum * 14);
    Some(view! { <svg class="pips" viewBox=view_box aria-hidden="true">{squares}</svg> })
}
