#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::deployment::part::Kind;

fn blueprint() -> Blueprint {
    Blueprint::tutorial("demo", "us-central1-a", "web")
}

/// What there is after a plan was carried out, with the defaults that a cloud fills in.
fn after(blueprint: &Blueprint, before: &Inventory) -> Inventory {
    let mut inventory = before.clone();
    for step in plan(blueprint, before) {
        let mut body = before.get(&step.part).cloned().unwrap_or_else(|| json!({}));
        let (Act::Create(stated) | Act::Update(stated)) = &step.act;
        for (field, value) in stated.as_object().unwrap() {
            body[field] = value.clone();
        }
        body["id"] = json!("42");
        body["fingerprint"] = json!("abc=");
        inventory.add(&step.part, body);
    }
    inventory
}

fn told(blueprint: &Blueprint, inventory: &Inventory) -> Vec<String> {
    plan(blueprint, inventory)
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn an_empty_project_gets_everything_in_the_order_of_dependency() {
    let template = blueprint().template_name();
    assert_eq!(
        told(&blueprint(), &Inventory::default()),
        [
            "create health check web",
            &format!("create instance template {template}"),
            "create managed instance group web",
            "create autoscaler web",
            "create backend service web",
            "create URL map web",
            "create target HTTP proxy web",
            "create forwarding rule web",
        ]
    );
}

#[test]
fn a_resource_refers_only_to_those_before_it() {
    let parts = blueprint().parts();
    let mut known = BTreeSet::new();
    for part in &parts {
        for reference in references(&part.body) {
            assert!(
                known.contains(&reference),
                "{} refers to {reference}",
                part.kind
            );
        }
        known.insert(format!("{}/{}", part.kind.collection(), part.name));
        if part.kind == Kind::Group {
            known.insert(format!("instanceGroups/{}", part.name));
        }
    }
}

/// Collection and name of each resource of ours that a body names.
fn references(body: &Value) -> Vec<String> {
    match body {
        Value::String(text) if text.starts_with("https://www.googleapis.com/") => {
            let mut segments = text.rsplit('/');
            let (name, collection) = (segments.next().unwrap(), segments.next().unwrap());
            vec![format!("{collection}/{name}")]
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Object(fields) => fields.values().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn what_the_owner_changed_is_left_alone() {
    let mut inventory = after(&blueprint(), &Inventory::default());
    let parts = blueprint().parts();
    let autoscaler = parts
        .iter()
        .find(|part| part.kind == Kind::Autoscaler)
        .unwrap();
    inventory.add(
        autoscaler,
        json!({"autoscalingPolicy": {"minNumReplicas": 4}}),
    );
    let group = parts.iter().find(|part| part.kind == Kind::Group).unwrap();
    let mut body = inventory.get(group).unwrap().clone();
    body["targetSize"] = json!(5);
    inventory.add(group, body);
    assert_eq!(told(&blueprint(), &inventory), [""; 0]);
}

#[test]
fn another_machine_type_is_a_new_template_and_a_rollout() {
    let inventory = after(&blueprint(), &Inventory::default());
    let wanted = Blueprint {
        machine_type: "e2-small".to_owned(),
        ..blueprint()
    };
    assert_eq!(
        told(&wanted, &inventory),
        [
            format!("create instance template {}", wanted.template_name()),
            "update managed instance group web: instanceTemplate, versions".to_owned(),
        ]
    );
}

#[test]
fn an_update_carries_the_fingerprint_of_what_it_was_planned_on() {
    let inventory = after(&blueprint(), &Inventory::default());
    let wanted = Blueprint {
        draining_s: 30,
        ..blueprint()
    };
    let steps = plan(&wanted, &inventory);
    let [
        Step {
            act: Act::Update(patch),
            ..
        },
    ] = steps.as_slice()
    else {
        panic!("one update: {steps:?}");
    };
    let expected = json!({"connectionDraining": {"drainingTimeoutSec": 30}, "fingerprint": "abc="});
    assert_eq!(*patch, expected);
}

fn any_blueprint() -> impl Strategy<Value = Blueprint> {
    let metadata = prop::collection::btree_map("[a-z]{1,3}", "[a-z]{0,3}", 0..3);
    let types = prop::sample::select(vec!["e2-micro", "e2-small"]);
    (types, metadata, 1..4_u16, 0..3_u32, "/[a-z]{0,2}").prop_map(
        |(machine_type, metadata, port, draining_s, health_path)| Blueprint {
            machine_type: machine_type.to_owned(),
            metadata,
            port,
            draining_s,
            health_path,
            ..blueprint()
        },
    )
}

proptest! {
    /// From any earlier deployment one plan leads to the wanted one, and the next finds nothing to do.
    #[test]
    fn the_plan_of_what_was_applied_is_empty(
        earlier in any_blueprint(),
        wanted in any_blueprint(),
        missing in prop::collection::btree_set(0..8_usize, 0..8),
    ) {
        let mut found = Inventory::default();
        for (index, part) in earlier.parts().iter().enumerate() {
            if !missing.contains(&index) {
                found.add(part, part.body.clone());
            }
        }
        let applied = after(&wanted, &found);
        prop_assert_eq!(plan(&wanted, &applied), vec![]);
    }
}
