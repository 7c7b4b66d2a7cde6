//! Changing a policy: read, compare, merge, check, write, read again, put on record.

use autoscaler::validate;
use futures::TryStreamExt;
use gce::Client;
use gce::compute::Autoscaler;
use serde_json::{Value, json};

use super::{Author, ChangeError, PolicyChange, PolicyEdit};
use crate::fleet::policy_of;
use crate::history::{ChangeRecord, POLICY_CHANGED};
use crate::json::{changes, hash, merge_patch};
use crate::source::explain;
use crate::url::is_same;
use crate::{FieldChange, GroupId};

/// What somebody wants, and from what they started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish<'a> {
    pub(crate) author: &'a Author,
    pub(crate) group: &'a GroupId,
    /// The hash of the policy that the form was drawn from.
    pub(crate) base: &'a str,
    /// That policy itself, if this instance still knows it.
    pub(crate) drawn: Option<&'a Value>,
    pub(crate) edit: &'a PolicyEdit,
    pub(crate) note: &'a str,
}

pub(crate) async fn change_policy(
    client: &Client,
    wish: Wish<'_>,
) -> Result<PolicyChange, ChangeError> {
    let autoscaler = autoscaler_of(client, wish.group).await?;
    let before = policy_of(&autoscaler);
    refuse_if_changed(&wish, &before)?;
    let wanted = wish.edit.applied_to(&before);
    validate(&wanted).map_err(ChangeError::Invalid)?;
    let Some(patch) = merge_patch(&before, &wanted) else {
        return Ok(unchanged(before));
    };
    let scope = wish.group.location.scope();
    let body = json!({ "autoscalingPolicy": patch });
    let operation = client
        .patch::<Autoscaler>(&scope, &autoscaler.name, body)
        .await?;
    let operation = client.wait(operation).await?;
    let after = policy_of(&client.get::<Autoscaler>(&scope, &autoscaler.name).await?);
    let recorded = record(&wish, &before, &after)
        .write(client, &operation)
        .await;
    Ok(PolicyChange {
        changes: changes(&before, &wanted),
        surprises: changes(&wanted, &after),
        operation: Some(operation.name),
        hash: hash(&after),
        policy: after,
        unrecorded: recorded.err().map(|error| explain(&error)),
    })
}

/// The autoscaler that targets a group. Its name says nothing: gcloud adds a random suffix.
async fn autoscaler_of(client: &Client, group: &GroupId) -> Result<Autoscaler, ChangeError> {
    let scope = group.location.scope();
    let target = format!("{scope}/instanceGroupManagers/{}", group.name);
    let mut autoscalers = std::pin::pin!(client.list::<Autoscaler>(&scope));
    while let Some(autoscaler) = autoscalers.try_next().await? {
        if autoscaler
            .target
            .as_deref()
            .is_some_and(|url| is_same(url, &target))
        {
            return Ok(autoscaler);
        }
    }
    Err(ChangeError::NotFound(format!("An autoscaler of {group}")))
}

fn refuse_if_changed(wish: &Wish<'_>, now: &Value) -> Result<(), ChangeError> {
    let hash = hash(now);
    if hash == wish.base {
        return Ok(());
    }
    let theirs = match wish.drawn {
        Some(drawn) => changes(drawn, now),
        None => without_before(changes(&json!({}), &PolicyEdit::editable_part(now))),
    };
    Err(ChangeError::Conflict { theirs, hash })
}

fn without_before(changes: Vec<FieldChange>) -> Vec<FieldChange> {
    changes
        .into_iter()
        .map(|change| FieldChange {
            before: None,
            ..change
        })
        .collect()
}

fn unchanged(policy: Value) -> PolicyChange {
    PolicyChange {
        changes: Vec::new(),
        surprises: Vec::new(),
        operation: None,
        hash: hash(&policy),
        policy,
        unrecorded: None,
    }
}

fn record(wish: &Wish<'_>, before: &Value, after: &Value) -> ChangeRecord {
    ChangeRecord {
        before: before.clone(),
        after: after.clone(),
        note: wish.note.to_owned(),
        ..ChangeRecord::new(POLICY_CHANGED, wish.author, wish.group)
    }
}
