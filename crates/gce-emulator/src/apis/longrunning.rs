//! Operations as `google.longrunning` has them: a name, and an answer once they are done.
//!
//! As with Compute's, the effect is stored with the operation; one that is told to be slow has an
//! end in the near future and shows as running until the clock reaches it.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::{
    api::Cloud,
    clock::{parse_rfc3339, rfc3339},
    compute::change::Change,
    error::ApiError,
    resource::{Key, Kind, Resource},
};

/// How long a slow operation runs, in emulated time.
const SLOW: Duration = Duration::from_secs(2);

/// How many operations can still be asked for.
pub(crate) const KEEP: usize = 500;

/// When it is done; no field of Google's, and never shown.
pub(crate) const END: &str = "end";

/// Stores an operation and gives it as it is at this instant. `parent` ends in a slash, or is empty.
pub(super) fn store(
    change: &mut Change<'_, '_>,
    parent: &str,
    metadata: Value,
    response: Value,
    slow: bool,
) -> Value {
    let name = format!("{parent}operations/{}", uuid::Uuid::new_v4());
    let after = if slow { SLOW.as_millis() as i64 } else { 0 };
    let end = autoscaler::Timestamp(change.now.0 + after);
    let mut body = Map::new();
    body.insert("name".into(), json!(name));
    body.insert("metadata".into(), metadata);
    body.insert("response".into(), response);
    body.insert(END.into(), json!(rfc3339(end)));
    let operation = Resource::new(Key::global(Kind::LongRunning, name), body);
    let shown = view(change.now, &operation);
    change.tx.put(operation);
    shown
}

/// An operation by its whole name.
pub(super) fn get(cloud: &Cloud, name: &str) -> Result<Value, ApiError> {
    let found = cloud.store().get(&Key::global(Kind::LongRunning, name));
    let found = found.ok_or_else(|| ApiError::missing("Requested entity was not found."))?;
    Ok(view(cloud.clock().now(), &found))
}

fn view(now: autoscaler::Timestamp, operation: &Resource) -> Value {
    let mut body = operation.body.clone();
    let end = body.remove(END);
    let end = end.as_ref().and_then(Value::as_str).and_then(parse_rfc3339);
    if end.is_none_or(|end| end <= now) {
        body.insert("done".into(), json!(true));
    } else {
        body.remove("response");
    }
    Value::Object(body)
}
