//! The list of groups, kept up to date.

use leptos::prelude::*;

use super::model::{GroupRow, Overview};
use crate::{
    live,
    parts::{Meter, Moment, Troubles},
    text,
};

/// Every group with size, CPU, health and its last scaling event.
#[island]
pub fn GroupList(
    /// What the server drew.
    initial: Overview,
) -> impl IntoView {
    let overview = live::follow("overview", initial);
    view! {
        {move || overview.with(|o| view! { <Troubles troubles=o.troubles.clone() now=o.now /> })}
        <div class="table-scroll" tabindex="0" role="group" aria-label="Groups">
            <table class="groups">
                <thead>
                    <tr>
                        <th scope="col">"Group"</th>
                        <th scope="col">"Size"</th>
                        <th scope="col">"CPU"</th>
                        <th scope="col">"Health"</th>
                        <th scope="col">"Last scaling event"</th>
                    </tr>
                </thead>
                <tbody>
                    {move || overview.with(|overview| {
                        let now = overview.now;
                        overview.groups.iter().map(|row| draw_row(row, now)).collect::<Vec<_>>()
                    })}
                </tbody>
            </table>
        </div>
    }
}

fn draw_row(row: &GroupRow, now: i64) -> impl IntoView + use<> {
    let cpu = row.cpu.map(|cpu| cpu.value);
    let target = row.cpu_target;
    let cpu_text = match (cpu, target) {
        (Some(cpu), Some(target)) => {
            format!("{} of {}", text::percent(cpu), text::percent(target))
        }
        (Some(cpu), None) => text::percent(cpu),
        _ => "no data yet".to_owned(),
    };
    let stale = row.cpu.and_then(|cpu| cpu.staleness(now));
    let last = row.last.clone().map(|last| {
        view! { <Moment at=last.at now=now /> " " <span class="muted">{last.sentence}</span> }
    });
    view! {
        <tr>
            <th scope="row">
                <a href=row.path()>{row.name.clone()}</a>
                <span class="muted">{row.location.clone()}</span>
            </th>
            <td><b>{row.running}</b> " " <span class="muted">{row.bounds_text()}</span></td>
            <td>
                <span class="cpu-cell">{cpu_text}</span>
                <Meter
                    value=Signal::derive(move || cpu)
                    target=Signal::derive(move || target)
                    label="CPU against its target"
                />
                <small>{stale}</small>
            </td>
            <td class:warn=row.is_unwell()>{row.health_text()}</td>
            <td>{last.map_or_else(|| "None yet".into_any(), IntoAny::into_any)}</td>
        </tr>
    }
}
