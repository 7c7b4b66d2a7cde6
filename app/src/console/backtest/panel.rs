//! The panel in the policy's form.

use leptos::prelude::*;

use super::{Figure, Outcome, Row, Span, Workbench, frontier::FrontierSection};
use crate::{
    chart::{Chart, ChartFigure},
    console::policy::{Check, Field},
    text,
};

/// Buttons that try the form's values on recorded load: each asks for a page where there is no script.
#[component]
pub(crate) fn SpanButtons(workbench: Workbench) -> impl IntoView {
    let action = workbench
        .form
        .with_value(|form| format!("{}#backtest", form.path));
    let buttons: Vec<_> = Span::ALL
        .into_iter()
        .map(|span| {
            view! {
                <button
                    type="submit"
                    name="backtest"
                    value=span.slug()
                    formaction=action.clone()
                    aria-pressed=move || (workbench.span.get() == Some(span)).to_string()
                    on:click=move |event| {
                        event.prevent_default();
                        workbench.open(span);
                    }
                >
                    {span.label()}
                </button>
            }
        })
        .collect();
    view! {
        <div class="spans" role="group" aria-labelledby="backtest-spans">
            <span id="backtest-spans">"Try it on recorded load"</span>
            {buttons}
        </div>
    }
}

/// What the typed policy would have done.
#[component]
pub(crate) fn Backtest(workbench: Workbench, check: Memo<Check>) -> impl IntoView {
    let outcome = workbench.outcome;
    let refused = move || {
        outcome.with(|outcome| match outcome {
            Some(Err(reason)) => Some(reason.clone()),
            _ => None,
        })
    };
    let has_numbers = move || outcome.with(|outcome| matches!(outcome, Some(Ok(_))));
    view! {
        <Show when=move || workbench.is_open()>
            <section class="backtest" id="backtest" aria-labelledby="backtest-title">
                <h3 id="backtest-title">"What it would have done"</h3>
                <p class="muted small" role="status">
                    {move || workbench.is_busy.get().then_some("Reading the recorded load …")}
                </p>
                {move || refused().map(|reason| view! { <p class="empty">{reason}</p> })}
                {move || (!check.with(Check::is_valid)).then(|| view! {
                    <p class="error">"The marked values cannot be tried; the numbers are those of the last ones that can."</p>
                })}
                <Show when=has_numbers>
                    <Results workbench />
                </Show>
            </section>
        </Show>
    }
}

#[component]
fn Results(workbench: Workbench) -> impl IntoView {
    let outcome = Memo::new(move |last: Option<&Option<Outcome>>| {
        let now = workbench.outcome.get().and_then(Result::ok);
        now.or_else(|| last.cloned().flatten())
    });
    let part = move |take: fn(&Outcome) -> Figure| {
        Memo::new(move |_| outcome.with(|outcome| outcome.as_ref().map(take)))
    };
    let cursor = RwSignal::new(None);
    let many = outcome.with_untracked(|outcome| outcome.as_ref().map_or(0, |it| it.charts.len()));
    let charts: Vec<_> = (0..many)
        .filter_map(|index| {
            let take =
                move |outcome: &Option<Outcome>| outcome.as_ref()?.charts.get(index).cloned();
            let first = outcome.with_untracked(take)?;
            let chart = Memo::new(move |last: Option<&Chart>| {
                let now = outcome.with(take).or_else(|| last.cloned());
                now.unwrap_or_else(|| first.clone())
            });
            Some(view! { <ChartFigure chart=chart cursor=cursor /> })
        })
        .collect();
    view! {
        {move || outcome.with(|outcome| outcome.as_ref().map(draw_fidelity))}
        <Slider workbench />
        <dl class="numbers versus" aria-live="polite">
            <Large figure=part(|outcome| outcome.cost.clone()) />
            <Large figure=part(|outcome| outcome.overload.clone()) />
        </dl>
        <div class="charts">{charts}</div>
        {move || outcome.with(|outcome| outcome.as_ref().map(|outcome| draw_rows(&outcome.rows)))}
        <FrontierSection workbench />
        {move || outcome.with(|outcome| outcome.as_ref().map(|outcome| draw_basis(&outcome.basis)))}
        <p class="help">
            <a href=move || case(workbench) download>"Save this load as a policy test"</a>
            " for " <code>"flaskscale backtest --check"</code>
            ": no policy may grow larger or be overloaded longer than the present one."
        </p>
    }
}

