//! What all kinds with a row share: create, get, list, patch, delete, with masks and etags.

mod body;

use std::sync::Arc;

use autoscaler::Timestamp;
use serde_json::{Map, Value, json};

use self::body::{check, check_etag, given, inner, mask, set, stamp};
use super::{Asked, asked::Api, decide::decide, longrunning, not_emulated, page::page};
use crate::{
    api::Cloud,
    compute::{call::Call, change::Change, paths, schema::Field},
    error::ApiError,
    resource::{Key, Kind, Resource, Scope},
};

pub(super) type Body = Map<String, Value>;

/// Where the id of a new resource stands.
pub(super) enum Id {
    Query(&'static str),
    Body(&'static str),
}

/// What the engine knows about a kind.
pub(super) struct Row {
    pub(super) api: Api,
    pub(super) kind: Kind,
    /// The service and the noun of its methods in the audit log.
    pub(super) rpc: (&'static str, &'static str),
    /// Under which a list has its items.
    pub(super) items: &'static str,
    pub(super) id: Id,
    /// The field of a body that holds the resource, where it is not the body itself.
    pub(super) inside: Option<&'static str>,
    pub(super) fields: &'static [Field],
    pub(super) required: &'static [&'static str],
    pub(super) immutable: &'static [&'static str],
    pub(super) output_only: &'static [&'static str],
    /// The fields with the times of the first and of the latest write.
    pub(super) times: (Option<&'static str>, Option<&'static str>),
    pub(super) has_etag: bool,
    /// Whether creation and deletion are answered with an operation.
    pub(super) is_long: bool,
    pub(super) behaviour: &'static dyn Behaviour,
}

/// What only one kind knows.
pub(super) trait Behaviour: Sync {
    /// The name of a new resource, from the id that the caller chose.
    fn name(&self, project: &str, id: &str) -> Result<String, ApiError>;

    /// There is none; `path` is the whole name.
    fn missing(&self, _path: &str) -> ApiError {
        ApiError::missing("Requested entity was not found.")
    }

    /// There is one already.
    fn exists(&self, path: &str) -> ApiError;

    /// Completes and checks a body, on creation (`old` is `None`) and after each change.
    fn check(
        &self,
        _change: &mut Change<'_, '_>,
        _key: &Key,
        _old: Option<&Body>,
        _body: &mut Body,
    ) -> Result<(), ApiError> {
        Ok(())
    }

    /// After the creation: what else belongs to it.
    fn created(&self, _change: &mut Change<'_, '_>, _resource: &Resource) {}

    /// Removes a resource and what goes with it.
    fn delete(&self, change: &mut Change<'_, '_>, resource: &Resource) -> Result<(), ApiError> {
        change.tx.delete(&resource.key);
        Ok(())
    }

    /// Whether it can be read yet.
    fn is_visible(&self, _now: Timestamp, _resource: &Resource) -> bool {
        true
    }

    /// Whether a list shows it.
    fn is_listed(&self, _resource: &Resource, _call: &Call) -> bool {
        true
    }

    /// As an answer shows it.
    fn view(&self, project: &str, resource: &Resource) -> Value;
}

/// Answers the five methods that every kind has.
pub(super) async fn answer(
    cloud: &Cloud,
    row: &'static Row,
    scope: Scope,
    asked: &Asked,
    call: Call,
) -> Result<Value, ApiError> {
    let name = asked.names.last().cloned().unwrap_or_default();
    let key = Key::new(row.kind, scope, name);
    match asked.verb.as_str() {
        "list" => list(cloud, row, &key.scope, &call),
        "get" => get(cloud, row, &key),
        "create" => create(cloud, row, key.scope, call).await,
        "patch" => patch(cloud, row, key, call).await,
        "delete" => delete(cloud, row, key, call).await,
        _ => Err(not_emulated(asked)),
    }
}

/// A resource that must be there and can be read yet.
pub(super) fn find(cloud: &Cloud, row: &Row, key: &Key) -> Result<Arc<Resource>, ApiError> {
    let now = cloud.clock().now();
    let found = cloud.store().get(key);
    found
        .filter(|resource| row.behaviour.is_visible(now, resource))
        .ok_or_else(|| row.behaviour.missing(&key.path(cloud.store().project())))
}

/// The same inside of a change, where a new resource is known at once.
pub(super) fn find_in(
    change: &Change<'_, '_>,
    row: &Row,
    key: &Key,
) -> Result<Arc<Resource>, ApiError> {
    let found = change.tx.get(key);
    found.ok_or_else(|| row.behaviour.missing(&change.path(key)))
}

fn get(cloud: &Cloud, row: &Row, key: &Key) -> Result<Value, ApiError> {
    let found = find(cloud, row, key)?;
    Ok(row.behaviour.view(cloud.store().project(), &found))
}

