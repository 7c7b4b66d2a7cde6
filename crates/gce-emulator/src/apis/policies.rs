//! `getIamPolicy`, `setIamPolicy` and `testIamPermissions`, of the project and of what has a policy
//! of its own: secrets, repositories, service accounts, and what Identity-Aware Proxy guards.

use serde_json::{Value, json};

use super::{Asked, asked::Api, decide::decide, not_emulated};
use crate::{
    api::Cloud,
    compute::call::Call,
    error::ApiError,
    identity::{self, Policy},
    resource::{Key, Kind, Resource},
};

/// How many permissions one call may ask about.
const AT_ONCE: usize = 100;

/// Whether a call is about a policy.
pub(super) fn are_meant(asked: &Asked) -> bool {
    matches!(
        asked.verb.as_str(),
        "getIamPolicy" | "setIamPolicy" | "testIamPermissions"
    )
}

pub(super) async fn answer(cloud: &Cloud, asked: &Asked, call: Call) -> Result<Value, ApiError> {
    let project = cloud.store().project();
    let holder = match asked.holder(project) {
        Some(holder) => holder,
        None if asked.api == Api::ResourceManager => format!("projects/{project}"),
        None => return Err(not_emulated(asked)),
    };
    match asked.verb.as_str() {
        "getIamPolicy" => {
            exists(cloud, asked)?;
            let policy = identity::policy_of(cloud.store(), &holder);
            let policy = policy.unwrap_or_else(|| Policy::unwritten(project, &holder));
            Ok(policy.view(requested_version(&call)?))
        }
        "setIamPolicy" => {
            exists(cloud, asked)?;
            set(cloud, asked.api, holder, call).await
        }
        _ => test(cloud, &holder, &call),
    }
}

/// A policy belongs to something that is there. Asking what one may do with what is missing is no
/// fault, as at Google.
fn exists(cloud: &Cloud, asked: &Asked) -> Result<(), ApiError> {
    match asked.api {
        Api::SecretManager => super::secret_manager::exists(cloud, asked),
        Api::ArtifactRegistry => super::artifact_registry::exists(cloud, asked),
        Api::Iam => super::iam::account_exists(cloud, asked),
        _ => Ok(()),
    }
}

/// Which conditions the caller understands. The version stands in the body, or in the query.
fn requested_version(call: &Call) -> Result<i64, ApiError> {
    let in_body = call.body.get("options");
    let in_body = in_body.and_then(|options| options["requestedPolicyVersion"].as_i64());
    let in_query = call.number::<i64>("options.requestedPolicyVersion")?;
    match in_body.or(in_query).unwrap_or(1) {
        version @ (0 | 1 | 3) => Ok(version),
        other => {
            let why = "It must be 0, 1 or 3.";
            let field = "options.requestedPolicyVersion";
            Err(ApiError::invalid(field, &other.to_string(), why))
        }
    }
}

async fn set(cloud: &Cloud, api: Api, holder: String, call: Call) -> Result<Value, ApiError> {
    let given = call.body.get("policy");
    let given = given.ok_or_else(|| ApiError::required("policy"))?;
    let policy = Policy::read(given)?;
    decide(cloud, call, (api, "SetIamPolicy".into()), move |change, _| {
        let key = Key::global(Kind::IamPolicy, holder);
        let old = change.tx.get(&key);
        let old = old.map_or_else(Policy::default, |old| Policy::stored(&old));
        if !policy.is_based_on(&old) {
            return Err(ApiError::aborted(
                "There were concurrent policy changes. Please retry the whole read-modify-write \
                 with exponential backoff.",
            ));
        }
        policy.check(change)?;
        let policy = policy.with_fresh_etag();
        change.tx.put(Resource::new(key.clone(), policy.body()));
        Ok((key, policy.view(3)))
    })
    .await
}

fn test(cloud: &Cloud, holder: &str, call: &Call) -> Result<Value, ApiError> {
    let asked = call.body.get("permissions").and_then(Value::as_array);
    let asked: Vec<&str> = asked
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if asked.len() > AT_ONCE {
        let why = format!("At most {AT_ONCE} permissions can be tested at once.");
        return Err(ApiError::bad_request(why));
    }
    if let Some(wrong) = asked.iter().find(|name| !identity::is_permission(name)) {
        let message = format!("Permission {wrong} is not valid for this resource.");
        return Err(ApiError::bad_request(message));
    }
    let held = |permission: &&&str| {
        identity::may(cloud.store(), &call.principal, permission, Some(holder))
    };
    let held: Vec<&&str> = asked.iter().filter(held).collect();
    Ok(if held.is_empty() {
        json!({})
    } else {
        json!({ "permissions": held })
    })
}
