//! `/_emulator/…`: a look inside for people and tests. Nothing here changes anything.

use axum::{Json, extract::State};
use serde_json::{Value, json};

use super::{Cloud, member::Member};
use crate::{
    clock::rfc3339,
    resource::{Kind, last_segment},
    routing,
};

/// `[{name, zone, group, pid, port, state, action, healthy}]`
pub(super) async fn instances(State(cloud): State<Cloud>) -> Json<Value> {
    Json(Value::Array(
        cloud.members().iter().map(Member::inspect).collect(),
    ))
}

/// `{now, speed}`: the emulated instant, and how many emulated seconds pass in a real one.
pub(super) async fn clock(State(cloud): State<Cloud>) -> Json<Value> {
    let clock = cloud.clock();
    Json(json!({"now": rfc3339(clock.now()), "speed": clock.speed()}))
}

/// `[{rule, address, portRange, target, listens}]`
pub(super) async fn forwarding(State(cloud): State<Cloud>) -> Json<Value> {
    let rules = cloud.store().list(Kind::ForwardingRule, None);
    let rule = |rule: &std::sync::Arc<crate::resource::Resource>| {
        let listens = cloud
            .listener(&routing::frontend_name(&rule.key))
            .map(|address| address.to_string());
        json!({
            "rule": rule.key.name,
            "address": rule.text("IPAddress"),
            "portRange": rule.text("portRange"),
            "target": rule.text("target").map(last_segment),
            "listens": listens,
        })
    };
    Json(Value::Array(rules.iter().map(rule).collect()))
}
