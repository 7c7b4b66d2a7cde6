//! Health checks: the time-out fits into the interval, and the protocol's part is there.

use serde_json::{Map, Value, json};

use crate::{
    compute::change::{Behaviour, Change},
    error::ApiError,
    resource::Key,
};

pub(crate) struct HealthCheck;

impl Behaviour for HealthCheck {
    fn check(
        &self,
        _change: &mut Change<'_, '_>,
        _key: &Key,
        _old: Option<&Map<String, Value>>,
        body: &mut Map<String, Value>,
    ) -> Result<(), ApiError> {
        let number = |field: &str| body.get(field).and_then(Value::as_i64).unwrap_or_default();
        let (timeout, interval) = (number("timeoutSec"), number("checkIntervalSec"));
        if timeout > interval {
            let why = format!("The timeout cannot be greater than the check interval, {interval}.");
            return Err(ApiError::invalid(
                "resource.timeoutSec",
                &timeout.to_string(),
                &why,
            ));
        }
        if body.get("type").and_then(Value::as_str) == Some("HTTP") {
            let part = body.entry("httpHealthCheck").or_insert_with(|| json!({}));
            if let Value::Object(part) = part {
                part.entry("requestPath").or_insert_with(|| json!("/"));
                part.entry("proxyHeader").or_insert_with(|| json!("NONE"));
                if part.get("portSpecification").is_none() && part.get("port").is_none() {
                    part.insert("port".into(), json!(80));
                }
            }
        }
        Ok(())
    }
}
