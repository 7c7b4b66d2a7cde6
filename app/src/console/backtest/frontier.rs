//! Cost against overload over many policies: a picture to pick from, and beside it as a table what
//! nothing else beats.

use std::fmt::Write as _;

use autoscaler::backtest::{Point, Totals};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{KeyboardEvent, MouseEvent};

use super::{
    Rough, Span, Workbench, figures, point,
    scatter::{Place, Scatter, Spot},
};
use crate::{
    chart::{grid_line, labels_below, labels_beside},
    console::policy::{Field, Fields},
    text,
};

/// The picture and its table, with one policy in both that people look at.
#[derive(Clone, Copy)]
struct Picture {
    workbench: Workbench,
    scatter: Memo<Option<Scatter>>,
    rough: Memo<Option<Rough>>,
    looked: RwSignal<Option<Looked>>,
}

/// The policy that people look at.
#[derive(Clone, Copy, PartialEq)]
struct Looked {
    /// Its place in the picture's order.
    index: usize,
    by: Means,
}

/// What people look with. A page that scrolls or grows under a pointer at rest moves what lies beneath
/// it, which must not take away what the keyboard has chosen.
#[derive(Clone, Copy, PartialEq)]
enum Means {
    Pointer,
    Keyboard,
}

impl Picture {
    fn of(workbench: Workbench) -> Self {
        let rough = Memo::new(move |last: Option<&Option<Rough>>| {
            let outcome = workbench.outcome.get().and_then(Result::ok);
            let now = outcome.map(|outcome| outcome.rough);
            now.or_else(|| last.copied().flatten())
        });
        // The axes hold still while somebody drags.
        let ground = Memo::new(move |_| rough.get().map(|rough| (rough.present, rough.has_price)));
        let scatter = Memo::new(move |_| {
            let (present, has_price) = ground.get()?;
            let points = workbench.points.read();
            (!points.is_empty()).then(|| Scatter::new(&points, &[present], has_price))
        });
        Self {
            workbench,
            scatter,
            rough,
            looked: RwSignal::new(None),
        }
    }

    fn looked_at(self) -> Option<Spot> {
        let Looked { index, .. } = self.looked.get()?;
        self.scatter
            .with(|scatter| scatter.as_ref()?.spots.get(index).copied())
    }

    /// Writes the policy that people look at into the form.
    fn fill(self) {
        if let Some(spot) = untrack(|| self.looked_at()) {
            self.workbench.fill(&spot.point);
        }
    }

    /// A click picks what lies nearest.
    fn click(self, event: &MouseEvent) {
        self.look(event);
        if let Some(spot) = untrack(|| self.looked_at()) {
            self.choose(event, &spot.point);
        }
    }

    /// Fills the form; a click that asks for another tab follows its link instead.
    fn choose(self, event: &MouseEvent, point: &Point) {
        if !event.ctrl_key() && !event.meta_key() {
            event.prevent_default();
            self.workbench.fill(point);
        }
    }

    fn look(self, event: &MouseEvent) {
        let nearest = |scatter: &Option<Scatter>| under(event, scatter.as_ref()?);
        let index = self.scatter.with_untracked(nearest);
        let by = Means::Pointer;
        self.looked.set(index.map(|index| Looked { index, by }));
    }

    fn look_at(self, index: usize, by: Means) {
        self.looked.set(Some(Looked { index, by }));
    }

    /// The pointer or the focus has gone elsewhere.
    fn leave(self, by: Means) {
        if self
            .looked
            .get_untracked()
            .is_some_and(|looked| looked.by == by)
        {
            self.looked.set(None);
        }
    }

