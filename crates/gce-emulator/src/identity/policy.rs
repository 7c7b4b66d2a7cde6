//! The project's IAM policy: `getIamPolicy` and `setIamPolicy` of Resource Manager v1.
//!
//! A project without a policy is open to every service account, so that a local cloud works
//! without any setting up.

use axum::{
    body::Body,
    extract::{Path, State},
    http::Method,
    response::Response,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::roles;
use crate::{
    api::{Cloud, json_body, rpc_answer},
    error::ApiError,
    store::{Store, Write},
};

const POLICY: &str = "identity.policy";

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Policy {
    #[serde(default)]
    bindings: Vec<Binding>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Binding {
    role: String,
    /// Such as `serviceAccount:a@p.iam.gserviceaccount.com`, or `allUsers`.
    #[serde(default)]
    members: Vec<String>,
}

impl Binding {
    fn names(&self, email: &str) -> bool {
        self.members.iter().any(|member| {
            let address = member
                .split_once(':')
                .map_or(member.as_str(), |(_, address)| address);
            address == email || matches!(member.as_str(), "allUsers" | "allAuthenticatedUsers")
        })
    }
}

/// Whether the policy lets somebody do something.
pub(super) fn grants(store: &Store, email: &str, permission: &str) -> bool {
    let Some(policy) = read(store) else {
        return true;
    };
    let mut bindings = policy.bindings.iter();
    bindings.any(|binding| binding.names(email) && roles::has(&binding.role, permission))
}

fn read(store: &Store) -> Option<Policy> {
    serde_json::from_str(&store.kv(POLICY)?).ok()
}

/// `POST /v1/projects/P:getIamPolicy` and `:setIamPolicy`.
pub(crate) async fn call(
    State(cloud): State<Cloud>,
    Path(call): Path<String>,
    body: Body,
) -> Response {
    rpc_answer(answer(&cloud, &call, body).await)
}

async fn answer(cloud: &Cloud, call: &str, body: Body) -> Result<Value, ApiError> {
    let (project, verb) = call.split_once(':').unwrap_or((call, ""));
    if project != cloud.store().project() {
        return Err(ApiError::not_found(&format!("projects/{project}")));
    }
    match verb {
        "getIamPolicy" => Ok(view(&read(cloud.store()).unwrap_or_default())),
        "setIamPolicy" => {
            let body = json_body(&Method::POST, body).await?;
            let given = body
                .get("policy")
                .ok_or_else(|| ApiError::required("policy"))?;
            set(cloud, given).await
        }
        verb => Err(ApiError::not_emulated(&format!(
            "cloudresourcemanager.projects.{verb}"
        ))),
    }
}

async fn set(cloud: &Cloud, given: &Value) -> Result<Value, ApiError> {
    let policy: Policy = serde_json::from_value(given.clone()).map_err(|error| {
        ApiError::bad_request(format!("Invalid value for field 'policy': {error}."))
    })?;
    for binding in &policy.bindings {
        if !roles::exists(&binding.role) {
            let why = "Role is not supported for this resource.";
            return Err(ApiError::invalid(
                "policy.bindings.role",
                &binding.role,
                why,
            ));
        }
    }
    let text = json!(policy).to_string();
    cloud.store().commit(vec![Write::kv(POLICY, text)]).await?;
    Ok(view(&policy))
}

fn view(policy: &Policy) -> Value {
    json!({"version": 1, "bindings": policy.bindings})
}
