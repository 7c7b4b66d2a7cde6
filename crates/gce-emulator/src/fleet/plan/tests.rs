//! Stories of single plans, and laws of whole roll-outs.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

use proptest::prelude::*;

use super::*;
use crate::{
    fleet::desired::{Policy, Target},
    resource::Kind,
};

fn version(template: &str) -> Version {
    Version {
        name: None,
        template: template.into(),
    }
}

fn member(name: &str, change: impl FnOnce(&mut Member)) -> Member {
    let mut member = Member {
        key: Key::zonal(Kind::Instance, "a", name),
        zone: "a".into(),
        version: version("new"),
        running: true,
        available: true,
        disrupted: false,
        leaving: Leaving::No,
        cpu: Some(0.5),
        created: Timestamp(0),
    };
    change(&mut member);
    member
}

fn old(name: &str) -> Member {
    member(name, |member| member.version = version("old"))
}

fn booting(name: &str) -> Member {
    member(name, |member| {
        (member.running, member.available) = (false, false);
    })
}

/// A zonal group of one version, `new`, that updates by itself, one by one.
fn group(size: usize, change: impl FnOnce(&mut Desired)) -> Desired {
    let mut desired = Desired {
        size,
        versions: vec![Target {
            version: version("new"),
            size: None,
        }],
        policy: Policy {
            proactive: true,
            substitute: true,
            minimal: UpdateAction::Replace,
            most: UpdateAction::Replace,
            surge: 1,
            unavailable: 0,
        },
        zones: vec!["a".into()],
        redistribute: false,
    };
    change(&mut desired);
    desired
}

fn substitute(_: &Version, _: &Version) -> Way {
    Way::Substitute
}

fn restart(_: &Version, _: &Version) -> Way {
    Way::InPlace(UpdateAction::Restart)
}

fn removed(plan: &Plan) -> Vec<&str> {
    plan.remove
        .iter()
        .map(|(key, _)| key.name.as_str())
        .collect()
}

fn updated(plan: &Plan) -> Vec<&str> {
    plan.update
        .iter()
        .map(|update| update.key.name.as_str())
        .collect()
}

fn victims(size: usize, members: &[Member]) -> Vec<String> {
    let desired = group(size, |desired| desired.policy.proactive = false);
    let plan = plan(&desired, members, substitute);
    removed(&plan).into_iter().map(str::to_owned).collect()
}

#[test]
fn victims_are_chosen_in_googles_order() {
    let members = [
        member("busy", |member| member.cpu = Some(0.9)),
        member("idle", |member| member.cpu = Some(0.1)),
        old("outdated"),
        member("changing", |member| {
            (member.disrupted, member.available) = (true, false);
        }),
        member("verifying", |member| member.available = false),
        booting("booting"),
    ];
    let all = [
        "booting",
        "changing",
        "verifying",
        "outdated",
        "idle",
        "busy",
    ];
    assert_eq!(victims(0, &members), all);
    assert_eq!(victims(3, &members), all[..3]);
}

#[test]
fn of_equals_the_youngest_goes() {
    let young = member("a", |member| member.created = Timestamp(9));
    assert_eq!(victims(1, &[young, member("b", |_| {})]), ["a"]);
}

#[test]
fn a_group_of_the_right_size_is_left_alone() {
    let members = [member("a", |_| {}), member("b", |_| {})];
    assert_eq!(
        plan(&group(2, |_| {}), &members, substitute),
        Plan::default()
    );
    assert_eq!(
        plan(&group(5, |_| {}), &members, substitute).create.len(),
        3
    );
}

#[test]
fn a_new_instance_comes_before_an_old_one_goes() {
    let desired = group(2, |_| {});
    let mut members = vec![old("a"), old("b")];
    let first = plan(&desired, &members, substitute);
    assert_eq!((first.create.len(), removed(&first).len()), (1, 0));

    members.push(booting("c"));
    assert_eq!(plan(&desired, &members, substitute), Plan::default());

    members[2] = member("c", |_| {});
    let next = plan(&desired, &members, substitute);
    assert_eq!(removed(&next).len(), 1);
    assert!(
        next.create.is_empty(),
        "until the old one is gone, it counts"
    );
}

