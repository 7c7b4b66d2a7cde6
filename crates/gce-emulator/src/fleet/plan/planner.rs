//! A plan in the making, step by step.

use super::{
    Creation, Leaving, Member, Plan, Update, Way,
    seats::{self, Seats},
    staying, victims, zones,
};
use crate::fleet::{
    desired::Desired,
    version::{UpdateAction, Version},
};

/// A plan in the making.
pub(super) struct Planner<'a> {
    desired: &'a Desired,
    way: &'a dyn Fn(&Version, &Version) -> Way,
    staying: Vec<Candidate<'a>>,
    /// How many will be available when the plan so far is carried out.
    available: usize,
    /// How many replaced instances are not gone yet.
    going: usize,
    pub(super) plan: Plan,
}

/// A member that is to stay so far.
#[derive(Clone)]
pub(super) struct Candidate<'a> {
    pub(super) member: &'a Member,
    /// The version that it should have.
    pub(super) version: Version,
    fate: Fate,
}

/// What becomes of a member in the present roll-out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Keep,
    Update(UpdateAction),
    /// Goes, and another takes its place.
    Replace,
    /// Goes when there is one in another zone.
    Move,
}

fn fate_by(way: Way) -> Fate {
    match way {
        Way::Forbidden => Fate::Keep,
        Way::InPlace(action) => Fate::Update(action),
        Way::Substitute => Fate::Replace,
    }
}

impl Candidate<'_> {
    fn is_replaced(&self) -> bool {
        matches!(self.fate, Fate::Replace | Fate::Move)
    }
}

impl<'a> Planner<'a> {
    pub(super) fn new(
        desired: &'a Desired,
        members: &'a [Member],
        way: &'a dyn Fn(&Version, &Version) -> Way,
    ) -> Self {
        let keep = |member| Candidate {
            member,
            version: Version::default(),
            fate: Fate::Keep,
        };
        let going = |member: &&Member| member.leaving == Leaving::Replaced;
        let mut planner = Self {
            desired,
            way,
            staying: staying(members).map(keep).collect(),
            available: staying(members).filter(|member| member.available).count(),
            going: members.iter().filter(going).count(),
            plan: Plan::default(),
        };
        planner.seat();
        planner
    }

    /// Gives each member that stays its version, and decides what becomes of it.
    pub(super) fn seat(&mut self) {
        let members: Vec<&Member> = self
            .staying
            .iter()
            .map(|candidate| candidate.member)
            .collect();
        let seats = Seats::new(self.desired, &members);
        for (candidate, seat) in self.staying.iter_mut().zip(seats.0) {
            let has = &candidate.member.version;
            candidate.fate = match self.desired.policy.proactive {
                true if seat.surplus => Fate::Replace,
                true if *has != seat.version => fate_by((self.way)(has, &seat.version)),
                _ => Fate::Keep,
            };
            candidate.version = seat.version;
        }
        self.even_out();
    }

    /// Whether a member can go out of service without breaking the first promise.
    fn can_spare(&self, member: &Member) -> bool {
        let floor = self
            .desired
            .size
            .saturating_sub(self.desired.policy.unavailable);
        !member.available || self.available > floor
    }

    /// Marks members that are too many in their zones, if nothing else is going on (a canary is)
    /// and the zones would not become even without it.
    fn even_out(&mut self) {
        let rolling = self.desired.versions.len() > 1
            || self
                .staying
                .iter()
                .any(|candidate| candidate.fate != Fate::Keep);
        let surplus = self.staying.len().checked_sub(self.desired.size);
        let Some(surplus) = surplus.filter(|_| self.desired.redistribute && !rolling) else {
            return;
        };
        if zones::are_even(&self.by_zone_without(surplus)) {
            return;
        }
        let mut counts = self.by_zone();
        for _ in 0..surplus {
            let Some(from) = zones::take_fullest(&mut counts) else {
                return;
            };
            self.move_from(&from);
        }
        while let Some(from) = zones::shift(&mut counts) {
            self.move_from(&from);
        }
    }

    /// Where instances would be if so many went in the order of victims.
    fn by_zone_without(&self, surplus: usize) -> zones::Counts {
        let mut counts = self.by_zone();
        let mut left: Vec<&Candidate<'_>> = self.staying.iter().collect();
        for _ in 0..surplus {
            let order = |a: &usize, b: &usize| victims::order(&counts, left[*a], left[*b]);
            let Some(victim) = (0..left.len()).min_by(order) else {
                break;
            };
            let victim = left.swap_remove(victim);
            if let Some(count) = counts.get_mut(&victim.member.zone) {
                *count -= 1;
            }
        }
        counts
    }

