//! What all kinds share: insert, change, delete and verbs, each decided and stored in one step,
//! with its operation and its entry in the audit log.

use serde_json::{Map, Value, json};

use super::{
    audit,
    call::Call,
    catalog,
    change::{Change, Command, Verb},
    fingerprint, image, labels, merge, operations, paths, references,
    schema::{self, resource_field},
    table::{ALWAYS_OUTPUT, Row},
};
use crate::{
    api::Cloud,
    clock::rfc3339,
    error::ApiError,
    resource::{Key, Kind, Resource, Scope},
};

type Body = Map<String, Value>;

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
        return Ok(operations::view(cloud, &resource));
    }
    Ok(Value::Object(image::image(cloud, &resource)))
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
        strip_output(row, &mut body);
        let name = name(&body)?;
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
            strip_output(row, &mut given);
            given.remove("name");
            let mut body = match how {
                How::Patch => old.body.clone(),
                How::Replace => kept_on_replace(row, &old.body),
            };
            merge::merge(&mut body, given);
            keep_secrets(row, &old.body, &mut body);
            check(change, row, &key, Some(&old.body), &mut body)?;
            check_immutable(row, &old.body, &body)?;
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

/// How a mutation is called in the audit log and in its operation.
struct Method {
    /// For example `regionAutoscalers.patch`.
    name: String,
    operation: String,
}

impl Method {
    fn new(key: &Key, name: &str, operation: &str) -> Self {
        Self::in_scope(key.kind, &key.scope, name, operation)
    }

    fn in_scope(kind: Kind, scope: &Scope, name: &str, operation: &str) -> Self {
        Self {
            name: format!("{}.{name}", kind.method_group(scope)),
            operation: operation.to_owned(),
        }
    }
}

/// Decides and stores a mutation with its operation and audit entry, then has the fleet act on it.
async fn mutate(
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
    Ok(operations::view(cloud, &operation))
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

/// Defaults, types, references, and then what only the kind knows.
fn check(
    change: &mut Change<'_, '_>,
    row: &Row,
    key: &Key,
    old: Option<&Body>,
    body: &mut Body,
) -> Result<(), ApiError> {
    schema::complete_and_check(row.fields, row.required, body)?;
    if let Some(given) = body.get("labels") {
        labels::check(given)?;
    }
    references::canonicalise(change, key, row.references, body)?;
    row.behaviour.check(change, key, old, body)
}

fn strip_output(row: &Row, body: &mut Body) {
    for field in ALWAYS_OUTPUT.iter().chain(row.output_only) {
        body.remove(*field);
    }
}

/// What a PUT leaves alone: the cloud's own fields, and those that cannot change anyway.
fn kept_on_replace(row: &Row, old: &Body) -> Body {
    let kept = ALWAYS_OUTPUT
        .iter()
        .chain(row.output_only)
        .chain(row.immutable)
        .chain(&["name"]);
    kept.filter_map(|field| Some(((*field).to_owned(), old.get(*field)?.clone())))
        .collect()
}

/// A caller that puts back what it got has not seen the secrets, and does not mean to remove them.
fn keep_secrets(row: &Row, old: &Body, body: &mut Body) {
    for path in row.secret {
        let (around, name) = path.rsplit_once('/').unwrap_or(("", path));
        let secret = paths::at(old, path).cloned();
        if let (Some(Value::Object(object)), Some(secret)) = (paths::at_mut(body, around), secret) {
            object.entry(name).or_insert(secret);
        }
    }
}

fn check_immutable(row: &Row, old: &Body, new: &Body) -> Result<(), ApiError> {
    for field in row.immutable {
        if old.get(*field) != new.get(*field) {
            let value = new.get(*field).map_or_else(String::new, Value::to_string);
            let why = "The field cannot be changed after the resource was created.";
            return Err(ApiError::invalid(
                &resource_field(field),
                value.trim_matches('"'),
                why,
            ));
        }
    }
    Ok(())
}

/// The name in a body, by RFC 1035.
fn name(body: &Body) -> Result<String, ApiError> {
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() {
        return Err(ApiError::required("resource.name"));
    }
    check_name("resource.name", name)?;
    Ok(name.to_owned())
}

/// Refuses what is no name by RFC 1035.
pub(super) fn check_name(field: &str, name: &str) -> Result<(), ApiError> {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let good = name.len() <= 63
        && name.bytes().all(|byte| inner(byte) || byte == b'-')
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('-');
    if good {
        return Ok(());
    }
    let why = "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'";
    Err(ApiError::invalid(field, name, why))
}