#[test]
fn with_nothing_to_surge_an_old_instance_goes_first_and_is_waited_for() {
    let desired = group(2, |desired| {
        (desired.policy.surge, desired.policy.unavailable) = (0, 1);
    });
    let mut members = vec![old("a"), old("b")];
    let first = plan(&desired, &members, substitute);
    assert_eq!((first.create.len(), removed(&first)), (0, vec!["a"]));

    members[0].leaving = Leaving::Replaced;
    members[0].available = false;
    assert_eq!(plan(&desired, &members, substitute), Plan::default());

    members.remove(0);
    assert_eq!(plan(&desired, &members, substitute).create.len(), 1);
}

#[test]
fn what_serves_nobody_is_replaced_at_once() {
    let desired = group(2, |_| {});
    let broken = member("b", |member| {
        (member.version, member.available) = (version("old"), false);
    });
    let plan = plan(&desired, &[old("a"), broken], substitute);
    assert_eq!(removed(&plan), ["b"]);
    assert_eq!(plan.create.len(), 1);
}

#[test]
fn an_opportunistic_group_updates_nothing_by_itself_and_makes_the_new_version() {
    let desired = group(3, |desired| desired.policy.proactive = false);
    let plan = plan(&desired, &[old("a"), old("b")], substitute);
    assert!(plan.remove.is_empty() && plan.update.is_empty());
    assert_eq!(plan.create.len(), 1);
    assert_eq!(plan.create[0].version, version("new"));
}

#[test]
fn restarts_keep_as_many_in_service_as_they_must() {
    let desired = group(3, |desired| desired.policy.unavailable = 1);
    let members = [old("a"), old("b"), old("c")];
    assert_eq!(updated(&plan(&desired, &members, restart)), ["a"]);
    let refresh = |_: &Version, _: &Version| Way::InPlace(UpdateAction::Refresh);
    let all = plan(&desired, &members, refresh);
    assert_eq!(updated(&all), ["a", "b", "c"], "nobody notices a refresh");
}

#[test]
fn what_would_disrupt_too_much_stays_as_it_is() {
    let forbidden = |_: &Version, _: &Version| Way::Forbidden;
    let members = [old("a"), old("b")];
    assert_eq!(
        plan(&group(2, |_| {}), &members, forbidden),
        Plan::default()
    );
    assert!(!is_reached(&group(2, |_| {}), &members));
}

fn canary(size: usize, part: usize) -> Desired {
    group(size, |desired| {
        desired.versions = vec![
            Target {
                version: version("old"),
                size: None,
            },
            Target {
                version: version("new"),
                size: Some(part),
            },
        ];
    })
}

#[test]
fn a_canary_takes_no_more_than_its_part() {
    let members: Vec<Member> = ["a", "b", "c", "d"].map(old).into();
    let first = plan(&canary(4, 1), &members, substitute);
    assert_eq!(first.create.len(), 1);
    assert_eq!(first.create[0].version, version("new"));
    let members = [old("a"), old("b"), old("c"), member("d", |_| {})];
    assert!(is_reached(&canary(4, 1), &members));
    assert_eq!(plan(&canary(4, 1), &members, substitute), Plan::default());
}

#[test]
fn a_scale_out_gives_a_canary_its_part_of_it() {
    let members = [old("a"), member("b", |_| {})];
    let versions: Vec<Version> = plan(&canary(6, 2), &members, substitute)
        .create
        .into_iter()
        .map(|creation| creation.version)
        .collect();
    let of = |template: &str| {
        versions
            .iter()
            .filter(|made| **made == version(template))
            .count()
    };
    assert_eq!((of("old"), of("new")), (3, 1));
}

