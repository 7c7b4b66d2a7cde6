//! The page at `/admin`.

use control_plane::{ControlPlane, Fleet};
use leptos::prelude::*;

use super::{convert::overview, island::GroupList};
use crate::{
    console::{
        frame::{Frame, GroupLink, admit},
        states::NoCloud,
    },
    context,
    session::Session,
};

/// Every group of the fleet.
#[component]
pub fn OverviewPage() -> impl IntoView {
    let session = match admit() {
        Ok(session) => session,
        Err(instead) => return instead,
    };
    let services = context::services();
    match services.control.clone() {
        None => view! {
            <Frame title="Fleet" live=None groups=Vec::new() now=None session=session>
                <NoCloud reason=services.no_cloud.clone() />
            </Frame>
        }
        .into_any(),
        Some(control) => view! {
            <Suspense>{Suspend::new(async move { fleet_page(&control, session).await })}</Suspense>
        }
        .into_any(),
    }
}

/// The links of the group switcher.
pub(crate) fn links(fleet: &Fleet, current: Option<&str>) -> Vec<GroupLink> {
    fleet
        .groups
        .iter()
        .map(|group| {
            let id = group.id.to_string();
            GroupLink {
                current: current == Some(id.as_str()),
                id,
            }
        })
        .collect()
}

async fn fleet_page(control: &ControlPlane, session: Session) -> impl IntoView + use<> {
    let fleet = control.fleet().await;
    let overview = overview(&fleet);
    let empty = overview.groups.is_empty() && overview.troubles.is_empty();
    view! {
        <Frame
            title="Fleet"
            live=Some("/api/admin/live".to_owned())
            groups=links(&fleet, None)
            now=Some(fleet.taken_at.0)
            session=session
        >
            <h1>"Fleet"</h1>
            {if empty {
                view! { <NoGroups /> }.into_any()
            } else {
                view! { <GroupList initial=overview /> }.into_any()
            }}
        </Frame>
    }
}

#[component]
fn NoGroups() -> impl IntoView {
    view! {
        <section class="empty-state">
            <p>"Managed instance groups appear here, with their size, load and health."</p>
            <p>"There is none yet. " <code>"flaskscale up"</code> " makes one in the local cloud."</p>
        </section>
    }
}
