//! Operations: the receipt of every mutation.
//!
//! An effect is stored in the same step as its operation, so an operation is done as soon as it
//! exists. Where the cloud is told to be slow, the operation carries an end in the near future and
//! shows as running until the clock reaches it; no task has to remember that.

use std::time::Duration;

use autoscaler::Timestamp;
use serde_json::{Map, Value, json};

use super::{change::Change, image};
use crate::{
    api::Cloud,
    clock::{parse_rfc3339, rfc3339},
    error::ApiError,
    resource::{Key, Kind, Resource},
};

/// How long a slow operation runs, in emulated time.
const SLOW: Duration = Duration::from_secs(2);

/// How long `wait` holds a call at most, in real time: Google's two minutes.
const WAIT_AT_MOST: Duration = Duration::from_mins(2);

/// How many finished operations stay listable.
pub(crate) const KEEP: usize = 2_000;

/// An operation about to be stored.
pub(super) struct Draft<'a> {
    pub(super) target: &'a Resource,
    pub(super) operation_type: &'a str,
    pub(super) user: &'a str,
    pub(super) request_id: Option<&'a str>,
    pub(super) slow: bool,
}

impl Draft<'_> {
    pub(super) fn store(&self, change: &mut Change<'_, '_>) -> Resource {
        let key = Key::new(
            Kind::Operation,
            self.target.key.scope.clone(),
            name(change.now),
        );
        let end = if self.slow {
            change.now.0 + SLOW.as_millis() as i64
        } else {
            change.now.0
        };
        let start = json!(rfc3339(change.now));
        let mut body = Map::new();
        let mut set = |name: &str, value: Value| _ = body.insert(name.into(), value);
        set("operationType", json!(self.operation_type));
        set("targetLink", json!(change.url(&self.target.key)));
        set("targetId", json!(self.target.id.to_string()));
        set("user", json!(self.user));
        set("insertTime", start.clone());
        set("startTime", start.clone());
        set("creationTimestamp", start);
        set("endTime", json!(rfc3339(Timestamp(end))));
        if let Some(id) = self.request_id {
            set("clientOperationId", json!(id));
        }
        let mut operation = Resource::new(key, Map::new());
        image::complete(change.project, &operation, &mut body);
        operation.body = body;
        change.tx.put(operation.clone());
        operation
    }
}

/// A name as Google's samples have it: `operation-<ms>-<13 hex>-<8 hex>-<8 hex>`.
fn name(now: Timestamp) -> String {
    let (a, b) = (rand::random::<u64>() >> 12, rand::random::<u64>());
    format!(
        "operation-{}-{a:013x}-{:08x}-{:08x}",
        now.0,
        b >> 32,
        b & 0xffff_ffff
    )
}

/// The operation of an earlier call with the same `requestId`.
pub(super) fn repeated(change: &Change<'_, '_>, request_id: &str) -> Option<Resource> {
    let operations = change.tx.list(Kind::Operation, None);
    let same = |operation: &&std::sync::Arc<Resource>| {
        operation.text("clientOperationId") == Some(request_id)
    };
    operations
        .iter()
        .find(same)
        .map(|operation| Resource::clone(operation))
}

/// An operation as it is at this instant.
pub(super) fn view(cloud: &Cloud, operation: &Resource) -> Map<String, Value> {
    let mut body = operation.body.clone();
    let done = remaining(cloud, operation).is_none();
    let (status, progress) = if done { ("DONE", 100) } else { ("RUNNING", 0) };
    body.insert("status".into(), json!(status));
    body.insert("progress".into(), json!(progress));
    if !done {
        body.remove("endTime");
    }
    body
}

/// Holds the call until the operation is done, two minutes at most.
pub(super) async fn wait(cloud: &Cloud, key: &Key) -> Result<Value, ApiError> {
    let operation = super::engine::find(cloud, key)?;
    if let Some(remaining) = remaining(cloud, &operation) {
        // A millisecond more, since the clock that decides counts whole ones.
        let real = cloud.clock().real(remaining) + Duration::from_millis(1);
        tokio::time::sleep(real.min(WAIT_AT_MOST)).await;
    }
    Ok(Value::Object(view(cloud, &operation)))
}

/// Forgets a receipt. What it is the receipt of stays done. Google's Python library reads the answer
/// as JSON, so there is some.
pub(super) async fn delete(cloud: &Cloud, key: Key) -> Result<Value, ApiError> {
    let path = key.path(cloud.store().project());
    let forget = move |tx: &mut crate::store::Transaction<'_>| {
        tx.get(&key).ok_or_else(|| ApiError::not_found(&path))?;
        tx.delete(&key);
        Ok(json!({}))
    };
    cloud.store().transact(forget).await
}

fn remaining(cloud: &Cloud, operation: &Resource) -> Option<Duration> {
    let end = operation.text("endTime").and_then(parse_rfc3339)?;
    let left = u64::try_from(end.0 - cloud.clock().now().0)
        .ok()
        .filter(|left| *left > 0)?;
    Some(Duration::from_millis(left))
}
