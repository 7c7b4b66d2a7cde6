//! The table of instances, kept up to date without disturbing a form that is being filled in.

use leptos::prelude::*;

use super::model::{DrillRow, InstanceRow, InstanceTable};
use crate::{live, text};

/// Instances with state, health, CPU, age, current action and drill.
#[island]
pub fn InstanceList(
    /// What the server drew.
    initial: InstanceTable,
) -> impl IntoView {
    let group = initial.group.clone();
    let may_drill = initial.may_drill;
    let table = live::follow("instances", initial);
    view! {
        <div class="table-scroll" tabindex="0" role="group" aria-label="Instances">
            <table class="instances">
                <thead>
                    <tr>
                        <th scope="col">"Instance"</th>
                        <th scope="col">"State"</th>
                        <th scope="col">"Health"</th>
                        <th scope="col" class="number">"CPU"</th>
                        <th scope="col">"Age"</th>
                        <th scope="col">"Action"</th>
                        <th scope="col">"Drill"</th>
                    </tr>
                </thead>
                <tbody>
                    <For
                        each=move || table.with(names)
                        key=|name| name.clone()
                        children=move |name| {
                            view! { <Row name=name table=table group=group.clone() may_drill=may_drill /> }
                        }
                    />
                </tbody>
            </table>
        </div>
        {move || table.with(|table| table.rows.is_empty()).then(|| {
            view! { <p class="empty">"No instances. They appear here as soon as the group has some."</p> }
        })}
    }
}

fn names(table: &InstanceTable) -> Vec<String> {
    table.rows.iter().map(|row| row.name.clone()).collect()
}

/// One instance. Only what changed is redrawn, so an open form keeps its values and its focus.
#[component]
fn Row(
    name: String,
    table: ReadSignal<InstanceTable>,
    group: String,
    may_drill: bool,
) -> impl IntoView {
    let wanted = name.clone();
    let row = Memo::new(move |_| {
        table.with(|table| table.rows.iter().find(|row| row.name == wanted).cloned())
    });
    let now = Memo::new(move |_| table.with(|table| table.now));
    let show = move |pick: fn(&InstanceRow) -> String| {
        move || row.with(|row| row.as_ref().map(pick).unwrap_or_default())
    };
    let dot =
        move || row.with(|row| format!("dot {}", row.as_ref().map_or("idle", InstanceRow::tone)));
    let age = move || {
        let created = row.with(|row| row.as_ref().and_then(|row| row.created));
        created.map(|at| {
            view! {
                <time datetime=text::rfc3339(at) title=text::date_time(at)>
                    {text::duration(now.get() - at)}
                </time>
            }
        })
    };
    view! {
        <tr>
            <th scope="row">
                <code>{name.clone()}</code>
                <span class="muted">{show(|row| row.zone.clone())}</span>
            </th>
            <td><span class=dot aria-hidden="true"></span>{show(InstanceRow::status_text)}</td>
            <td>{show(InstanceRow::health_text)}</td>
            <td class="number">{show(cpu_text)}</td>
            <td>{age}</td>
            <td>{show(InstanceRow::action_text)}</td>
            <td><Drill name=name row=row now=now group=group may_drill=may_drill /></td>
        </tr>
    }
}

fn cpu_text(row: &InstanceRow) -> String {
    row.cpu
        .map_or_else(|| "–".to_owned(), |cpu| text::percent(cpu.value))
}

/// The drill that runs, with a way to stop it, or a form that starts one.
#[component]
fn Drill(
    name: String,
    row: Memo<Option<InstanceRow>>,
    now: Memo<i64>,
    group: String,
    may_drill: bool,
) -> impl IntoView {
    let drill = Memo::new(move |_| row.with(|row| row.as_ref().and_then(|row| row.drill.clone())));
    let runs = Memo::new(move |_| drill.with(Option::is_some));
    move || {
        if runs.get() {
            let (name, group) = (name.clone(), group.clone());
            view! { <RunningDrill name group drill now may_drill /> }.into_any()
        } else if may_drill {
            view! { <StartForm name=name.clone() group=group.clone() /> }.into_any()
        } else {
            "–".into_any()
        }
    }
}

#[component]
fn RunningDrill(
    name: String,
    group: String,
    drill: Memo<Option<DrillRow>>,
    now: Memo<i64>,
    may_drill: bool,
) -> impl IntoView {
    let sentence = move || {
        drill.with(|drill| {
            drill
                .as_ref()
                .map(|drill| drill.sentence(now.get()))
                .unwrap_or_default()
        })
    };
    view! {
        <p class="drill-running">{sentence}</p>
        {may_drill.then(|| view! {
            <form method="post" action="/api/admin/drill/stop">
                <input type="hidden" name="group" value=group />
                <input type="hidden" name="instance" value=name.clone() />
                <button type="submit">"Stop drill" <span class="sr-only">{format!(" on {name}")}</span></button>
            </form>
        })}
    }
}

#[component]
fn StartForm(name: String, group: String) -> impl IntoView {
    let load_id = format!("load-{name}");
    let seconds_id = format!("seconds-{name}");
    view! {
        <details class="drill">
            <summary>"Stress" <span class="sr-only">{format!(" {name}")}</span></summary>
            <form method="post" action="/api/admin/drill/start">
                <input type="hidden" name="group" value=group />
                <input type="hidden" name="instance" value=name.clone() />
                <label for=load_id.clone()>"Load, as a multiple of its share"</label>
                <select id=load_id name="load">
                    <option value="1">"1 ×"</option>
                    <option value="2.2" selected>"2.2 ×"</option>
                    <option value="4">"4 ×"</option>
                </select>
                <label for=seconds_id.clone()>"Seconds, 1 to 900"</label>
                <input
                    id=seconds_id
                    name="seconds"
                    type="number"
                    min="1"
                    max="900"
                    value="300"
                    inputmode="numeric"
                    required
                />
                <button type="submit" class="danger">{format!("Stress {name}")}</button>
            </form>
        </details>
    }
}