fn list(cloud: &Cloud, row: &Row, scope: &Scope, call: &Call) -> Result<Value, ApiError> {
    let (project, now) = (cloud.store().project(), cloud.clock().now());
    let all = cloud.store().list(row.kind, Some(scope));
    let shown = all
        .iter()
        .filter(|resource| row.behaviour.is_visible(now, resource))
        .filter(|resource| row.behaviour.is_listed(resource, call))
        .map(|resource| {
            let view = row.behaviour.view(project, resource);
            (resource.key.name.clone(), view)
        });
    page(row.items, shown.collect(), call)
}

async fn create(
    cloud: &Cloud,
    row: &'static Row,
    scope: Scope,
    call: Call,
) -> Result<Value, ApiError> {
    let id = match row.id {
        Id::Query(name) => call.text(name).map(str::to_owned),
        Id::Body(name) => call
            .body
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_owned),
    };
    let (Id::Query(parameter) | Id::Body(parameter)) = row.id;
    let id = id.ok_or_else(|| ApiError::required(parameter))?;
    let name = row.behaviour.name(cloud.store().project(), &id)?;
    let slow = cloud.slow_operations();
    decide(cloud, call, method(row, "Create"), move |change, call| {
        let key = Key::new(row.kind, scope, name);
        if change.tx.get(&key).is_some() {
            return Err(row.behaviour.exists(&change.path(&key)));
        }
        let mut body = given(row, call)?;
        check(change, row, &key, None, &mut body)?;
        stamp(change, row, &mut body, true);
        let resource = Resource::new(key, body);
        change.tx.put(resource.clone());
        row.behaviour.created(change, &resource);
        let view = row.behaviour.view(change.project, &resource);
        let answer = if row.is_long {
            long(change, row, &resource.key, view, slow)
        } else {
            view
        };
        Ok((resource.key, answer))
    })
    .await
}

async fn patch(cloud: &Cloud, row: &'static Row, key: Key, call: Call) -> Result<Value, ApiError> {
    find(cloud, row, &key)?;
    decide(cloud, call, method(row, "Update"), move |change, call| {
        let old = find_in(change, row, &key)?;
        check_etag(
            row,
            call.body
                .get("etag")
                .or_else(|| inner(row, call)?.get("etag")),
            &old,
        )?;
        let given = given(row, call)?;
        let mut body = old.body.clone();
        for path in mask(row, call, &given) {
            match paths::at(&given, &path) {
                Some(value) => set(&mut body, &path, value.clone()),
                None => _ = paths::remove(&mut body, &path),
            }
        }
        check(change, row, &key, Some(&old.body), &mut body)?;
        stamp(change, row, &mut body, false);
        let resource = Resource {
            key: key.clone(),
            id: old.id,
            body,
        };
        change.tx.put(resource.clone());
        Ok((key, row.behaviour.view(change.project, &resource)))
    })
    .await
}

async fn delete(cloud: &Cloud, row: &'static Row, key: Key, call: Call) -> Result<Value, ApiError> {
    find(cloud, row, &key)?;
    let slow = cloud.slow_operations();
    decide(cloud, call, method(row, "Delete"), move |change, call| {
        let old = find_in(change, row, &key)?;
        let etag = call.text("etag").map(Value::from);
        check_etag(row, etag.as_ref(), &old)?;
        row.behaviour.delete(change, &old)?;
        let policy = Key::global(Kind::IamPolicy, change.path(&key));
        if change.tx.get(&key).is_none() {
            change.tx.delete(&policy);
        }
        // What is only marked as deleted is shown so.
        let left = change.tx.get(&key);
        let view = left.map(|left| row.behaviour.view(change.project, &left));
        let empty = json!({"@type": "type.googleapis.com/google.protobuf.Empty"});
        let answer = match view {
            Some(view) => view,
            None if row.is_long => long(change, row, &key, empty, slow),
            None => json!({}),
        };
        Ok((key, answer))
    })
    .await
}

/// The name of a method in the audit log.
fn method(row: &Row, verb: &str) -> (Api, String) {
    let (service, noun) = row.rpc;
    let name = match row.api {
        Api::Dns => format!("{service}.{noun}.{}", verb.to_lowercase()),
        _ => format!("{service}.{verb}{noun}"),
    };
    (row.api, name)
}

fn long(
    change: &mut Change<'_, '_>,
    row: &Row,
    key: &Key,
    mut response: Value,
    slow: bool,
) -> Value {
    let path = change.path(key);
    let parent = path
        .rsplit_once(&format!("{}/", row.kind.collection()))
        .map_or("", |(parent, _)| parent);
    let package = row
        .rpc
        .0
        .rsplit_once('.')
        .map_or("", |(package, _)| package);
    let metadata = json!({"@type": format!("type.googleapis.com/{package}.OperationMetadata")});
    if response.get("@type").is_none() {
        response["@type"] = json!(format!("type.googleapis.com/{package}.{}", row.rpc.1));
    }
    longrunning::store(change, parent, metadata, response, slow)
}
