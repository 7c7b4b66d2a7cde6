//! What is to be done next so that a group becomes what it should be.
//!
//! Pure, and without memory: the plan follows from the group as it should be and its members as
//! they are. Whoever carries it out plans again when something has changed; a roll-out is nothing
//! but that, many times. Two promises hold at every step of one:
//!
//! * it takes no available instance out of service that would leave fewer than the target size
//!   less `maxUnavailable`;
//! * it makes no instance beyond the target size and `maxSurge`, counting those that it is
//!   replacing until they are gone.

mod planner;
mod seats;
#[cfg(test)]
mod tests;
mod victims;
mod zones;

use std::collections::BTreeMap;

use autoscaler::Timestamp;

use self::{planner::Planner, seats::Seats};
use super::{
    desired::Desired,
    version::{UpdateAction, Version},
};
use crate::resource::Key;

/// An instance of the group, as planning needs to know it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    pub(super) key: Key,
    pub(super) zone: String,
    /// The version that it has or is about to get.
    pub(super) version: Version,
    pub(super) running: bool,
    /// It runs, was found healthy if anybody looks, and is to go on.
    pub(super) available: bool,
    /// It is being made anew.
    pub(super) disrupted: bool,
    pub(super) leaving: Leaving,
    pub(super) cpu: Option<f64>,
    pub(super) created: Timestamp,
}

/// Whether and why an instance goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Leaving {
    #[default]
    No,
    /// The group gets smaller, or somebody wants it gone.
    Removed,
    /// Another takes its place; until it is gone it counts as one of the group.
    Replaced,
}

/// What an update of an instance would take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// More disruption than the policy allows.
    Forbidden,
    /// The instance stays, under its name.
    InPlace(UpdateAction),
    /// Another instance takes its place.
    Substitute,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plan {
    pub(super) create: Vec<Creation>,
    pub(super) remove: Vec<(Key, Leaving)>,
    pub(super) update: Vec<Update>,
}

/// An instance to make.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Creation {
    pub(super) zone: String,
    pub(super) version: Version,
}

/// An instance to update under its name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Update {
    pub(super) key: Key,
    pub(super) version: Version,
    pub(super) action: UpdateAction,
}

/// The next steps. `way` tells what brings an instance from one version to another.
pub(super) fn plan(
    desired: &Desired,
    members: &[Member],
    way: impl Fn(&Version, &Version) -> Way,
) -> Plan {
    let mut planner = Planner::new(desired, members, &way);
    planner.shrink();
    // Who is left may have other seats than before.
    planner.seat();
    planner.update_in_place();
    planner.make_room();
    planner.grow();
    planner.plan
}

/// Whether every instance has its version.
pub(super) fn is_reached(desired: &Desired, members: &[Member]) -> bool {
    let staying: Vec<&Member> = staying(members).collect();
    let seats = Seats::new(desired, &staying);
    let mut pairs = staying.iter().zip(&seats.0);
    pairs.all(|(member, seat)| member.version == seat.version && !seat.surplus)
}

/// The version that each staying instance should have, by its key.
pub(super) fn intended(desired: &Desired, members: &[Member]) -> BTreeMap<Key, Version> {
    let staying: Vec<&Member> = staying(members).collect();
    let seats = Seats::new(desired, &staying);
    let keys = staying.iter().map(|member| member.key.clone());
    keys.zip(seats.0.into_iter().map(|seat| seat.version))
        .collect()
}

fn staying(members: &[Member]) -> impl Iterator<Item = &Member> {
    members
        .iter()
        .filter(|member| member.leaving == Leaving::No)
}