fn regional(size: usize) -> Desired {
    group(size, |desired| {
        desired.zones = ["a", "b", "c"].map(str::to_owned).into();
        desired.redistribute = true;
    })
}

fn in_zone(zone: &str, name: &str) -> Member {
    member(name, |member| {
        member.key = Key::zonal(Kind::Instance, zone, name);
        member.zone = zone.into();
    })
}

#[test]
fn a_regional_group_grows_and_shrinks_evenly() {
    let members = [in_zone("a", "1"), in_zone("a", "2"), in_zone("b", "3")];
    let grown = plan(&regional(6), &members, substitute);
    let mut zones: Vec<&str> = grown.create.iter().map(|made| made.zone.as_str()).collect();
    zones.sort_unstable();
    assert_eq!(zones, ["b", "c", "c"]);

    let members = [
        in_zone("a", "1"),
        in_zone("a", "2"),
        in_zone("b", "3"),
        in_zone("c", "4"),
    ];
    let shrunk = plan(&regional(3), &members, substitute);
    assert!(["1", "2"].contains(&removed(&shrunk)[0]), "{shrunk:?}");
}

#[test]
fn instances_that_crowd_a_zone_move_to_an_empty_one() {
    let members = [in_zone("a", "1"), in_zone("a", "2"), in_zone("b", "3")];
    let moving = plan(&regional(3), &members, substitute);
    assert_eq!(moving.create[0].zone, "c");
    assert!(moving.remove.is_empty());
    let mut members = Vec::from(members);
    members.push(in_zone("c", "4"));
    let done = plan(&regional(3), &members, substitute);
    assert_eq!(done.remove.len(), 1);
    assert!(["1", "2"].contains(&removed(&done)[0]));
}

/// Instances as a simulation has them: they boot, verify and go when it says so.
struct World {
    members: Vec<Member>,
    made: usize,
}

impl World {
    fn carry_out(&mut self, plan: Plan) {
        for (key, leaving) in plan.remove {
            let member = self.find(&key);
            (member.leaving, member.available) = (leaving, false);
        }
        for update in plan.update {
            let member = self.find(&update.key);
            member.version = update.version;
            if update.action >= UpdateAction::Restart {
                (member.running, member.available, member.disrupted) = (false, false, true);
            }
        }
        for creation in plan.create {
            self.made += 1;
            let mut made = booting(&format!("made-{:04}", self.made));
            made.key = Key::zonal(Kind::Instance, &creation.zone, made.key.name);
            (made.version, made.zone) = (creation.version, creation.zone);
            made.created = Timestamp(self.made as i64);
            self.members.push(made);
        }
    }

    fn find(&mut self, key: &Key) -> &mut Member {
        let found = self.members.iter_mut().find(|member| member.key == *key);
        found.expect("plans are about members")
    }

    /// Lets one unfinished instance get on, chosen by `choice`.
    fn progress(&mut self, choice: usize) {
        let unfinished = |member: &Member| !member.available || member.leaving != Leaving::No;
        let indexes: Vec<usize> = (0..self.members.len())
            .filter(|index| unfinished(&self.members[*index]))
            .collect();
        let Some(index) = indexes.get(choice % indexes.len().max(1)) else {
            return;
        };
        let member = &mut self.members[*index];
        if member.leaving != Leaving::No {
            self.members.remove(*index);
        } else if member.running {
            (member.available, member.disrupted) = (true, false);
        } else {
            member.running = true;
        }
    }

    fn available(&self) -> usize {
        self.members
            .iter()
            .filter(|member| member.available)
            .count()
    }

    /// How many instances there are, without those that a smaller size has sent away.
    fn size(&self) -> usize {
        let counts = |member: &&Member| member.leaving != Leaving::Removed;
        self.members.iter().filter(counts).count()
    }
}

#[derive(Clone, Debug)]
struct Story {
    desired: Desired,
    members: Vec<Member>,
    way: Way,
    progress: Vec<usize>,
}