    fn move_from(&mut self, zone: &str) {
        let kept = |candidate: &Candidate<'_>| {
            candidate.fate == Fate::Keep && candidate.member.zone == zone
        };
        if let Some(index) = self.first(kept) {
            self.staying[index].fate = Fate::Move;
        }
    }

    /// Removes what is beyond the target size; in a roll-out what is replaced, as far as it can be
    /// spared, and others only beyond the surge.
    pub(super) fn shrink(&mut self) {
        while self.staying.len() > self.desired.size {
            let replaced = self.victim(Candidate::is_replaced);
            let rolling = self.staying.iter().any(Candidate::is_replaced);
            let limit = self.desired.size + self.desired.policy.surge;
            if let Some(victim) = replaced {
                self.remove(victim, Leaving::Replaced);
            } else if !rolling || self.staying.len() > limit {
                let Some(victim) = self.any_victim() else {
                    return;
                };
                self.remove(victim, Leaving::Removed);
            } else {
                return;
            }
        }
    }

    /// Updates what keeps its name, what serves nobody first.
    pub(super) fn update_in_place(&mut self) {
        let mut order: Vec<usize> = (0..self.staying.len()).collect();
        order.sort_by_key(|index| self.staying[*index].member.available);
        for index in order {
            let candidate = &self.staying[index];
            let Fate::Update(action) = candidate.fate else {
                continue;
            };
            let disrupts = candidate.member.available && action >= UpdateAction::Restart;
            if disrupts && !self.can_spare(candidate.member) {
                continue;
            }
            self.plan.update.push(Update {
                key: candidate.member.key.clone(),
                version: candidate.version.clone(),
                action,
            });
            self.available -= usize::from(disrupts);
        }
    }

    /// Removes what is to be replaced, as far as `maxUnavailable` allows.
    pub(super) fn make_room(&mut self) {
        while let Some(victim) = self.victim(|candidate| candidate.fate == Fate::Replace) {
            self.remove(victim, Leaving::Replaced);
        }
    }

    /// Makes what is missing.
    pub(super) fn grow(&mut self) {
        let replaced = self
            .staying
            .iter()
            .filter(|candidate| candidate.is_replaced());
        let replaced = replaced.count();
        let seated = self.staying.len() - replaced;
        let surge = if replaced + self.going > 0 {
            self.desired.policy.surge
        } else {
            0
        };
        let missing = self.desired.size.saturating_sub(seated);
        let room = (self.desired.size + surge).saturating_sub(self.staying.len() + self.going);
        let kept = || {
            self.staying
                .iter()
                .filter(|candidate| !candidate.is_replaced())
        };
        let versions = seats::missing(self.desired, kept().map(|candidate| &candidate.version));
        let mut counts = zones::count(
            &self.desired.zones,
            kept().map(|candidate| candidate.member.zone.as_str()),
        );
        for version in versions.into_iter().take(missing.min(room)) {
            if let Some(zone) = zones::take_emptiest(&mut counts) {
                self.plan.create.push(Creation { zone, version });
            }
        }
    }

    fn by_zone(&self) -> zones::Counts {
        let zones = self
            .staying
            .iter()
            .map(|candidate| candidate.member.zone.as_str());
        zones::count(&self.desired.zones, zones)
    }

    /// The first of those that are wanted and can be spared, in the order of victims.
    fn victim(&self, wanted: impl Fn(&Candidate<'a>) -> bool) -> Option<usize> {
        self.first(|candidate| wanted(candidate) && self.can_spare(candidate.member))
    }

    /// The first in the order of victims.
    fn any_victim(&self) -> Option<usize> {
        self.first(|_| true)
    }

    fn first(&self, wanted: impl Fn(&Candidate<'a>) -> bool) -> Option<usize> {
        let counts = self.by_zone();
        let indexes = (0..self.staying.len()).filter(|index| wanted(&self.staying[*index]));
        indexes.min_by(|a, b| victims::order(&counts, &self.staying[*a], &self.staying[*b]))
    }

    fn remove(&mut self, index: usize, why: Leaving) {
        let removed = self.staying.remove(index);
        self.available -= usize::from(removed.member.available);
        self.going += usize::from(why == Leaving::Replaced);
        self.plan.remove.push((removed.member.key.clone(), why));
    }
}