    fn move_by_key(self, event: &KeyboardEvent) {
        let last = self.scatter.with_untracked(|scatter| {
            scatter
                .as_ref()
                .map_or(0, |scatter| scatter.spots.len().saturating_sub(1))
        });
        let now = self.looked.get_untracked().map(|looked| looked.index);
        let next = match event.key().as_str() {
            "ArrowLeft" => now.map_or(last, |now| now.saturating_sub(1)),
            "ArrowRight" => now.map_or(0, |now| (now + 1).min(last)),
            "Home" => 0,
            "End" => last,
            "Enter" => return self.fill(),
            "Escape" => return self.looked.set(None),
            _ => return,
        };
        event.prevent_default();
        self.look_at(next, Means::Keyboard);
    }

    /// Links into the form as it stands. To see whether it holds a policy takes longer than to write a
    /// link, so this is for all links of a drawing.
    fn links(self) -> Links {
        let Self { workbench, .. } = self;
        let candidate = untrack(|| workbench.candidate());
        let typed = candidate.map(|policy| Fields::of(&policy));
        Links {
            workbench,
            into: typed.zip(workbench.span.get_untracked()),
        }
    }
}

/// Links that write a policy of the sweep into the form, for a browser without a script.
struct Links {
    workbench: Workbench,
    /// What else the form holds, and for which span; `None` while that is no policy.
    into: Option<(Fields, Span)>,
}

impl Links {
    /// The form's page with `spot` in it.
    fn to(&self, spot: &Spot) -> Option<String> {
        let (typed, span) = self.into.as_ref()?;
        let href = |form: &_| point::href(form, typed, *span, &spot.point);
        Some(self.workbench.form.with_value(href))
    }
}

/// The policy nearest to the pointer, if that is over the plot or at its edge.
fn under(event: &MouseEvent, scatter: &Scatter) -> Option<usize> {
    const EDGE: f64 = 0.06;
    let figure = event
        .current_target()?
        .dyn_into::<web_sys::Element>()
        .ok()?;
    let plot = figure
        .query_selector(".plot")
        .ok()??
        .get_bounding_client_rect();
    let place = Place {
        x: (f64::from(event.client_x()) - plot.left()) / plot.width(),
        y: (f64::from(event.client_y()) - plot.top()) / plot.height(),
    };
    let near = -EDGE..=1.0 + EDGE;
    (near.contains(&place.x) && near.contains(&place.y))
        .then(|| scatter.nearest(place, plot.width(), plot.height()))
        .flatten()
}

/// The sweep around the typed policy.
#[component]
pub(super) fn FrontierSection(workbench: Workbench) -> impl IntoView {
    let picture = Picture::of(workbench);
    let progress = workbench.progress;
    view! {
        <section
            class="frontier"
            aria-labelledby="frontier-title"
            aria-busy=move || progress.get().is_some().then_some("true")
        >
            <div class="section-head">
                <h3 id="frontier-title">"Other policies on the same load"</h3>
                <Show when=move || progress.get().is_some()>
                    <progress aria-label="Trying other policies" value=move || progress.get() />
                </Show>
            </div>
            <Show when=move || picture.scatter.with(Option::is_some)>
                <div class="frontier-parts">
                    <ScatterFigure picture />
                    <FrontTable picture />
                </div>
            </Show>
        </section>
    }
}

#[component]
fn ScatterFigure(picture: Picture) -> impl IntoView {
    let scatter = picture.scatter;
    let looked = move |share: fn(Place) -> f64| {
        move || picture.looked_at().map(|spot| percent(share(spot.place)))
    };
    view! {
        <figure class="chart scatter">
            <Legend />
            <div
                class="chart-box"
                role="group"
                tabindex="0"
                aria-label="Cost against overload. Move through the policies with the arrow keys; Enter writes one into the form."
                on:pointermove=move |event| picture.look(&event)
                on:pointerleave=move |_| picture.leave(Means::Pointer)
                on:blur=move |_| picture.leave(Means::Keyboard)
                on:click=move |event| picture.click(&event)
                on:keydown=move |event| picture.move_by_key(&event)
            >
                {move || scatter.with(|it| it.as_ref().map(|it| labels_beside(it.overloads.clone())))}
                <svg class="plot" aria-hidden="true">
                    {move || scatter.with(|it| it.as_ref().map(|it| draw_spots(picture, it)))}
                    <Marker picture class="present" totals=|rough| rough.present />
                    <Marker picture class="new" totals=|rough| rough.new />
                    <circle
                        class="looked"
                        cx=looked(|place| place.x)
                        cy=looked(|place| place.y)
                        r=move || picture.looked_at().map(|_| "8")
                    />
                </svg>
                {move || scatter.with(|it| it.as_ref().map(|it| labels_below(it.costs.clone())))}
            </div>
            <p class="readout" aria-live="polite">{move || told(picture)}</p>
            <p class="caption">{move || caption(picture)}</p>
        </figure>
    }
}

