//! A mutation of one of these APIs: decided and stored in one step with its entry in the audit log.

use serde_json::json;

use super::asked::Api;
use crate::{
    api::Cloud,
    compute::{audit::Activity, call::Call, change::Change},
    error::ApiError,
    resource::Key,
};

/// Decides a change alone on the writer thread and stores it; `rpc` is the method as Google's audit
/// log has it. What `decide` names is what the entry is about.
pub(super) async fn decide<T: Send + 'static>(
    cloud: &Cloud,
    call: Call,
    (api, rpc): (Api, String),
    decide: impl FnOnce(&mut Change<'_, '_>, &Call) -> Result<(Key, T), ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let (project, now) = (cloud.store().project().to_owned(), cloud.clock().now());
    let decided = cloud.store().transact(move |tx| {
        let mut change = Change {
            tx,
            project: &project,
            now,
        };
        let (target, answer) = decide(&mut change, &call)?;
        let mut request = call.body.clone();
        // Nobody is shown the payload of a secret, the log's readers least of all.
        request.remove("payload");
        let activity = Activity {
            service: api.host(),
            method: &rpc,
            resource_name: change.path(&target),
            resource: json!({"type": "audited_resource", "labels": {
                "project_id": change.project, "service": api.host(), "method": rpc}}),
            request,
            operation: None,
        };
        let entry = activity.entry(&change, &call);
        change.tx.log(entry);
        Ok::<_, ApiError>(answer)
    });
    decided.await
}
