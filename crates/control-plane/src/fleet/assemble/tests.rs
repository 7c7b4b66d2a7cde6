#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;

const NOW: Timestamp = Timestamp(1_795_491_086_000);
const BASE: &str = "https://www.googleapis.com/compute/v1/projects/demo/zones/us-central1-a";

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn managed() -> ManagedGroup {
    let template =
        "https://www.googleapis.com/compute/v1/projects/demo/global/instanceTemplates/web-1";
    ManagedGroup {
        manager: read(json!({
            "name": "web",
            "zone": BASE,
            "targetSize": 3,
            "instanceTemplate": template,
            "instanceGroup": format!("{BASE}/instanceGroups/web"),
            "status": {"isStable": false},
        })),
        instances: vec![
            read(json!({
                "instance": format!("{BASE}/instances/web-b"), "id": "2",
                "instanceStatus": "RUNNING", "currentAction": "VERIFYING",
            })),
            read(json!({
                "instance": format!("{BASE}/instances/web-a"), "id": "1",
                "instanceStatus": "RUNNING", "currentAction": "NONE",
                "instanceHealth": [{"detailedHealthState": "TIMEOUT"}],
            })),
            read(
                json!({"instance": format!("{BASE}/instances/web-c"), "currentAction": "CREATING"}),
            ),
        ],
    }
}

fn autoscaler(policy: Value) -> Autoscaler {
    read(json!({
        "name": "web-x7f3",
        "target": "projects/12345/zones/us-central1-a/instanceGroupManagers/web",
        "autoscalingPolicy": policy,
        "recommendedSize": 3,
        "status": "ACTIVE",
        "statusDetails": [{"type": "MODE_OFF", "message": "Off."}],
    }))
}

fn sources() -> Sources {
    Sources {
        groups: Some(Arc::new(vec![managed()])),
        ..Sources::default()
    }
}

fn group_of(sources: &Sources) -> Group {
    assemble(sources, Vec::new(), NOW).groups.remove(0)
}

#[test]
fn a_group_is_drawn_from_its_manager_alone() {
    let group = group_of(&sources());
    assert_eq!(group.id.to_string(), "us-central1-a/web");
    assert_eq!(
        (group.target_size, group.running, group.stable),
        (3, 2, false)
    );
    assert_eq!(
        (group.healthy, group.cpu, group.autoscaler),
        (None, None, None)
    );
    let names: Vec<&str> = group.instances.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["web-a", "web-b", "web-c"]);
}

#[test]
fn an_instance_that_does_not_exist_yet_is_shown() {
    let group = group_of(&sources());
    let coming = group.instance("web-c").unwrap();
    assert_eq!(
        (coming.status.as_str(), coming.action.as_str()),
        ("", "CREATING")
    );
    assert_eq!(
        (coming.zone.as_str(), coming.template.as_str()),
        ("us-central1-a", "web-1")
    );
}

#[test]
fn an_autoscaler_is_found_by_its_target_whatever_its_name() {
    let policy = json!({"minNumReplicas": 2, "maxNumReplicas": 6, "future": 1});
    let autoscalers = Some(Arc::new(vec![autoscaler(policy.clone())]));
    let group = group_of(&Sources {
        autoscalers,
        ..sources()
    });
    let view = group.autoscaler.unwrap();
    assert_eq!((view.name.as_str(), view.policy.max), ("web-x7f3", 6));
    assert_eq!(view.raw, policy);
    assert_eq!(view.details, [("MODE_OFF".to_owned(), "Off.".to_owned())]);
    assert_eq!(group.recommended, Some(3));
}

#[test]
fn a_policy_that_cannot_be_read_is_a_problem_and_not_the_end_of_the_group() {
    let autoscalers = Some(Arc::new(vec![autoscaler(
        json!({"minNumReplicas": 9, "maxNumReplicas": 6}),
    )]));
    let fleet = assemble(
        &Sources {
            autoscalers,
            ..sources()
        },
        Vec::new(),
        NOW,
    );
    assert_eq!(fleet.groups[0].autoscaler, None);
    assert_eq!(fleet.problems[0].source, "policy");
    assert!(fleet.problems[0].message.starts_with("web-x7f3: "));
}

#[test]
fn a_drill_is_shown_while_it_lasts() {
    let machine = |until: i64| {
        let drill = json!({"id": "1", "kind": "cpu", "load": 2.2, "until": until, "by": "admin"});
        let items = json!([{"key": "flaskscale-drill", "value": drill.to_string()}]);
        let created = "2026-11-23T19:31:26-08:00";
        let machine = read(json!({
            "name": "web-a", "creationTimestamp": created, "metadata": {"items": items},
        }));
        let url = "zones/us-central1-a/instances/web-a".to_owned();
        let instances = Some(Arc::new(HashMap::from([(url, machine)])));
        group_of(&Sources {
            instances,
            ..sources()
        })
        .instances
        .remove(0)
    };
    assert_eq!(machine(NOW.0 + 1).drill.unwrap().by, "admin");
    assert_eq!(machine(NOW.0).drill, None);
    assert_eq!(machine(0).created, Some(NOW));
}

#[test]
fn a_groups_own_check_speaks_where_no_load_balancer_does() {
    let group = group_of(&sources());
    assert_eq!(
        group.instance("web-a").unwrap().health.as_deref(),
        Some("TIMEOUT")
    );
}

#[test]
fn the_groups_cpu_is_the_mean_of_what_runs_and_as_old_as_its_oldest_part() {
    let mut group = group_of(&sources());
    let reading = |value, at| {
        Some(Reading {
            value,
            at: Timestamp(at),
        })
    };
    group.instances[0].cpu = reading(0.2, 10);
    group.instances[1].cpu = reading(0.6, 5);
    group.instances[2].cpu = reading(9.0, 1);
    let mean = mean_cpu(&group.instances).unwrap();
    assert!((mean.value - 0.4).abs() < 1e-9);
    assert_eq!(mean.at, Timestamp(5));
}
