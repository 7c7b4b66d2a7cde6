//! `/_emulator/…`: a look inside for people and tests, and the crank of a clock that stands still.
//! No GET changes anything.

use std::time::Duration;

use axum::{Json, extract::State, http::Uri};
use serde_json::{Value, json};

use super::{Cloud, member::Member, query_map};
use crate::{
    clock::{Pace, rfc3339},
    error::ApiError,
    resource::{Kind, last_segment},
    routing,
};

/// `[{name, zone, group, pid, port, state, action, healthy}]`
pub(super) async fn instances(State(cloud): State<Cloud>) -> Json<Value> {
    Json(Value::Array(
        cloud.members().iter().map(Member::inspect).collect(),
    ))
}

/// `{now, speed, pace}`: the emulated instant, how many emulated seconds pass in a real one, and
/// whether the clock runs by itself (`running`) or by hand (`manual`).
pub(super) async fn clock(State(cloud): State<Cloud>) -> Json<Value> {
    let clock = cloud.clock();
    let pace = match clock.pace() {
        Pace::Speed(_) => "running",
        Pace::Manual => "manual",
    };
    Json(json!({"now": rfc3339(clock.now()), "speed": clock.speed(), "pace": pace}))
}

/// A year: more is a slip of the finger.
const LONGEST_ADVANCE: u64 = 366 * 24 * 3600;

/// Advances a clock that stands still by `seconds`, and answers as [`clock`] when all that was due
/// by then has happened.
pub(super) async fn advance(State(cloud): State<Cloud>, uri: Uri) -> Result<Json<Value>, ApiError> {
    let query = query_map(uri.query().unwrap_or_default());
    let given = query
        .get("seconds")
        .ok_or_else(|| ApiError::required("seconds"))?;
    let seconds = given
        .parse()
        .ok()
        .filter(|seconds| (1..=LONGEST_ADVANCE).contains(seconds));
    let Some(seconds) = seconds else {
        let why = format!("It must be a whole number from 1 to {LONGEST_ADVANCE}.");
        return Err(ApiError::invalid("seconds", given, &why));
    };
    let time = Duration::from_secs(seconds);
    if !cloud.clock().advance(time, || cloud.settle()).await {
        let message = "The clock runs by itself. Only that of a local cloud that was started with \
                       --pace manual can be advanced.";
        return Err(ApiError::condition_not_met(message));
    }
    Ok(clock(State(cloud)).await)
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
