//! Resource Manager v1 and v3, and Cloud Billing v1: the project itself, and who pays for it.

use serde_json::{Value, json};

use super::{Asked, not_emulated, org_policy};
use crate::{
    api::Cloud,
    compute::{call::Call, catalog::CREATED},
    error::ApiError,
    resource::PROJECT_NUMBER,
    store::Write,
};

/// Whose policies the project has, once it has any.
const ORGANISATION: &str = "organizations/123456789012";

/// Under which the store keeps the billing account, if it is not the one of a new project.
const ACCOUNT: &str = "billing.account";

/// Who pays for a new project.
const FIRST_ACCOUNT: &str = "billingAccounts/000000-000000-000000";

pub(super) fn answer(cloud: &Cloud, asked: &Asked, call: &Call) -> Result<Value, ApiError> {
    if asked.verb != "get" {
        return Err(not_emulated(asked));
    }
    let project = cloud.store().project();
    // The two versions have different words for the same.
    Ok(if call.version == "v1" {
        json!({"projectNumber": PROJECT_NUMBER, "projectId": project, "name": project,
            "lifecycleState": "ACTIVE", "createTime": CREATED})
    } else {
        let mut shown = json!({"name": format!("projects/{PROJECT_NUMBER}"), "projectId": project,
            "displayName": project, "state": "ACTIVE", "createTime": CREATED,
            "updateTime": CREATED, "etag": "W/\"local\""});
        if org_policy::is_organised(cloud) {
            shown["parent"] = json!(ORGANISATION);
        }
        shown
    })
}

/// Whether somebody pays.
pub(super) fn is_paid_for(cloud: &Cloud) -> bool {
    !account(cloud).is_empty()
}

pub(super) async fn billing(cloud: &Cloud, asked: &Asked, call: Call) -> Result<Value, ApiError> {
    match asked.verb.as_str() {
        "get" => {}
        "update" => {
            let account = call.body.get("billingAccountName").and_then(Value::as_str);
            let account = account.unwrap_or_default();
            if !account.is_empty() && !account.starts_with("billingAccounts/") {
                let why = "It must be 'billingAccounts/ID', or empty for none.";
                return Err(ApiError::invalid("billingAccountName", account, why));
            }
            let write = Write::kv(ACCOUNT, account);
            cloud.store().commit(vec![write]).await?;
        }
        _ => return Err(not_emulated(asked)),
    }
    let (project, account) = (cloud.store().project(), account(cloud));
    let mut info = json!({"name": format!("projects/{project}/billingInfo"),
        "projectId": project, "billingEnabled": !account.is_empty()});
    if !account.is_empty() {
        info["billingAccountName"] = json!(account);
    }
    Ok(info)
}

fn account(cloud: &Cloud) -> String {
    let stored = cloud.store().kv(ACCOUNT);
    stored.unwrap_or_else(|| FIRST_ACCOUNT.to_owned())
}
