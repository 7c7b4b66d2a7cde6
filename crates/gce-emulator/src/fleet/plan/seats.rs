//! Which instance is to have which version.

use super::Member;
use crate::fleet::{desired::Desired, version::Version};

/// What each of some members should have, in their order.
pub(super) struct Seats(pub(super) Vec<Seat>);

pub(super) struct Seat {
    pub(super) version: Version,
    /// The version has more members than it should, and the group more than its size.
    pub(super) surplus: bool,
}

impl Seats {
    /// As many as possible keep what they have; of those that cannot, the youngest and those that
    /// serve nobody change first.
    pub(super) fn new(desired: &Desired, members: &[&Member]) -> Self {
        let mut free = desired.counts();
        let mut given: Vec<Option<usize>> = vec![None; members.len()];
        let mut order: Vec<usize> = (0..members.len()).collect();
        order.sort_by_key(|index| {
            let member = members[*index];
            (!member.available, member.created, &member.key)
        });
        let own = |index: usize| {
            let mut versions = desired.versions.iter();
            versions.position(|target| target.version == members[index].version)
        };
        for index in order.iter().copied() {
            if let Some(seat) = own(index).filter(|seat| free[*seat] > 0) {
                free[seat] -= 1;
                given[index] = Some(seat);
            }
        }
        for index in order {
            if given[index].is_none() {
                given[index] = free.iter().position(|free| *free > 0).inspect(|seat| {
                    free[*seat] -= 1;
                });
            }
        }
        let seat = |(index, given): (usize, Option<usize>)| {
            // There are more members than seats: whoever is of no version gets the main one.
            let seat = given.or_else(|| own(index)).or_else(|| main(desired));
            let target = seat.and_then(|seat| desired.versions.get(seat));
            Seat {
                version: target.map_or_else(Version::default, |target| target.version.clone()),
                surplus: given.is_none() && desired.versions.len() > 1,
            }
        };
        Self(given.iter().copied().enumerate().map(seat).collect())
    }
}

/// The versions of the instances that are missing, given those that are there.
pub(super) fn missing<'a>(
    desired: &Desired,
    present: impl Iterator<Item = &'a Version>,
) -> Vec<Version> {
    let mut free = desired.counts();
    for version in present {
        let seat = desired
            .versions
            .iter()
            .position(|target| target.version == *version);
        if let Some(seat) = seat {
            free[seat] = free[seat].saturating_sub(1);
        }
    }
    let targets = desired.versions.iter().zip(free);
    targets
        .flat_map(|(target, free)| std::iter::repeat_n(target.version.clone(), free))
        .collect()
}

fn main(desired: &Desired) -> Option<usize> {
    desired
        .versions
        .iter()
        .position(|target| target.size.is_none())
}
