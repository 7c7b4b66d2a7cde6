//! The REST surface: who may call, and which part answers.

mod batch;
mod cloud;
mod fields;
pub(crate) mod filter;
mod guard;
mod inspect;
mod load;
pub(crate) mod member;
mod serve;
mod token;

use std::collections::HashMap;

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, delete, get, post},
};
use serde_json::{Map, Value};

pub(crate) use self::{
    cloud::{Cloud, Parts},
    guard::{Guard, check},
    serve::Server,
};
use crate::{
    apis,
    compute::{answer::Answer, call::Call, route},
    error::ApiError,
    faults, identity, logging, metadata_server, monitoring,
};

/// No call that we serve needs more than this.
const BODY_LIMIT: usize = 4 << 20;

/// Everything the API port serves.
pub(crate) fn router(cloud: Cloud, port: u16) -> Router {
    let metadata = metadata_server::project_router(cloud.store().clone());
    Router::new()
        .route("/v2/entries:list", post(logging::list))
        .route("/v2/entries:write", post(logging::write))
        .route(
            "/v3/projects/{project}/timeSeries",
            get(monitoring::list).post(monitoring::create),
        )
        .route(
            "/v3/projects/{project}/metricDescriptors",
            get(monitoring::descriptors).post(monitoring::create_descriptor),
        )
        .route(
            "/v3/projects/{project}/metricDescriptors/{*metric}",
            get(monitoring::descriptor),
        )
        .route("/v3/projects/{project}", any(apis::answer))
        .route("/v2/projects/{*path}", any(apis::answer))
        .route("/v1/{*path}", any(apis::answer))
        .route("/dns/v1/{*path}", any(apis::answer))
        .route("/token", post(token::token))
        .route("/o/oauth2/token", post(token::token))
        .route("/batch", post(batch::batch))
        .route("/batch/compute/{version}", post(batch::batch))
        .route("/_emulator/instances", get(inspect::instances))
        .route("/_emulator/clock", get(inspect::clock))
        .route("/_emulator/advance", post(inspect::advance))
        .route("/_emulator/load", get(load::list).post(load::set))
        .route("/_emulator/forwarding", get(inspect::forwarding))
        .route("/compute/{version}/projects/{*path}", any(compute))
        .route("/projects/{*path}", any(compute))
        .fallback(unknown)
        .with_state(cloud.clone())
        .merge(faults(&cloud))
        .method_not_allowed_fallback(not_allowed)
        .layer(axum::middleware::from_fn_with_state(
            cloud.clone(),
            identity::check,
        ))
        .layer(axum::middleware::from_fn_with_state(
            cloud.clone(),
            apis::check_enabled,
        ))
        .layer(axum::middleware::from_fn_with_state(
            cloud.faults().clone(),
            faults::api::disturb,
        ))
        .layer(axum::middleware::from_fn(fields::partial))
        .merge(metadata)
        .layer(axum::middleware::from_fn_with_state(
            Guard::api(port, cloud.clock().clone()),
            check,
        ))
}

/// Where faults are asked for.
fn faults(cloud: &Cloud) -> Router {
    Router::new()
        .route(
            "/_emulator/faults",
            get(faults::api::list).post(faults::api::add),
        )
        .route("/_emulator/faults/{id}", delete(faults::api::remove))
        .with_state(cloud.faults().clone())
}

/// A call of Compute v1. `beta` and `alpha` are other names for it.
async fn compute(State(cloud): State<Cloud>, request: Request) -> Response {
    match compute_call(&cloud, request).await {
        Ok(answer) => answer.into_response(),
        Err(error) => error.into_response(),
    }
}

async fn compute_call(cloud: &Cloud, request: Request) -> Result<Answer, ApiError> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().trim_matches('/').to_owned();
    let mut segments: Vec<&str> = path.split('/').collect();
    let mut version = "v1";
    if let ["compute", asked, ..] = segments[..] {
        if !matches!(asked, "v1" | "beta" | "alpha") {
            return Err(ApiError::not_emulated(&format!(
                "The API version '{asked}'"
            )));
        }
        version = asked;
        segments.drain(..2);
    }
    let call = Call {
        version: version.to_owned(),
        query: query(parts.uri.query().unwrap_or_default())
            .into_iter()
            .collect(),
        body: json_body(&parts.method, body).await?,
        principal: identity::admit(cloud, &parts.headers, &parts.method, parts.uri.path())?,
        user_agent: header_text(&parts.headers, header::USER_AGENT),
    };
    route::answer(cloud, &parts.method, &segments, call).await
}

/// The pairs of a query, repeated names included.
pub(crate) fn query(text: &str) -> Vec<(String, String)> {
    serde_urlencoded::from_str(text).unwrap_or_default()
}

/// The body of a call that may have none.
pub(crate) async fn json_body(method: &Method, body: Body) -> Result<Map<String, Value>, ApiError> {
    if *method == Method::GET {
        return Ok(Map::new());
    }
    let bytes = to_bytes(body, BODY_LIMIT).await;
    let bytes = bytes.map_err(|_| ApiError::too_large(BODY_LIMIT))?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) => Err(ApiError::bad_request("The body must be a JSON object.")),
        Err(error) => Err(ApiError::parse_error(format!("Parse Error: {error}"))),
    }
}

pub(crate) fn header_text(headers: &HeaderMap, name: header::HeaderName) -> String {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

async fn unknown(method: Method, request: Request) -> ApiError {
    ApiError::not_emulated(&format!("{method} {}", request.uri().path()))
}

async fn not_allowed(method: Method, request: Request) -> ApiError {
    ApiError::method_not_allowed(method.as_str(), request.uri().path())
}

/// Answers with a value or a refusal in the shape of Monitoring and Logging.
pub(crate) fn rpc_answer(result: Result<Value, ApiError>) -> Response {
    match result {
        Ok(body) => (StatusCode::OK, Json(body)).into_response(),
        Err(error) => error.rpc().into_response(),
    }
}

/// A query as a map, for callers that repeat no name.
pub(crate) fn query_map(text: &str) -> HashMap<String, String> {
    query(text).into_iter().collect()
}
