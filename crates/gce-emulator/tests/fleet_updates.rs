//! Groups of real programs that are brought to another version, spread over zones, and told which
//! instances to have.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::collections::BTreeSet;

use gce_emulator::{
    fleet::{CurrentAction, Machine, forget_name, lets_go, names as wants_name},
    resource::{Key, Kind, Scope},
    store::{StoreError, Write},
};
use serde_json::{Value, json};
use support::{Cloud, PROGRAM, names, template, wait_until};

fn version(name: &str) -> String {
    template(name).url("p")
}

fn policy(more: Value) -> Value {
    let mut policy = json!({"type": "PROACTIVE", "minimalAction": "REPLACE",
        "maxSurge": {"fixed": 1}, "maxUnavailable": {"fixed": 0}});
    policy
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    policy
}

/// A running group that updates by itself, and a second template to go to.
async fn group(cloud: &Cloud, size: u32, more: Value) -> Key {
    let group = cloud.group(size).await;
    cloud.set(&group, "updatePolicy", policy(more)).await;
    let body = json!({"properties": {
        "machineType": "e2-micro",
        "metadata": {"items": [{"key": "colour", "value": "blue"}]},
    }});
    cloud.put(template("template-2"), body).await;
    cloud.wait_for_running(size as usize).await;
    group
}

async fn roll_to(cloud: &Cloud, group: &Key, versions: Value) {
    cloud.set(group, "versions", versions).await;
}

fn of(machines: &[Machine], template: &str) -> usize {
    let is_of = |machine: &&Machine| machine.version.template == version(template);
    machines.iter().filter(is_of).count()
}

fn rests(machine: &Machine) -> bool {
    machine.is_serving() && machine.action == CurrentAction::None
}

