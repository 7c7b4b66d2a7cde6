//! The page at `/admin/faults`.

use control_plane::Fleet;
use leptos::prelude::*;

use super::{
    ActiveFault, FaultError, KINDS,
    kind::{Entry, Input, Kind, Names, words},
};
use crate::{
    console::{
        frame::{Frame, admit},
        overview::links,
        states::Failure,
    },
    context,
    error::AppError,
    parts::Notice,
    session::{Role, Session},
    text,
};

/// What a browser suggests in a field of names.
struct Suggestions {
    zones: Vec<String>,
    instances: Vec<String>,
}

/// What fails on purpose in the local cloud, and what else could.
#[component]
pub fn FaultsPage() -> impl IntoView {
    let session = match admit() {
        Ok(session) => session,
        Err(instead) => return instead,
    };
    view! { <Suspense>{Suspend::new(async move { faults_page(session).await })}</Suspense> }
        .into_any()
}

async fn faults_page(session: Session) -> AnyView {
    let services = context::services();
    let (Some(board), Some(control)) = (services.faults.clone(), services.control.clone()) else {
        return view! { <Failure error=AppError::NotFound("A page for faults".to_owned()) /> }
            .into_any();
    };
    let (active, fleet) = futures::join!(board.list(), control.fleet());
    let may_break = session.role >= Role::Operator;
    view! {
        <Frame
            title="Faults"
            live=None
            groups=links(&fleet, None)
            now=None
            session=session
            on_faults_page=true
        >
            <h1>"Faults"</h1>
            <p class="intro">
                "What goes wrong in this local cloud on purpose, so that you see what your policy and your app do
                about it. Durations are real time. All faults end when the local cloud stops."
            </p>
            <section id="active" aria-labelledby="active-title">
                <div class="section-head"><h2 id="active-title">"Switched on"</h2></div>
                <Active active=active may_stop=may_break />
            </section>
            {may_break.then(|| view! { <Forms suggestions=Suggestions::of(&fleet) /> })}
        </Frame>
    }
    .into_any()
}

impl Suggestions {
    fn of(fleet: &Fleet) -> Self {
        let instances = || fleet.groups.iter().flat_map(|group| &group.instances);
        let mut zones: Vec<String> = instances().map(|one| one.zone.clone()).collect();
        zones.sort_unstable();
        zones.dedup();
        Self {
            zones,
            instances: instances().map(|one| one.name.clone()).collect(),
        }
    }
}

#[component]
fn Active(active: Result<Vec<ActiveFault>, FaultError>, may_stop: bool) -> impl IntoView {
    match active {
        Err(error) => view! { <Notice tone="bad">{error.to_string()}</Notice> }.into_any(),
        Ok(active) if active.is_empty() => {
            view! { <p class="empty">"Nothing fails on purpose."</p> }.into_any()
        }
        Ok(active) => {
            let rows: Vec<_> = active
                .into_iter()
                .map(|fault| draw_active(fault, may_stop))
                .collect();
            view! { <ul class="card faults">{rows}</ul> }.into_any()
        }
    }
}

fn draw_active(active: ActiveFault, may_stop: bool) -> impl IntoView {
    let (title, details) = words(&active.fault);
    let course = course(active.times, active.left_sec);
    let what = title.clone();
    let stop = may_stop.then(|| {
        view! {
            <form method="post" action="/api/admin/fault/stop">
                <input type="hidden" name="id" value=active.id />
                <button type="submit">"Switch off" <span class="sr-only">{format!(" {what}")}</span></button>
            </form>
        }
    });
    view! {
        <li>
            <div>
                <b>{title}</b>
                <p>{details}</p>
                <p class="muted small">{course}</p>
            </div>
            {stop}
        </li>
    }
}

/// How often a fault has struck and when it ends.
fn course(times: u64, left_sec: Option<f64>) -> String {
    let struck = match times {
        0 => "Has not struck yet".to_owned(),
        1 => "Has struck once".to_owned(),
        _ => format!("Has struck {} times", text::count(times)),
    };
    match left_sec {
        Some(left) => format!(
            "{struck}, ends in {}.",
            text::duration((left.ceil() * 1000.0) as i64)
        ),
        None => format!("{struck}, lasts until it is switched off."),
    }
}

