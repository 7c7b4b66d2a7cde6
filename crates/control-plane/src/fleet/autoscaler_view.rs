use autoscaler::{InvalidPolicy, validate};
use gce::compute::Autoscaler;
use serde_json::Value;

use super::AutoscalerView;
use crate::json::hash;

/// What a page shows of an autoscaler.
pub(crate) fn view(autoscaler: &Autoscaler) -> Result<AutoscalerView, InvalidPolicy> {
    let raw = policy_of(autoscaler);
    let details = autoscaler.status_details.iter();
    Ok(AutoscalerView {
        name: autoscaler.name.clone(),
        policy: validate(&raw).map_err(InvalidPolicy)?,
        hash: hash(&raw),
        raw,
        status: autoscaler.status.clone().unwrap_or_default(),
        details: details
            .map(|it| (it.kind.clone(), it.message.clone()))
            .collect(),
    })
}

/// The policy as Google has it; an autoscaler without one has the empty policy.
pub(crate) fn policy_of(autoscaler: &Autoscaler) -> Value {
    let empty = || Value::Object(serde_json::Map::new());
    autoscaler.autoscaling_policy.clone().unwrap_or_else(empty)
}
