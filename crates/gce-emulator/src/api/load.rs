//! `/_emulator/load`: what groups of simulated instances have to do.

use axum::{Json, body::Body, extract::State, http::Method};
use serde_json::{Value, json};

use super::{Cloud, json_body};
use crate::{
    error::ApiError,
    resource::{Key, Kind},
};

/// More cores than any group could have; beyond it is a slip of the finger.
const MOST_CORES: f64 = 1e6;

/// `{loads: [{group, cores}]}`
pub(super) async fn list(State(cloud): State<Cloud>) -> Json<Value> {
    let loads = cloud.loads();
    let view =
        |(group, cores): (&Key, &f64)| json!({"group": cloud.store().url(group), "cores": cores});
    Json(json!({"loads": loads.iter().map(view).collect::<Vec<_>>()}))
}

/// Gives the `group`, named as Google names resources, so many `cores` to do. All its instances that
/// run share them evenly.
pub(super) async fn set(State(cloud): State<Cloud>, body: Body) -> Result<Json<Value>, ApiError> {
    let body = json_body(&Method::POST, body).await?;
    let given = body
        .get("group")
        .ok_or_else(|| ApiError::required("group"))?;
    let group = given
        .as_str()
        .and_then(Key::from_url)
        .filter(|key| key.kind == Kind::InstanceGroupManager);
    let Some(group) = group else {
        let why = "It must name a managed instance group, as \
                   'zones/us-central1-a/instanceGroupManagers/web' does.";
        return Err(ApiError::invalid("group", &text(given), why));
    };
    let given = body
        .get("cores")
        .ok_or_else(|| ApiError::required("cores"))?;
    let cores = given
        .as_f64()
        .filter(|cores| (0.0..=MOST_CORES).contains(cores));
    let Some(cores) = cores else {
        let why = "It must be a number of cores from 0 to 1000000.";
        return Err(ApiError::invalid("cores", &text(given), why));
    };
    if cloud.store().get(&group).is_none() {
        return Err(ApiError::not_found(&group.path(cloud.store().project())));
    }
    if !cloud.set_load(&group, cores) {
        let message = "Instances are processes here, and their load is what they do. Only a local \
                       cloud that was started with --machines simulated can be given one.";
        return Err(ApiError::condition_not_met(message));
    }
    Ok(Json(
        json!({"group": cloud.store().url(&group), "cores": cores}),
    ))
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