#[component]
fn Forms(suggestions: Suggestions) -> impl IntoView {
    let forms: Vec<_> = KINDS.iter().map(draw_form).collect();
    view! {
        <section id="break" aria-labelledby="break-title">
            <div class="section-head"><h2 id="break-title">"Break something"</h2></div>
            <Options id="fault-zones" names=suggestions.zones />
            <Options id="fault-instances" names=suggestions.instances />
            <div class="fault-kinds">{forms}</div>
        </section>
    }
}

#[component]
fn Options(id: &'static str, names: Vec<String>) -> impl IntoView {
    let options: Vec<_> = names
        .into_iter()
        .map(|name| view! { <option value=name></option> })
        .collect();
    view! { <datalist id=id>{options}</datalist> }
}

fn draw_form(kind: &'static Kind) -> impl IntoView {
    let fields: Vec<_> = kind
        .inputs
        .iter()
        .map(|input| draw_field(kind, input))
        .collect();
    let lasts = format!("{}-minutes", kind.id);
    view! {
        <details class="card fault-kind">
            <summary>
                <b>{kind.title}</b>
                <span class="muted">{kind.what}</span>
            </summary>
            <form method="post" action="/api/admin/fault/start">
                <input type="hidden" name="fault[type]" value=kind.id />
                {fields}
                <div class="field">
                    <label for=lasts.clone()>"For"</label>
                    <span class="input">
                        <select id=lasts name="fault[minutes]">
                            <option value="1">"1 minute"</option>
                            <option value="5" selected>"5 minutes"</option>
                            <option value="15">"15 minutes"</option>
                            <option value="">"until it is switched off"</option>
                        </select>
                    </span>
                </div>
                <button type="submit" class="danger">"Switch on" <span class="sr-only">{format!(" {}", kind.title)}</span></button>
            </form>
        </details>
    }
}

fn draw_field(kind: &Kind, input: &'static Input) -> impl IntoView + use<> {
    let id = format!("{}-{}", kind.id, input.name);
    let name = format!("fault[{}]", input.name);
    let number = |min: u32, max: u32| {
        let (id, name) = (id.clone(), name.clone());
        view! {
            <input
                id=id
                name=name
                type="number"
                inputmode="numeric"
                min=min
                max=max
                value=input.suggested
                required
            />
        }
        .into_any()
    };
    let (field, unit) = match input.entry {
        Entry::Pattern(names) => (text_field(&id, &name, names, input.suggested), None),
        Entry::Percent => (number(1, 100), Some("%")),
        Entry::Count { min, max, unit } => (number(min, max), Some(unit)),
        Entry::Choice(choices) => (choice(&id, &name, choices, input.suggested), None),
    };
    view! {
        <div class="field">
            <label for=id>{input.label}</label>
            <span class="input">{field} {unit.map(|unit| view! { <span class="unit">{unit}</span> })}</span>
        </div>
    }
}

fn text_field(id: &str, name: &str, names: Names, suggested: &'static str) -> AnyView {
    let (list, example) = match names {
        Names::Methods => (None, "compute.*.list"),
        Names::Zones => (Some("fault-zones"), "us-central1-a"),
        Names::Instances => (Some("fault-instances"), "a name, or * for all"),
    };
    view! {
        <input
            id=id.to_owned()
            name=name.to_owned()
            type="text"
            list=list
            maxlength="128"
            placeholder=example
            value=suggested
            autocomplete="off"
            spellcheck="false"
            required
        />
    }
    .into_any()
}

fn choice(
    id: &str,
    name: &str,
    choices: &'static [(&'static str, &'static str)],
    suggested: &'static str,
) -> AnyView {
    let options: Vec<_> = choices
        .iter()
        .map(|(value, words)| {
            view! { <option value=*value selected={*value == suggested}>{*words}</option> }
        })
        .collect();
    view! { <select id=id.to_owned() name=name.to_owned()>{options}</select> }.into_any()
}