/// Where the recorded load is as a file of cases.
fn case(workbench: Workbench) -> Option<String> {
    let span = workbench.span.get()?.slug();
    let group = workbench.form.with_value(|form| form.group.clone());
    Some(format!(
        "/api/admin/backtest/case?group={group}&span={span}"
    ))
}

fn draw_fidelity(outcome: &Outcome) -> impl IntoView + use<> {
    let class = if outcome.is_trusted {
        "fidelity"
    } else {
        "notice warn"
    };
    view! { <p class=class>"Present policy replayed: " {outcome.fidelity.clone()}</p> }
}

/// The CPU target to drag. It is of use only where a script follows it.
#[component]
fn Slider(workbench: Workbench) -> impl IntoView {
    let typed = workbench.typed;
    let follows = RwSignal::new(false);
    Effect::new(move |_| follows.set(workbench.bench.with(Option::is_some)));
    let percent = move || typed.with(|typed| typed.cpu.trim().to_owned());
    let has_target = workbench
        .form
        .with_value(|form| !form.current.cpu.is_empty());
    has_target.then(|| {
        view! {
            <div class="slider" hidden=move || !follows.get()>
                <label for="backtest-cpu">"Drag the CPU target"</label>
                <input
                    id="backtest-cpu"
                    type="range"
                    min="5"
                    max="100"
                    step="1"
                    prop:value=percent
                    aria-valuetext=move || format!("{}{}%", percent(), text::NBSP)
                    on:input=move |event| {
                        typed.update(|typed| typed.set(Field::CpuTarget, event_target_value(&event)));
                    }
                />
                <output for="backtest-cpu" aria-live="off">{move || format!("{}{}%", percent(), text::NBSP)}</output>
            </div>
        }
    })
}

/// A large number with its difference.
#[component]
fn Large(figure: Memo<Option<Figure>>) -> impl IntoView {
    let text = move |take: fn(&Figure) -> String| {
        move || figure.with(|figure| figure.as_ref().map(take).unwrap_or_default())
    };
    view! {
        <div>
            <dt>{text(|figure| figure.label.clone())}</dt>
            <dd>
                <b>{text(|figure| figure.value.clone())}</b>
                <span class=text(|figure| figure.tone.class().to_owned())>
                    {text(|figure| figure.difference.clone())}
                </span>
            </dd>
        </div>
    }
}

fn draw_rows(rows: &[Row]) -> impl IntoView + use<> {
    let heads: Vec<_> = Row::HEADS
        .into_iter()
        .map(|head| view! { <th scope="col" class="number">{head}</th> })
        .collect();
    let body: Vec<_> = rows
        .iter()
        .map(|row| {
            let cells: Vec<_> = row
                .cells
                .iter()
                .map(|cell| view! { <td class="number">{cell.clone()}</td> })
                .collect();
            view! { <tr><th scope="row">{row.name.clone()}</th>{cells}</tr> }
        })
        .collect();
    view! {
        <div class="table-scroll" tabindex="0" role="group" aria-label="Policies compared">
            <table>
                <thead><tr><th scope="col">"Policy"</th>{heads}</tr></thead>
                <tbody>{body}</tbody>
            </table>
        </div>
    }
}

fn draw_basis(basis: &[String]) -> impl IntoView + use<> {
    let told: Vec<_> = basis
        .iter()
        .map(|sentence| view! { <li>{sentence.clone()}</li> })
        .collect();
    view! { <ul class="basis help">{told}</ul> }
}
