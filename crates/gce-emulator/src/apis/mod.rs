//! The APIs beside Compute that a deployment calls: Service Usage, Resource Manager, Cloud Billing,
//! Organization Policy, IAM, Identity-Aware Proxy, Secret Manager, Artifact Registry and Cloud DNS.
//!
//! * [`asked`] reads from a path which method of which API is meant;
//! * [`engine`] does what all kinds share that have a row: create, get, list, patch, delete;
//! * [`decide`] stores a change with its entry in the audit log, as Compute's engine does;
//! * [`policies`] answers for the IAM policy of whatever has one;
//! * [`enabled`] refuses what the project has not enabled or nobody pays for;
//! * a module for each API holds what only that one knows.

mod artifact_registry;
mod asked;
mod decide;
mod dns;
mod enabled;
mod engine;
mod iam;
pub(crate) mod longrunning;
pub(crate) mod org_policy;
mod page;
mod policies;
mod resource_manager;
mod secret_manager;
mod service_usage;

use axum::{
    Json,
    extract::{Request, State},
    http::header,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use self::asked::Api;
pub(crate) use self::{
    asked::Asked, dns::records_of, enabled::check as check_enabled, iam::account_is_known,
    iam::custom_role, secret_manager::held,
};
use crate::{
    api::{Cloud, header_text, json_body, query},
    compute::call::Call,
    error::ApiError,
    identity,
    resource::PROJECT_NUMBER,
};

/// Answers a call of any of these APIs.
pub(crate) async fn answer(State(cloud): State<Cloud>, request: Request) -> Response {
    let is_dns = request.uri().path().starts_with("/dns/");
    match dispatch(&cloud, request).await {
        Ok(body) => Json(body).into_response(),
        // DNS is as old as Compute, and refuses in the same shape.
        Err(error) if is_dns => error.into_response(),
        Err(error) => error.rpc().into_response(),
    }
}

async fn dispatch(cloud: &Cloud, request: Request) -> Result<Value, ApiError> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let principal = identity::admit(cloud, &parts.headers, &parts.method, path)?;
    let asked = Asked::read(&parts.method, path)
        .ok_or_else(|| ApiError::not_emulated(&format!("{} {path}", parts.method)))?;
    check_project(cloud, &asked)?;
    let pairs = query(parts.uri.query().unwrap_or_default());
    let names = pairs.iter().filter(|(name, _)| name == "names");
    let names = names.map(|(_, value)| value.clone()).collect();
    let call = Call {
        version: path.split('/').nth(1).unwrap_or_default().to_owned(),
        query: pairs.into_iter().collect(),
        body: json_body(&parts.method, body).await?,
        principal,
        user_agent: header_text(&parts.headers, header::USER_AGENT),
    };
    if policies::are_meant(&asked) {
        return policies::answer(cloud, &asked, call).await;
    }
    match asked.api {
        Api::ServiceUsage => service_usage::answer(cloud, &asked, call, names).await,
        Api::ResourceManager => resource_manager::answer(cloud, &asked, &call),
        Api::Billing => resource_manager::billing(cloud, &asked, call).await,
        Api::Iam => iam::answer(cloud, &asked, call).await,
        Api::SecretManager => secret_manager::answer(cloud, &asked, call).await,
        Api::ArtifactRegistry => artifact_registry::answer(cloud, &asked, call).await,
        // It has nothing but policies.
        Api::Iap => Err(not_emulated(&asked)),
        Api::OrgPolicy => org_policy::answer(cloud, &asked, call).await,
        Api::Dns => dns::answer(cloud, &asked, call).await,
    }
}

/// A project may be named by its number. One that is not ours may exist, and is nobody's business.
fn check_project(cloud: &Cloud, asked: &Asked) -> Result<(), ApiError> {
    let Some(project) = asked.names.first() else {
        return Ok(());
    };
    let is_operation = asked.collection == "operations" && asked.names.len() == 1;
    let any = asked.api == Api::Iam && project == "-";
    if is_operation || any || project == cloud.store().project() || project == PROJECT_NUMBER {
        return Ok(());
    }
    Err(ApiError::forbidden(match asked.api {
        Api::ResourceManager | Api::Billing => "The caller does not have permission".to_owned(),
        _ => format!("Permission denied on resource project {project}."),
    }))
}

fn not_emulated(asked: &Asked) -> ApiError {
    ApiError::not_emulated(&asked.method())
}

/// The path of a resource as those APIs answer it that name the project by its number, whatever the
/// caller wrote.
fn numbered(path: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    if let Some(project) = parts.get_mut(1) {
        *project = PROJECT_NUMBER;
    }
    parts.join("/")
}