/// What the signs of the picture mean.
#[component]
fn Legend() -> impl IntoView {
    let keys: Vec<_> = [
        ("present", "5.5", "Present policy"),
        ("new", "6", "In the form"),
        ("spot front", "4", "Nothing beats it"),
        ("spot", "3", "Another beats it"),
    ]
    .into_iter()
    .map(|(class, radius, name)| {
        view! {
            <span class="key">
                <svg class="sign" viewBox="-8 -8 16 16" aria-hidden="true">
                    <circle class=class r=radius />
                </svg>
                {name}
            </span>
        }
    })
    .collect();
    view! { <p class="readout">{keys}</p> }
}

/// What the policy that people look at would have done.
fn told(picture: Picture) -> String {
    let Some(Spot { point, .. }) = picture.looked_at() else {
        return "Point at a policy, or walk through them with the arrow keys.".to_owned();
    };
    let has_price = picture.rough.get().is_some_and(|rough| rough.has_price);
    let (cost, overload) = numbers(&point.totals, has_price);
    format!("{}: {cost}, {overload} of overload", point::name(&point))
}

fn numbers(totals: &Totals, has_price: bool) -> (String, String) {
    let cost = if has_price {
        totals.cost_usd
    } else {
        totals.instance_hours
    };
    (
        figures::cost_text(cost, cost, has_price),
        figures::minutes(totals.overload_minutes),
    )
}

fn caption(picture: Picture) -> Option<String> {
    let Rough {
        minutes, has_price, ..
    } = picture.rough.get()?;
    let many = text::count(picture.workbench.points.read().len() as u64);
    let across = if has_price { "cost" } else { "instance hours" };
    let step = text::duration(i64::from(minutes) * 60_000);
    Some(format!(
        "{many} policies with other CPU targets, minimums and stabilization periods, in steps of {step}: from left to right the {across}, upwards the overload. A click writes one into the form."
    ))
}

fn draw_spots(picture: Picture, scatter: &Scatter) -> impl IntoView + use<> {
    let grid: Vec<_> = scatter
        .overloads
        .iter()
        .map(|tick| grid_line(1.0 - tick.place))
        .collect();
    // What nothing beats lies above the rest.
    let (front, others): (Vec<_>, Vec<_>) =
        scatter.spots.iter().partition(|spot| spot.point.on_front);
    let links = picture.links();
    let spots: Vec<_> = others
        .into_iter()
        .chain(front)
        .map(|spot| draw_spot(&links, spot))
        .collect();
    view! {
        <g>
            <g class="grid">{grid}</g>
            <svg viewBox="0 0 1000 1000" preserveAspectRatio="none" width="100%" height="100%">
                <path class="line s-recommended" d=front_line(scatter) />
            </svg>
            {spots}
        </g>
    }
}

fn draw_spot(links: &Links, spot: &Spot) -> impl IntoView + use<> {
    let on_front = spot.point.on_front;
    let (class, radius) = if on_front {
        ("spot front", "4")
    } else {
        ("spot", "3")
    };
    let Place { x, y } = spot.place;
    view! {
        <g>
            <a href=links.to(spot) tabindex="-1">
                <circle class=class cx=percent(x) cy=percent(y) r=radius />
            </a>
        </g>
    }
}