async fn settled(cloud: &Cloud, group: &Key) -> Vec<Machine> {
    let is_settled = || {
        let state = cloud.fleet.group_state(&cloud.store.get(group).unwrap());
        state.stable && state.version_reached
    };
    wait_until("a settled group", is_settled).await;
    cloud.fleet.machines().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roll_out_replaces_one_after_another_and_loses_no_capacity() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    let group = group(&cloud, 2, json!({})).await;
    let before = names(&cloud.fleet.machines());
    let mut seen = cloud.fleet.watch();
    let watching = tokio::spawn(async move {
        let (mut fewest, mut most) = (usize::MAX, 0);
        loop {
            let machines = seen.borrow_and_update().clone();
            fewest = fewest.min(machines.iter().filter(|machine| rests(machine)).count());
            most = most.max(machines.len());
            if of(&machines, "template-2") == 2 && machines.len() == 2 {
                return (fewest, most);
            }
            seen.changed().await.unwrap();
        }
    });
    roll_to(
        &cloud,
        &group,
        json!([{"instanceTemplate": version("template-2")}]),
    )
    .await;
    let after = settled(&cloud, &group).await;
    assert_eq!(of(&after, "template-2"), 2);
    assert!(names(&after).iter().all(|name| !before.contains(name)));
    assert_eq!(watching.await.unwrap(), (2, 3));
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_in_the_middle_keeps_what_was_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    let group = group(&cloud, 2, json!({})).await;
    let before = names(&cloud.fleet.machines());
    roll_to(
        &cloud,
        &group,
        json!([{"instanceTemplate": version("template-2")}]),
    )
    .await;
    cloud
        .wait_for("the first new instance", |machines| {
            of(machines, "template-2") > 0
        })
        .await;
    roll_to(
        &cloud,
        &group,
        json!([{"instanceTemplate": version("template-1")}]),
    )
    .await;
    let after = settled(&cloud, &group).await;
    assert_eq!(names(&after), before);
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_is_rolled_out_to_its_part_and_then_to_all() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    let group = group(&cloud, 3, json!({})).await;
    let canary = json!([
        {"instanceTemplate": version("template-1")},
        {"instanceTemplate": version("template-2"), "name": "canary", "targetSize": {"fixed": 1}},
    ]);
    roll_to(&cloud, &group, canary).await;
    let three = settled(&cloud, &group).await;
    assert_eq!((of(&three, "template-1"), of(&three, "template-2")), (2, 1));
    let named = |machine: &&Machine| machine.version.name.as_deref() == Some("canary");
    assert_eq!(three.iter().filter(named).count(), 1);

    roll_to(
        &cloud,
        &group,
        json!([{"instanceTemplate": version("template-2"), "name": "canary"}]),
    )
    .await;
    let all = settled(&cloud, &group).await;
    assert_eq!(of(&all, "template-2"), 3);
    let canary = three.iter().find(named).unwrap();
    assert!(
        names(&all).contains(&canary.key.name),
        "it has the version already"
    );
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_its_name_is_restarted_recreated_or_only_refreshed() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    let in_place = json!({"minimalAction": "NONE", "replacementMethod": "RECREATE",
        "maxSurge": {"fixed": 0}, "maxUnavailable": {"fixed": 1}});
    let group = group(&cloud, 2, in_place).await;
    let before = cloud.fleet.machines();
    let pids = |machines: &[Machine]| machines.iter().map(|m| m.pid).collect::<Vec<_>>();

    // The templates differ in metadata alone, which needs no more than a refresh.
    roll_to(
        &cloud,
        &group,
        json!([{"instanceTemplate": version("template-2")}]),
    )
    .await;
    let refreshed = settled(&cloud, &group).await;
    assert_eq!(
        (names(&refreshed), pids(&refreshed)),
        (names(&before), pids(&before))
    );
    for machine in &refreshed {
        let record = cloud.store.get(&machine.key).unwrap();
        let items = record.field("metadata/items").unwrap().to_string();
        assert!(
            items.contains("blue") && items.contains("created-by"),
            "{items}"
        );
    }

    for (action, name) in [("RESTART", "again"), ("REPLACE", "anew")] {
        let earlier = cloud.fleet.machines();
        let ids = |machines: &[Machine]| {
            let id = |machine: &Machine| cloud.store.get(&machine.key).unwrap().id;
            machines.iter().map(id).collect::<Vec<_>>()
        };
        let (ids_before, more) = (
            ids(&earlier),
            json!({"minimalAction": action,
            "replacementMethod": "RECREATE", "maxSurge": {"fixed": 0}, "maxUnavailable": {"fixed": 1}}),
        );
        cloud.set(&group, "updatePolicy", policy(more)).await;
        roll_to(
            &cloud,
            &group,
            json!([{"instanceTemplate": version("template-2"), "name": name}]),
        )
        .await;
        let later = settled(&cloud, &group).await;
        assert_eq!((names(&later), ids(&later)), (names(&before), ids_before));
        assert!(
            pids(&later).iter().all(|pid| !pids(&earlier).contains(pid)),
            "{action}"
        );
    }
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_waits_to_be_asked_updates_only_what_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    let group = group(&cloud, 2, json!({"type": "OPPORTUNISTIC"})).await;
    let before = cloud.fleet.machines();
    roll_to(
        &cloud,
        &group,
        json!([{"instanceTemplate": version("template-2")}]),
    )
    .await;
    let state = cloud.fleet.group_state(&cloud.store.get(&group).unwrap());
    assert!(state.stable && !state.version_reached);

    let chosen = before[0].key.clone();
    let minimal = gce_emulator::fleet::UpdateAction::Replace;
    cloud
        .fleet
        .update_instances(std::slice::from_ref(&chosen), minimal);
    let one = cloud
        .wait_for("one update", |machines| {
            machines.iter().all(rests) && of(machines, "template-2") == 1
        })
        .await;
    let updated = one.iter().find(|machine| machine.key == chosen).unwrap();
    assert_eq!(updated.version.template, version("template-2"));
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_regional_group_spreads_evenly_and_shrinks_evenly() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    cloud.template("template-1").await;
    let region = Scope::Region("us-central1".into());
    let group = Key::new(Kind::InstanceGroupManager, region, "web");
    let zones: Vec<Value> = ["a", "b", "f"]
        .map(|letter| json!({"zone": format!("zones/us-central1-{letter}")}))
        .into();
    let body = json!({"targetSize": 5, "instanceTemplate": version("template-1"),
        "distributionPolicy": {"zones": zones}});
    cloud.put(group.clone(), body).await;
    let counts = |machines: &[Machine]| {
        let scopes: BTreeSet<&Scope> = machines.iter().map(|machine| &machine.key.scope).collect();
        let count = |scope: &Scope| {
            machines
                .iter()
                .filter(|machine| machine.key.scope == *scope)
                .count()
        };
        let mut counts: Vec<usize> = scopes.into_iter().map(count).collect();
        counts.sort_unstable();
        counts
    };
    let five = cloud.wait_for_running(5).await;
    assert_eq!(counts(&five), [1, 2, 2]);
    let record = cloud.store.get(&five[0].key).unwrap();
    let items = record.field("metadata/items").unwrap().to_string();
    assert!(items.contains("projects/p/regions/us-central1/instanceGroupManagers/web"));

    cloud.set(&group, "targetSize", json!(3)).await;
    assert_eq!(counts(&cloud.wait_for_running(3).await), [1, 1, 1]);
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_instance_runs_on_and_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    let group = cloud.group(2).await;
    let two = cloud.wait_for_running(2).await;
    let key = two[0].key.clone();
    let (of_tx, group_of_tx) = (key.clone(), group.clone());
    let decided = cloud.store.transact(move |tx| {
        tx.update(&group_of_tx, |body| {
            _ = body.insert("targetSize".into(), json!(1));
        });
        tx.extend(vec![lets_go(&of_tx)]);
        Ok::<_, StoreError>(())
    });
    decided.await.unwrap();
    let let_go = key.clone();
    let after = cloud
        .wait_for("the abandoned one", move |machines| {
            machines
                .iter()
                .any(|m| m.key == let_go && m.group.is_none())
        })
        .await;
    assert_eq!(after.len(), 2, "nobody else had to go");
    assert_eq!(
        after.iter().map(|m| m.pid).collect::<Vec<_>>(),
        two.iter().map(|m| m.pid).collect::<Vec<_>>()
    );
    cloud.shutdown().await;

    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    let again = cloud.wait_for_running(2).await;
    let abandoned = again.iter().find(|machine| machine.key == key).unwrap();
    assert_eq!(abandoned.group, None);
    cloud.fleet.delete_instances(std::slice::from_ref(&key));
    let left = cloud.wait_for_running(1).await;
    assert_eq!(left[0].group, Some(group));
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_gets_the_name_that_was_asked_for_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    let group = cloud.group(1).await;
    cloud.wait_for_running(1).await;
    let named = group.clone();
    let decided = cloud.store.transact(move |tx| {
        tx.update(&named, |body| {
            _ = body.insert("targetSize".into(), json!(2));
        });
        tx.extend(vec![wants_name(&named, "chosen")]);
        Ok::<_, StoreError>(())
    });
    decided.await.unwrap();
    let two = cloud.wait_for_running(2).await;
    assert!(names(&two).contains(&"chosen".to_owned()));
    cloud.shutdown().await;

    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    let two = cloud.wait_for_running(2).await;
    let chosen = two
        .iter()
        .find(|machine| machine.key.name == "chosen")
        .unwrap();
    cloud
        .fleet
        .delete_instances(std::slice::from_ref(&chosen.key));
    let others = cloud
        .wait_for("another name", |machines| {
            machines.iter().all(rests) && machines.iter().all(|m| m.key.name != "chosen")
        })
        .await;
    assert_eq!(others.len(), 2);
    let note = forget_name(&group, "chosen");
    let Write::Kv { key, .. } = note else {
        unreachable!("a note is a small value")
    };
    assert_eq!(cloud.store.kv(&key), None);
    cloud.shutdown().await;
}
