//! What all kinds share: insert, change, delete and verbs, each decided and stored in one step,
//! with its operation and its entry in the audit log.

use serde_json::{Value, json};

use super::{
    call::Call,
    catalog,
    change::{Change, Verb},
    checks::{self, check},
    fingerprint, image, labels, merge,
    mutation::{Method, mutate},
    operations, references,
    table::Row,
};
use crate::{
    api::Cloud,
    clock::rfc3339,
    error::ApiError,
    resource::{Key, Kind, Resource, Scope},
};

/// How a change treats what the caller leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// JSON merge patch: it stays.
    Patch,
    /// It goes, apart from what only the cloud writes.
    Replace,
}

/// A resource that must be there, stored or of the catalogue.
pub(super) fn find(cloud: &Cloud, key: &Key) -> Result<std::sync::Arc<Resource>, ApiError> {
    let found = cloud
        .store()
        .get(key)
        .or_else(|| catalog::find(key).map(Into::into));
    found.ok_or_else(|| ApiError::not_found(&key.path(cloud.store().project())))
}

pub(super) fn get(cloud: &Cloud, key: &Key) -> Result<Value, ApiError> {
    let resource = find(cloud, key)?;
    if key.kind == Kind::Operation {
        return Ok(Value::Object(operations::view(cloud, &resource)));
    }
    Ok(image::image(cloud, &resource).to_value())
}

pub(super) async fn insert(
    cloud: &Cloud,
    row: &'static Row,
    scope: Scope,
    call: Call,
) -> Result<Value, ApiError> {
    let method = Method::in_scope(row.kind, &scope, "insert", "insert");
    mutate(cloud, call, method, move |change, call| {
        let mut body = call.body.clone();
        checks::strip_output(row, &mut body);
        let name = checks::name(&body)?;
        let key = Key::new(row.kind, scope, name);
        if change.tx.get(&key).is_some() {
            return Err(ApiError::already_exists(&change.path(&key)));
        }
        check(change, row, &key, None, &mut body)?;
        body.insert("creationTimestamp".into(), json!(rfc3339(change.now)));
        let resource = store(change, row, Resource::new(key, body))?;
        Ok((resource, Vec::new()))
    })
    .await
}

pub(super) async fn change(
    cloud: &Cloud,
    row: &'static Row,
    key: Key,
    how: How,
    call: Call,
) -> Result<Value, ApiError> {
    let verb = if how == How::Patch { "patch" } else { "update" };
    mutate(
        cloud,
        call,
        Method::new(&key, verb, verb),
        move |change, call| {
            let old = change.get(&key)?;
            if row.fingerprint {
                fingerprint::check(&call.body, &old.body)?;
            }
            let mut given = call.body.clone();
            checks::strip_output(row, &mut given);
            given.remove("name");
            let mut body = match how {
                How::Patch => old.body.clone(),
                How::Replace => checks::kept_on_replace(row, &old.body),
            };
            merge::merge(&mut body, given);
            checks::keep_secrets(row, &old.body, &mut body);
            check(change, row, &key, Some(&old.body), &mut body)?;
            checks::check_immutable(row, &old.body, &body)?;
            let resource = store(
                change,
                row,
                Resource {
                    key,
                    id: old.id,
                    body,
                },
            )?;
            Ok((resource, Vec::new()))
        },
    )
    .await
}

pub(super) async fn delete(
    cloud: &Cloud,
    row: &'static Row,
    key: Key,
    call: Call,
) -> Result<Value, ApiError> {
    mutate(
        cloud,
        call,
        Method::new(&key, "delete", "delete"),
        move |change, _| {
            let resource = change.get(&key)?;
            references::check_unused(change, &key)?;
            if row.kind != Kind::Instance {
                // An instance goes when its process has ended; the fleet removes it then.
                change.tx.delete(&key);
            }
            let commands = row.behaviour.deleted(change, &resource)?;
            Ok((Resource::clone(&resource), commands))
        },
    )
    .await
}

pub(super) async fn verb(
    cloud: &Cloud,
    row: &'static Row,
    key: Key,
    name: &str,
    call: Call,
) -> Result<Value, ApiError> {
    let set_labels = || (row.labels && name == "setLabels").then_some(labels::SET);
    let Some(verb) = row.behaviour.verb(name).or_else(set_labels) else {
        let what = format!("compute.{}.{name}", row.kind.method_group(&key.scope));
        return Err(ApiError::not_emulated(&what));
    };
    match verb {
        Verb::View(view) => Ok(view(cloud, &*find(cloud, &key)?)),
        Verb::Read(read) => read(cloud, &*find(cloud, &key)?, &call),
        Verb::Try(attempt) => attempt(cloud, &key, &call),
        Verb::Change { operation, decide } => {
            let operation = operation.replace(
                "instanceGroupManagers",
                &Kind::InstanceGroupManager.method_group(&key.scope),
            );
            let method = Method::new(&key, name, &operation);
            mutate(cloud, call, method, move |change, call| {
                let resource = change.get(&key)?;
                let commands = decide(change, &resource, call)?;
                Ok((Resource::clone(&resource), commands))
            })
            .await
        }
    }
}

fn store(
    change: &mut Change<'_, '_>,
    row: &Row,
    mut resource: Resource,
) -> Result<Resource, ApiError> {
    if row.fingerprint {
        resource
            .body
            .insert("fingerprint".into(), fingerprint::fresh());
    }
    let mut body = std::mem::take(&mut resource.body);
    image::complete(change.project, &resource, &mut body);
    resource.body = body;
    change.tx.put(resource.clone());
    row.behaviour.stored(change, &resource)?;
    Ok(resource)
}