fn front_line(scatter: &Scatter) -> String {
    let mut line = String::new();
    for (_, spot) in scatter.front() {
        let command = if line.is_empty() { 'M' } else { 'L' };
        let Place { x, y } = spot.place;
        let _ = write!(line, "{command}{:.1} {:.1}", x * 1_000.0, y * 1_000.0);
    }
    line
}

/// A ring where a policy of the page lies among those of the sweep.
#[component]
fn Marker(
    picture: Picture,
    class: &'static str,
    /// Which policy.
    totals: fn(Rough) -> Totals,
) -> impl IntoView {
    let place = Memo::new(move |_| {
        let totals = totals(picture.rough.get()?);
        picture
            .scatter
            .with(|scatter| Some(scatter.as_ref()?.place(&totals)))
    });
    let at = move |share: fn(Place) -> f64| move || place.get().map(|place| percent(share(place)));
    let radius = if class == "new" { "6" } else { "5.5" };
    view! { <circle class=class cx=at(|place| place.x) cy=at(|place| place.y) r=radius /> }
}

fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

/// What nothing else beats, by rising cost.
#[component]
fn FrontTable(picture: Picture) -> impl IntoView {
    let head = move || {
        let rough = picture.rough.get();
        let has_price = rough.is_some_and(|rough| rough.has_price);
        if has_price { "Cost" } else { "Instance hours" }
    };
    let body = move || {
        let scatter = picture.scatter.read();
        let scatter = scatter.as_ref()?;
        let links = picture.links();
        let rows = scatter.front();
        Some(
            rows.map(|(index, spot)| draw_row(picture, links.to(spot), index, *spot))
                .collect::<Vec<_>>(),
        )
    };
    view! {
        <div class="table-scroll" tabindex="0" role="group" aria-label="Policies that nothing beats">
            <table>
                <caption>"Nothing beats these: less cost means more overload."</caption>
                <thead>
                    <tr>
                        <th scope="col"><span class="sr-only">"Choice"</span></th>
                        <th scope="col">{Field::CpuTarget.label()}</th>
                        <th scope="col" class="number">{Field::Minimum.label()}</th>
                        <th scope="col" class="number">"Stabilization"</th>
                        <th scope="col" class="number">{head}</th>
                        <th scope="col" class="number">"Overload"</th>
                    </tr>
                </thead>
                <tbody>{body}</tbody>
            </table>
        </div>
    }
}

fn draw_row(picture: Picture, href: Option<String>, index: usize, spot: Spot) -> impl IntoView {
    let point = spot.point;
    let has_price = untrack(|| picture.rough.get()).is_some_and(|rough| rough.has_price);
    let (cost, overload) = numbers(&point.totals, has_price);
    let target = point.target.map_or_else(|| "–".to_owned(), text::percent);
    let stabilization = Field::Stabilization.show(&point.stabilization_s.to_string());
    let is_looked = move || {
        picture
            .looked
            .get()
            .is_some_and(|looked| looked.index == index)
    };
    view! {
        <tr
            class:looked=is_looked
            on:pointermove=move |_| picture.look_at(index, Means::Pointer)
            on:pointerleave=move |_| picture.leave(Means::Pointer)
        >
            <td>
                <a
                    href=href
                    aria-label=format!("Use {}", point::name(&point))
                    on:focus=move |_| picture.look_at(index, Means::Keyboard)
                    on:blur=move |_| picture.leave(Means::Keyboard)
                    on:click=move |event| picture.choose(&event, &point)
                >
                    "Use"
                </a>
            </td>
            <th scope="row">{target}</th>
            <td class="number">{point.min}</td>
            <td class="number">{stabilization}</td>
            <td class="number">{cost}</td>
            <td class="number">{overload}</td>
        </tr>
    }
}
