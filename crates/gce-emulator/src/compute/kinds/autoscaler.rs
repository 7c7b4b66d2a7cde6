//! Autoscalers: the policy is the decision engine's to judge, and a group has one at most.

use autoscaler::Policy;
use serde_json::{Map, Value, json};

use crate::{
    api::Cloud,
    compute::{
        change::{Behaviour, Change},
        image::Image,
    },
    error::ApiError,
    resource::{Key, Kind, Resource, Scope},
};

/// The most instances of a zonal group.
const LARGEST_ZONAL: u32 = 1000;

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
        complete_policy(key, body)
    }

    fn view(&self, _cloud: &Cloud, _resource: &Resource, image: &mut Image<'_>) {
        if image.get("recommendedSize").is_some_and(Value::is_null) {
            image.remove("recommendedSize");
        }
    }
}

/// Refuses a policy with every violation named, and writes down the defaults that it leaves open.
fn complete_policy(key: &Key, body: &mut Map<String, Value>) -> Result<(), ApiError> {
    let Some(policy) = body.get_mut("autoscalingPolicy") else {
        return Ok(());
    };
    let valid = autoscaler::validate(policy).map_err(|violations| {
        let described = violations
            .into_iter()
            .map(|violation| describe(&violation.field, &violation.value, &violation.message));
        ApiError::invalid_fields(described)
    })?;
    let wrong: Vec<_> = unknown_zones(&valid).chain(too_many(key, &valid)).collect();
    if !wrong.is_empty() {
        return Err(ApiError::invalid_fields(wrong));
    }
    // What the engine does not know stays as it came; what was left open gets the default.
    if let (Value::Object(policy), Value::Object(complete)) = (policy, valid.to_value()) {
        for (field, value) in complete {
            policy.entry(field).or_insert(value);
        }
    }
    Ok(())
}

/// A violation in Google's words: its field, and its message.
fn describe(field: &str, value: &str, message: &str) -> (String, String) {
    let field = format!("resource.{field}");
    let message = format!("Invalid value for field '{field}': '{value}'. {message}");
    (field, message)
}

/// The engine carries no zone database; we do.
fn unknown_zones(policy: &Policy) -> impl Iterator<Item = (String, String)> {
    let unknown = policy
        .schedules
        .iter()
        .filter(|(_, schedule)| !zones::is_known(&schedule.time_zone));
    unknown.map(|(name, schedule)| {
        let field = format!("autoscalingPolicy.scalingSchedules.{name}.timeZone");
        let value = format!("\"{}\"", schedule.time_zone);
        let message =
            format!("{field} is {value}; it must be an IANA time zone name such as Europe/Berlin.");
        describe(&field, &value, &message)
    })
}

/// A zonal group has 1000 instances at most, half of what a regional one may have.
fn too_many(key: &Key, policy: &Policy) -> Option<(String, String)> {
    let is_zonal = matches!(key.scope, Scope::Zone(_));
    (is_zonal && policy.max > LARGEST_ZONAL).then(|| {
        let field = "autoscalingPolicy.maxNumReplicas";
        let message = format!(
            "{field} is {}; it must be a whole number from 1 to {LARGEST_ZONAL} in a zone.",
            policy.max
        );
        describe(field, &policy.max.to_string(), &message)
    })
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
