//! The page at `/admin/groups/…`.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::{ChartPanel, GroupHead, GroupQuery, Snapshot, WhyPanel};
use crate::{
    console::{
        backtest,
        frame::{Frame, admit},
        history::HistorySection,
        instances::InstanceSection,
        overview::links,
        policy::{self, PolicySection},
        states::{Failure, NoCloud},
    },
    context,
    error::AppError,
    session::Session,
};

/// One group, from its sentence down to its history.
#[component]
pub fn GroupPage() -> impl IntoView {
    let session = match admit() {
        Ok(session) => session,
        Err(instead) => return instead,
    };
    let params = use_params_map().get_untracked();
    let query = use_query_map().get_untracked();
    let id = format!(
        "{}/{}",
        params.get("location").unwrap_or_default(),
        params.get("name").unwrap_or_default()
    );
    let Some(query) = GroupQuery::parse(&id, |name| query.get(name)) else {
        return missing(&id);
    };
    view! {
        <Suspense>{Suspend::new(async move { group_page(query, session).await })}</Suspense>
    }
    .into_any()
}

fn missing(id: &str) -> AnyView {
    view! { <Failure error=AppError::NotFound(format!("The group {id}")) /> }.into_any()
}

async fn group_page(query: GroupQuery, session: Session) -> AnyView {
    let services = context::services();
    let Some(control) = services.control.clone() else {
        return view! {
            <Frame title="Fleet" live=None groups=Vec::new() now=None session=session>
                <NoCloud reason=services.no_cloud.clone() />
            </Frame>
        }
        .into_any();
    };
    let Some(snapshot) = Snapshot::gather(&control, &query, &session, services.drills).await else {
        return missing(&query.group.to_string());
    };
    let applied = policy::outcome(&control, &query, &snapshot).await;
    let form = policy::form(&snapshot, &query, &session);
    let opened = match (&form, query.backtest) {
        (Some(form), Some(span)) => Some(backtest::visit(&query.group, span, form).await),
        _ => None,
    };
    let policy = view! { <PolicySection form=form opened=opened /> }.into_any();
    draw(query, snapshot, session, applied, policy)
}

fn draw(
    query: GroupQuery,
    snapshot: Snapshot,
    session: Session,
    applied: AnyView,
    policy: AnyView,
) -> AnyView {
    let id = query.group.to_string();
    let name = query.group.name.clone();
    let now = snapshot.fleet.taken_at.0;
    view! {
        <Frame
            title=name.clone()
            live=Some(query.live())
            groups=links(&snapshot.fleet, Some(&id))
            now=Some(now)
            session=session
        >
            {applied}
            <h1>{name} " " <span class="muted">{query.group.location.name().to_owned()}</span></h1>
            <GroupHead initial=snapshot.head />
            <section id="charts" aria-labelledby="charts-title">
                <div class="section-head">
                    <h2 id="charts-title">"Load and size"</h2>
                    <p class="muted small">"Times in UTC"</p>
                    <Windows query=query.clone() />
                </div>
                {snapshot.charts.map(|charts| view! { <ChartPanel initial=charts /> })}
            </section>
            <div class="columns">
                {policy}
                <section class="card" id="why" aria-labelledby="why-title">
                    <h2 id="why-title">"Why this size"</h2>
                    <WhyPanel initial=snapshot.why />
                </section>
            </div>
            <InstanceSection table=snapshot.instances query=query.clone() />
            <HistorySection history=snapshot.history older=snapshot.older query=query.clone() />
        </Frame>
    }
    .into_any()
}

/// Links to the spans that the charts can show.
#[component]
fn Windows(query: GroupQuery) -> impl IntoView {
    let links: Vec<_> = query
        .windows()
        .into_iter()
        .map(|(path, label, here)| {
            view! { <li><a href=path aria-current=here.then_some("true")>{label}</a></li> }
        })
        .collect();
    view! { <nav class="choices" aria-label="Window"><ul>{links}</ul></nav> }
}
