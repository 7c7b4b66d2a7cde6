//! IAM v1: service accounts and custom roles.

mod accounts;
mod roles;

use serde_json::Value;

pub(crate) use self::{accounts::is_known as account_is_known, roles::custom as custom_role};
use super::{Asked, engine, not_emulated};
use crate::{
    api::Cloud,
    compute::call::Call,
    error::ApiError,
    resource::{Key, Kind, Scope},
};

pub(super) async fn answer(cloud: &Cloud, asked: &Asked, call: Call) -> Result<Value, ApiError> {
    match (asked.collection, asked.verb.as_str()) {
        ("roles", "undelete") => roles::undelete(cloud, &key(Kind::Role, asked), call).await,
        ("roles", _) => engine::answer(cloud, &roles::ROW, Scope::Global, asked, call).await,
        ("serviceAccounts", "disable" | "enable") => {
            let key = key(Kind::ServiceAccount, asked);
            accounts::switch(cloud, &key, asked.verb == "disable", call).await
        }
        ("serviceAccounts", _) => {
            engine::answer(cloud, &accounts::ROW, Scope::Global, asked, call).await
        }
        _ => Err(not_emulated(asked)),
    }
}

/// Refuses where there is no such account.
pub(super) fn account_exists(cloud: &Cloud, asked: &Asked) -> Result<(), ApiError> {
    let found = engine::find(cloud, &accounts::ROW, &key(Kind::ServiceAccount, asked));
    // Google does not say of what it protects whether it is there.
    found.map(drop).map_err(|_| {
        ApiError::forbidden(
            "Permission 'iam.serviceAccounts.getIamPolicy' denied on resource (or it may not exist).",
        )
    })
}

fn key(kind: Kind, asked: &Asked) -> Key {
    Key::global(kind, asked.names.last().cloned().unwrap_or_default())
}