fn stories() -> impl Strategy<Value = Story> {
    let ways = prop_oneof![
        Just(Way::Substitute),
        Just(Way::InPlace(UpdateAction::Replace)),
        Just(Way::InPlace(UpdateAction::Restart)),
        Just(Way::InPlace(UpdateAction::Refresh)),
    ];
    let limits = (0_usize..4, 0_usize..4)
        .prop_map(|(surge, unavailable)| (surge.max(usize::from(unavailable == 0)), unavailable));
    let member = (0_usize..3, any::<bool>(), any::<bool>(), 0_usize..3);
    (
        (
            0_usize..9,
            limits,
            proptest::option::of(0_usize..5),
            1_usize..4,
        ),
        proptest::collection::vec(member, 0..9),
        ways,
        proptest::collection::vec(0_usize..100, 120),
    )
        .prop_map(|((size, limits, canary, zones), members, way, progress)| {
            // In place there is no surge, as the API demands.
            let (surge, unavailable) = match way {
                Way::Substitute => limits,
                _ => (0, limits.0 + limits.1),
            };
            let mut desired = group(size, |desired| {
                desired.policy.surge = surge;
                desired.policy.unavailable = unavailable;
                desired.zones = ["a", "b", "c"][..zones]
                    .iter()
                    .map(|z| (*z).into())
                    .collect();
            });
            if let Some(part) = canary {
                desired.versions.push(Target {
                    version: version("canary"),
                    size: Some(part),
                });
            }
            let members = members.into_iter().enumerate();
            let members = members.map(|(index, (versioned, running, available, zone))| {
                let mut member = in_zone(&desired.zones[zone % zones], &format!("m-{index}"));
                member.version = version(["old", "new", "canary"][versioned]);
                (member.running, member.available) = (running, running && available);
                member
            });
            Story {
                members: members.collect(),
                desired,
                way,
                progress,
            }
        })
}

proptest! {
    #[test]
    fn a_roll_out_keeps_its_promises_and_ends(story in stories()) {
        let Story { desired, members, way, progress } = story;
        let way = |_: &Version, _: &Version| way;
        let mut world = World { members, made: 0 };
        let floor = desired.size.saturating_sub(desired.policy.unavailable);
        for choice in progress {
            let (available, size) = (world.available(), world.size());
            world.carry_out(plan(&desired, &world.members, way));
            prop_assert!(world.available() >= floor.min(available), "too few are available");
            let ceiling = desired.size + desired.policy.surge;
            prop_assert!(world.size() <= ceiling.max(size), "too many instances");
            world.progress(choice);
        }
        prop_assert!(is_reached(&desired, &world.members));
        prop_assert_eq!(world.members.len(), desired.size);
        prop_assert_eq!(world.available(), desired.size);
        prop_assert_eq!(plan(&desired, &world.members, way), Plan::default());
    }

    #[test]
    fn carrying_out_a_plan_leaves_nothing_more_to_do(story in stories()) {
        let way = |_: &Version, _: &Version| story.way;
        let mut world = World { members: story.members, made: 0 };
        world.carry_out(plan(&story.desired, &world.members, way));
        prop_assert_eq!(plan(&story.desired, &world.members, way), Plan::default());
    }

    #[test]
    fn zones_end_even(story in stories()) {
        let mut desired = Desired { redistribute: true, ..story.desired };
        desired.policy.surge = desired.policy.surge.max(1);
        desired.versions.truncate(1);
        let mut world = World { members: story.members, made: 0 };
        for choice in story.progress {
            world.carry_out(plan(&desired, &world.members, substitute));
            world.progress(choice);
        }
        let zones = world.members.iter().map(|member| member.zone.as_str());
        let counts = zones::count(&desired.zones, zones);
        let (most, least) = (counts.values().max(), counts.values().min());
        prop_assert!(most.unwrap() - least.unwrap() <= 1, "{:?}", counts);
    }
}
