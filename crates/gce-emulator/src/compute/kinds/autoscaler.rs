//! Autoscalers: the policy is the decision engine's to judge, and a group has one at most.

use serde_json::{Map, Value, json};

use crate::{
    api::Cloud,
    compute::change::{Behaviour, Change},
    error::ApiError,
    resource::{Key, Kind, Resource},
};

pub(crate) struct Autoscaler;

impl Behaviour for Autoscaler {
    fn check(
        &self,
        change: &mut Change<'_, '_>,
        key: &Key,
        old: Option<&Map<String, Value>>,
        body: &mut Map<String, Value>,
    ) -> Result<(), ApiError> {
        if old.is_none() {
            check_alone(change, key, body)?;
            body.insert("status".into(), json!("PENDING"));
        }
        complete_policy(body)
    }

    fn view(&self, _cloud: &Cloud, _resource: &Resource, body: &mut Map<String, Value>) {
        if body.get("recommendedSize").is_some_and(Value::is_null) {
            body.remove("recommendedSize");
        }
    }
}

/// Refuses a policy with every violation named, and writes down the defaults that it leaves open.
fn complete_policy(body: &mut Map<String, Value>) -> Result<(), ApiError> {
    let Some(policy) = body.get_mut("autoscalingPolicy") else {
        return Ok(());
    };
    let violation = |violation: autoscaler::Violation| {
        let field = format!("resource.{}", violation.field);
        let message = format!(
            "Invalid value for field '{field}': '{}'. {}",
            violation.value, violation.message
        );
        (field, message)
    };
    let valid = autoscaler::validate(policy)
        .map_err(|violations| ApiError::invalid_fields(violations.into_iter().map(violation)))?;
    // What the engine does not know stays as it came; what was left open gets the default.
    if let (Value::Object(policy), Value::Object(complete)) = (policy, valid.to_value()) {
        for (field, value) in complete {
            policy.entry(field).or_insert(value);
        }
    }
    Ok(())
}

fn check_alone(
    change: &Change<'_, '_>,
    key: &Key,
    body: &Map<String, Value>,
) -> Result<(), ApiError> {
    let target = body.get("target");
    let others = change.tx.list(Kind::Autoscaler, Some(&key.scope));
    match others
        .iter()
        .find(|other| other.key != *key && other.body.get("target") == target)
    {
        None => Ok(()),
        Some(other) => Err(ApiError::invalid(
            "resource.target",
            target.and_then(Value::as_str).unwrap_or_default(),
            &format!(
                "The target already has the autoscaler '{}'.",
                change.path(&other.key)
            ),
        )),
    }
}

/// The autoscaler of a group, if it has one.
pub(super) fn of_group<'a>(
    autoscalers: &'a [std::sync::Arc<Resource>],
    group_url: &str,
) -> Option<&'a Resource> {
    let found = autoscalers
        .iter()
        .find(|autoscaler| autoscaler.text("target") == Some(group_url));
    found.map(AsRef::as_ref)
}
