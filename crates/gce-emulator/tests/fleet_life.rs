//! Groups of real programs: made, kept, repaired and ended.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use gce_emulator::{
    fleet::{CurrentAction, Machine, MachineStatus, leaves},
    resource::{Key, Kind},
    store::StoreError,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::json;
use support::{
    Cloud, PROGRAM, ZONE, get, group, is_running, lives, names, settings, template, wait_until,
};

fn kill_9(machine: &Machine) {
    kill(Pid::from_raw(machine.pid.unwrap() as i32), Signal::SIGKILL).unwrap();
}

async fn answers(machine: &Machine) {
    let addr = machine.listens.unwrap().addr;
    wait_until("an answer", || {
        get(addr, "/").is_some_and(|answer| answer.ends_with("ok"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_becomes_as_large_as_it_should_be() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    let group = cloud.group(2).await;
    let two = cloud.wait_for_running(2).await;
    for machine in &two {
        assert!(machine.key.name.starts_with("web-"), "{}", machine.key.name);
        assert_eq!(machine.group.as_ref(), Some(&group));
        answers(machine).await;
    }

    cloud.set(&group, "targetSize", json!(4)).await;
    let four = cloud.wait_for_running(4).await;
    assert!(
        two.iter()
            .all(|machine| names(&four).contains(&machine.key.name))
    );

    cloud.set(&group, "targetSize", json!(1)).await;
    let one = cloud.wait_for_running(1).await;
    assert!(names(&four).contains(&one[0].key.name));
    for machine in four.iter().filter(|machine| machine.key != one[0].key) {
        assert!(!lives(machine.pid.unwrap()));
        assert!(cloud.store.get(&machine.key).is_none());
    }
    cloud.shutdown().await;
    assert!(!lives(one[0].pid.unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_recorded_as_google_would() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    cloud.group(1).await;
    let machine = cloud.wait_for_running(1).await.remove(0);
    let record = cloud.store.get(&machine.key).unwrap();
    assert_eq!(
        record.text("zone"),
        Some("https://www.googleapis.com/compute/v1/projects/p/zones/us-central1-a")
    );
    assert!(
        record
            .text("machineType")
            .unwrap()
            .ends_with("/machineTypes/e2-micro")
    );
    let items = record.field("metadata/items").unwrap().as_array().unwrap();
    let value = |key: &str| items.iter().find(|item| item["key"] == key).unwrap()["value"].clone();
    assert_eq!(value("colour"), "green");
    assert_eq!(
        value("created-by"),
        "projects/p/zones/us-central1-a/instanceGroupManagers/web"
    );
    wait_until("the status", || {
        cloud.store.get(&machine.key).unwrap().text("status") == Some("RUNNING")
    })
    .await;
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_instance_is_made_anew_under_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    cloud.group(1).await;
    let before = cloud.wait_for_running(1).await.remove(0);
    let id = cloud.store.get(&before.key).unwrap().id;
    kill_9(&before);
    cloud
        .wait_for("the repair", |machines| {
            machines
                .iter()
                .any(|machine| machine.action == CurrentAction::Recreating)
        })
        .await;
    let after = cloud.wait_for_running(1).await.remove(0);
    assert_eq!(after.key, before.key);
    assert_ne!(after.pid, before.pid);
    assert_eq!(cloud.store.get(&after.key).unwrap().id, id);
    let repairs = cloud.log("compute.instances.repair.recreateInstance").await;
    assert_eq!(repairs.len(), 1);
    assert_eq!(
        repairs[0].body["resource"]["labels"]["instance_id"],
        id.to_string()
    );
    assert!(repairs[0].log_name.ends_with("%2Fsystem_event"));
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_cannot_run_says_why_and_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &["/no/such/program"]).await;
    let group = cloud.group(1).await;
    wait_until("two attempts", || cloud.fleet.errors(&group).len() >= 2).await;
    let error = cloud.fleet.errors(&group).remove(0);
    assert_eq!(error.code, "INTERNAL_ERROR");
    assert!(
        error.message.contains("cannot start `/no/such/program`"),
        "{}",
        error.message
    );
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_template_is_used_for_what_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    let group = cloud.group(2).await;
    let two = cloud.wait_for_running(2).await;
    cloud.template("template-2").await;
    let newer = template("template-2").url("p");
    cloud.set(&group, "instanceTemplate", json!(newer)).await;

    cloud.fleet.recreate_instances(&[two[0].key.clone()]);
    let wanted = newer.clone();
    let machines = cloud
        .wait_for("the other template", move |machines| {
            machines.iter().all(is_running)
                && machines
                    .iter()
                    .any(|machine| machine.version.template == wanted)
        })
        .await;
    assert_eq!(names(&machines), names(&two));
    assert_eq!(
        machines
            .iter()
            .filter(|machine| machine.version.template == newer)
            .count(),
        1
    );
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_instance_is_replaced_and_a_deleted_group_ends() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    let group = cloud.group(1).await;
    let first = cloud.wait_for_running(1).await.remove(0);
    cloud
        .fleet
        .delete_instances(std::slice::from_ref(&first.key));
    let key = first.key.clone();
    let second = cloud
        .wait_for("another", move |machines| {
            machines.iter().all(|m| is_running(m) && m.key != key)
        })
        .await;
    cloud
        .store
        .commit(vec![gce_emulator::store::Write::Delete(group)])
        .await
        .unwrap();
    cloud.wait_for("the end", <[Machine]>::is_empty).await;
    assert!(second.iter().all(|machine| !lives(machine.pid.unwrap())));
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_victims_that_somebody_named_go_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    let group = cloud.group(3).await;
    let three = cloud.wait_for_running(3).await;
    let victim = three[1].key.clone();
    let key = victim.clone();
    let decided = cloud.store.transact(move |tx| {
        tx.update(&group, |body| {
            _ = body.insert("targetSize".into(), json!(2));
        });
        tx.extend(vec![leaves(&key)]);
        Ok::<_, StoreError>(())
    });
    decided.await.unwrap();
    let two = cloud.wait_for_running(2).await;
    assert_eq!(
        names(&two),
        [three[0].key.name.clone(), three[2].key.name.clone()]
    );
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn removal_waits_for_requests_in_flight() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    let group = cloud.group(1).await;
    let instance_group = Key::zonal(Kind::InstanceGroup, ZONE, "web").url("p");
    let service = json!({
        "backends": [{"group": instance_group}],
        "connectionDraining": {"drainingTimeoutSec": 3600},
    });
    cloud
        .put(Key::global(Kind::BackendService, "web"), service)
        .await;
    let machine = cloud.wait_for_running(1).await.remove(0);
    cloud.requests.set(1);
    cloud.set(&group, "targetSize", json!(0)).await;
    let draining = cloud
        .wait_for("draining", |machines| machines[0].draining)
        .await
        .remove(0);
    assert_eq!(
        (draining.status, draining.action),
        (MachineStatus::Running, CurrentAction::Deleting)
    );
    answers(&machine).await;
    assert!(lives(machine.pid.unwrap()));
    cloud.requests.set(0);
    cloud.wait_for("the end", <[Machine]>::is_empty).await;
    assert!(!lives(machine.pid.unwrap()));
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_ignores_term_is_killed_after_its_grace() {
    let dir = tempfile::tempdir().unwrap();
    let script = "trap '' TERM; echo ready; while :; do sleep 0.05; done";
    let mut settings = settings(dir.path(), &["sh", "-c", script]);
    settings.grace = std::time::Duration::from_millis(100);
    let cloud = Cloud::with(dir.path(), settings).await;
    let group = cloud.group(1).await;
    let machine = cloud.wait_for_running(1).await.remove(0);
    wait_until("the trap", || {
        std::fs::read_to_string(&machine.log_path)
            .unwrap()
            .contains("ready")
    })
    .await;
    cloud.set(&group, "targetSize", json!(0)).await;
    cloud.wait_for("the end", <[Machine]>::is_empty).await;
    assert!(!lives(machine.pid.unwrap()));
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_program_is_drilled_by_a_burner_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    cloud.group(1).await;
    let machine = cloud.wait_for_running(1).await.remove(0);
    let until = cloud
        .clock
        .now()
        .after(std::time::Duration::from_mins(15))
        .0;
    let drill = json!({"id": "d", "kind": "cpu", "load": 3.0, "until": until, "by": "admin"});
    let with = |drill: Option<String>| {
        let items: Vec<_> = drill
            .map(|drill| json!({"key": "flaskscale-drill", "value": drill}))
            .into_iter()
            .collect();
        json!({"items": items})
    };
    cloud
        .set(&machine.key, "metadata", with(Some(drill.to_string())))
        .await;
    wait_until("a busy instance", || {
        cloud.fleet.cpu(&machine.key).is_some_and(|cpu| cpu > 0.3)
    })
    .await;
    cloud.set(&machine.key, "metadata", with(None)).await;
    wait_until("an idle instance", || {
        cloud.fleet.cpu(&machine.key).is_some_and(|cpu| cpu < 0.2)
    })
    .await;
    assert_eq!(cloud.fleet.group_machines(&group())[0].pid, machine.pid);
    cloud.shutdown().await;
}
