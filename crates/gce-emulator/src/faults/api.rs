//! Faults over HTTP: asking for them, and the calls that fail by them.

use std::time::Duration;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Request as Call, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    fault::{ApiFailure, Request},
    registry::{Active, Faults},
};
use crate::{apis::Asked, error::ApiError};

/// Longer than any client waits; then it is told that nobody answered.
const TIMEOUT: Duration = Duration::from_mins(5);

/// `{faults: [{id, fault, times, leftSec}]}`; `times` says how often it has struck.
pub(crate) async fn list(State(faults): State<Faults>) -> Json<Value> {
    let listed: Vec<Value> = faults
        .list()
        .iter()
        .map(|(id, active)| view(*id, active))
        .collect();
    Json(json!({ "faults": listed }))
}

/// Switches a fault on: the fault with its optional `durationSec` is the body.
pub(crate) async fn add(
    State(faults): State<Faults>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let text =
        std::str::from_utf8(&body).map_err(|_| ApiError::bad_request("The body must be UTF-8."))?;
    let request = Request::from_json(text).map_err(ApiError::bad_request)?;
    let answer =
        json!({"fault": request.fault, "leftSec": request.lasts.map(|lasts| lasts.as_secs_f64())});
    let id = faults.add(request);
    let mut answer = answer;
    answer["id"] = json!(id.to_string());
    Ok(Json(answer))
}

/// Switches a fault off.
pub(crate) async fn remove(
    State(faults): State<Faults>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let removed = id.parse().is_ok_and(|number| faults.remove(number));
    if removed {
        Ok(Json(json!({})))
    } else {
        Err(ApiError::not_found(&format!("_emulator/faults/{id}")))
    }
}

fn view(id: u64, active: &Active) -> Value {
    let left = active.left().map(|left| left.as_secs_f64());
    json!({
        "id": id.to_string(),
        "fault": active.fault,
        "times": active.times(),
        "leftSec": left,
    })
}

/// Delays and fails calls as the faults have it.
pub(crate) async fn disturb(State(faults): State<Faults>, call: Call, next: Next) -> Response {
    let Some(method) = name_of(call.method(), call.uri().path()) else {
        return next.run(call).await;
    };
    if let Some(delay) = faults.delay(&method) {
        tokio::time::sleep(delay).await;
    }
    let Some(failure) = faults.failure(&method) else {
        return next.run(call).await;
    };
    if failure == ApiFailure::Timeout {
        tokio::time::sleep(TIMEOUT).await;
    }
    let error = error(failure);
    if method.starts_with("compute.") || method.starts_with("dns.") {
        error.into_response()
    } else {
        error.rpc().into_response()
    }
}

fn error(failure: ApiFailure) -> ApiError {
    match failure {
        ApiFailure::TooManyRequests => ApiError::too_many_requests(),
        ApiFailure::QuotaExceeded => ApiError::quota_per_minute(),
        ApiFailure::InternalError => ApiError::internal(),
        ApiFailure::Unavailable => ApiError::unavailable(),
        ApiFailure::Timeout => ApiError::deadline_exceeded(),
    }
}

/// What Google calls the method, without the version: `compute.instances.list`. `None` for what
/// is not Google's, which no fault disturbs.
pub(crate) fn name_of(method: &Method, path: &str) -> Option<String> {
    if let Some(asked) = Asked::read(method, path) {
        return Some(asked.method());
    }
    let segments: Vec<&str> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    match segments[..] {
        ["v2", call] => Some(format!("logging.{}", call.replace(':', "."))),
        ["v3", "projects", _, collection, ref rest @ ..] => {
            let collection = collection.to_owned();
            Some(format!("monitoring.{collection}.{}", verb(method, rest)))
        }
        ["compute", _, "projects", _, ref rest @ ..] | ["projects", _, ref rest @ ..] => {
            Some(format!("compute.{}", compute_method(method, rest)))
        }
        _ => None,
    }
}

fn compute_method(method: &Method, below_project: &[&str]) -> String {
    match below_project {
        [] => "projects.get".to_owned(),
        ["aggregated", collection] => format!("{collection}.aggregatedList"),
        [collection @ ("zones" | "regions")] => format!("{collection}.list"),
        [collection @ ("zones" | "regions"), _] => format!("{collection}.get"),
        ["global", collection, rest @ ..] | ["zones" | "regions", _, collection, rest @ ..] => {
            format!("{collection}.{}", verb(method, rest))
        }
        [collection, rest @ ..] => format!("{collection}.{}", verb(method, rest)),
    }
}

/// `rest` is what follows the collection: nothing, a name, or a name and a verb.
fn verb(method: &Method, rest: &[&str]) -> String {
    let verb = match (method, rest) {
        (_, [_, .., verb]) => verb,
        (&Method::GET, []) => "list",
        (&Method::GET, _) => "get",
        (&Method::POST, _) => "insert",
        (&Method::PUT, _) => "update",
        (&Method::PATCH, _) => "patch",
        (&Method::DELETE, _) => "delete",
        _ => "unknown",
    };
    verb.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_have_the_names_that_google_gives_them() {
        let zone = "/compute/v1/projects/p/zones/z";
        for (method, path, name) in [
            (
                Method::GET,
                format!("{zone}/instances"),
                "compute.instances.list",
            ),
            (
                Method::GET,
                format!("{zone}/instances/i"),
                "compute.instances.get",
            ),
            (
                Method::POST,
                format!("{zone}/instanceGroupManagers"),
                "compute.instanceGroupManagers.insert",
            ),
            (
                Method::POST,
                format!("{zone}/instanceGroupManagers/m/resize"),
                "compute.instanceGroupManagers.resize",
            ),
            (
                Method::PATCH,
                format!("{zone}/autoscalers"),
                "compute.autoscalers.patch",
            ),
            (
                Method::GET,
                "/projects/p/aggregated/instances".into(),
                "compute.instances.aggregatedList",
            ),
            (
                Method::GET,
                "/compute/beta/projects/p/zones/z".into(),
                "compute.zones.get",
            ),
            (
                Method::DELETE,
                "/compute/v1/projects/p/global/healthChecks/h".into(),
                "compute.healthChecks.delete",
            ),
            (
                Method::GET,
                "/v3/projects/p/timeSeries".into(),
                "monitoring.timeSeries.list",
            ),
            (
                Method::POST,
                "/v2/entries:list".into(),
                "logging.entries.list",
            ),
        ] {
            assert_eq!(name_of(&method, &path).as_deref(), Some(name), "{path}");
        }
        assert_eq!(name_of(&Method::POST, "/_emulator/faults"), None);
    }
}
