//! A mutation: decided and stored in one step with its operation and its audit entry.

use serde_json::Value;

use super::{
    audit,
    call::Call,
    change::{Change, Command},
    operations,
};
use crate::{
    api::Cloud,
    error::ApiError,
    resource::{Key, Kind, Resource, Scope},
};

/// How a mutation is called in the audit log and in its operation.
pub(super) struct Method {
    /// For example `regionAutoscalers.patch`.
    name: String,
    operation: String,
}

impl Method {
    pub(super) fn new(key: &Key, name: &str, operation: &str) -> Self {
        Self::in_scope(key.kind, &key.scope, name, operation)
    }

    pub(super) fn in_scope(kind: Kind, scope: &Scope, name: &str, operation: &str) -> Self {
        Self {
            name: format!("{}.{name}", kind.method_group(scope)),
            operation: operation.to_owned(),
        }
    }
}

/// Decides and stores a mutation with its operation and audit entry, then has the fleet act on it.
pub(super) async fn mutate(
    cloud: &Cloud,
    call: Call,
    method: Method,
    decide: impl FnOnce(&mut Change<'_, '_>, &Call) -> Result<(Resource, Vec<Command>), ApiError>
    + Send
    + 'static,
) -> Result<Value, ApiError> {
    let request_id = call.request_id()?;
    let (project, now) = (cloud.store().project().to_owned(), cloud.clock().now());
    let slow = cloud.slow_operations();
    let decided = cloud.store().transact(move |tx| {
        let mut change = Change {
            tx,
            project: &project,
            now,
        };
        if let Some(done) = request_id
            .as_deref()
            .and_then(|id| operations::repeated(&change, id))
        {
            return Ok((done, Vec::new()));
        }
        let (target, commands) = decide(&mut change, &call)?;
        let operation = operations::Draft {
            target: &target,
            operation_type: &method.operation,
            user: &call.principal,
            request_id: request_id.as_deref(),
            slow,
        };
        let operation = operation.store(&mut change);
        let method = format!("{}.compute.{}", call.version, method.name);
        let entry = audit::activity(&change, &call, &method, &target, &operation.key.name);
        change.tx.log(entry);
        Ok::<_, ApiError>((operation, commands))
    });
    let (operation, commands) = decided.await?;
    cloud.execute(commands);
    Ok(Value::Object(operations::view(cloud, &operation)))
}
