//! The counts of this instance's own group. Nothing else of the fleet leaves through here.

use std::sync::Arc;

use control_plane::Group;
use leptos::prelude::*;

use super::{
    model::{FleetCounts, PublicStatus},
    proof::{NUMBERS, Numbers, SENTENCE, SOURCE},
};
use crate::{live::stream::Part, services::Services};

/// What the public page shows now.
pub(super) async fn status(services: &Services) -> PublicStatus {
    PublicStatus {
        served_by: services.instance.name.clone(),
        zone: services.instance.zone.clone(),
        fleet: counts(services).await,
    }
}

/// The public page's parts of a stream: what belongs into the elements with these ids.
pub(crate) async fn parts(services: Arc<Services>) -> Vec<Part> {
    let status = status(&services).await;
    vec![
        (
            NUMBERS,
            fragment(|| view! { <Numbers status=status.clone() /> }),
        ),
        (SENTENCE, fragment(|| status.sentence())),
        (SOURCE, fragment(|| status.served_by.clone())),
    ]
}

/// A view as the document contains it.
fn fragment<V: IntoView>(view: impl FnOnce() -> V) -> String {
    Owner::new_root(None).with(|| view().into_view().to_html())
}

async fn counts(services: &Services) -> Option<FleetCounts> {
    let control = services.control.as_ref()?;
    let own = services.instance.group.as_ref()?;
    let fleet = control.fleet().await;
    fleet
        .groups
        .iter()
        .find(|group| group.id == *own)
        .map(public)
}

fn public(group: &Group) -> FleetCounts {
    let policy = group
        .autoscaler
        .as_ref()
        .map(|autoscaler| &autoscaler.policy);
    FleetCounts {
        running: group.running,
        maximum: policy.map_or(group.target_size, |policy| policy.max),
        cpu: group.cpu.as_ref().map(|cpu| cpu.value),
        target: policy
            .and_then(|policy| policy.cpu.as_ref())
            .map(|cpu| cpu.target),
    }
}
