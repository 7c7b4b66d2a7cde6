//! Custom roles of the project. A deleted one stays, marked, and its id is taken: it can be brought
//! back, and nothing else be made in its place.

use serde_json::{Value, json};

use crate::{
    api::Cloud,
    apis::{
        asked::Api,
        decide::decide,
        engine::{self, Behaviour, Body, Id, Row},
    },
    compute::{
        call::Call,
        change::Change,
        fingerprint,
        schema::{list, one_of, text},
    },
    error::ApiError,
    identity::is_permission,
    resource::{Key, Kind, Resource},
};

/// Permissions that Google lets no role of a project have.
const NOT_IN_PROJECTS: [&str; 3] = [
    "resourcemanager.organizations.get",
    "resourcemanager.folders.get",
    "resourcemanager.projects.list",
];

pub(super) const ROW: Row = Row {
    api: Api::Iam,
    kind: Kind::Role,
    rpc: ("google.iam.admin.v1", "Role"),
    items: "roles",
    id: Id::Body("roleId"),
    inside: Some("role"),
    fields: &[
        text("title"),
        text("description"),
        one_of(
            "stage",
            &["ALPHA", "BETA", "GA", "DEPRECATED", "DISABLED", "EAP"],
        )
        .or_word("ALPHA"),
        list("includedPermissions"),
    ],
    required: &[],
    immutable: &[],
    output_only: &["deleted"],
    times: (None, None),
    has_etag: true,
    is_long: false,
    behaviour: &Roles,
};

struct Roles;

impl Behaviour for Roles {
    fn name(&self, _project: &str, id: &str) -> Result<String, ApiError> {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
        if (3..=64).contains(&id.len()) && id.bytes().all(inner) {
            return Ok(id.to_owned());
        }
        let why = "It must be from 3 to 64 letters, digits, underscores and dots.";
        Err(ApiError::invalid("roleId", id, why))
    }

    fn missing(&self, path: &str) -> ApiError {
        ApiError::missing(format!("The role named {path} was not found."))
    }

    fn exists(&self, path: &str) -> ApiError {
        let (parent, id) = path.split_once("/roles/").unwrap_or(("", path));
        ApiError::exists(format!("A role named {id} in {parent} already exists."))
    }

    fn check(
        &self,
        _change: &mut Change<'_, '_>,
        _key: &Key,
        old: Option<&Body>,
        body: &mut Body,
    ) -> Result<(), ApiError> {
        if old.is_some_and(|old| old.get("deleted") == Some(&json!(true))) {
            return Err(ApiError::failed_precondition(
                "The role is deleted; undelete it before it is changed.",
            ));
        }
        let included = body.get("includedPermissions").and_then(Value::as_array);
        for permission in included.into_iter().flatten() {
            let text = permission.as_str().unwrap_or_default();
            if !is_permission(text) || NOT_IN_PROJECTS.contains(&text) {
                return Err(ApiError::bad_request(format!(
                    "Permission {text} is not valid."
                )));
            }
        }
        Ok(())
    }

    fn delete(&self, change: &mut Change<'_, '_>, role: &Resource) -> Result<(), ApiError> {
        change.tx.update(&role.key, |body| {
            body.insert("deleted".into(), json!(true));
            body.insert("etag".into(), fingerprint::fresh());
        });
        Ok(())
    }

    fn is_listed(&self, role: &Resource, call: &Call) -> bool {
        call.text("showDeleted") == Some("true") || role.field("deleted").is_none()
    }

    fn view(&self, project: &str, role: &Resource) -> Value {
        let mut body = role.body.clone();
        body.insert("name".into(), json!(role.key.path(project)));
        Value::Object(body)
    }
}

/// The key of a custom role of the project, by its whole name.
pub(crate) fn custom(project: &str, name: &str) -> Option<Key> {
    let id = name.strip_prefix(&format!("projects/{project}/roles/"))?;
    Some(Key::global(Kind::Role, id))
}

/// Brings a deleted role back.
pub(super) async fn undelete(cloud: &Cloud, key: &Key, call: Call) -> Result<Value, ApiError> {
    engine::find(cloud, &ROW, key)?;
    let key = key.clone();
    let method = "google.iam.admin.v1.UndeleteRole".to_owned();
    decide(cloud, call, (Api::Iam, method), move |change, _| {
        let old = engine::find_in(change, &ROW, &key)?;
        if old.field("deleted").is_none() {
            return Err(ApiError::failed_precondition("The role is not deleted."));
        }
        change.tx.update(&key, |body| {
            body.remove("deleted");
            body.insert("etag".into(), fingerprint::fresh());
        });
        let role = engine::find_in(change, &ROW, &key)?;
        Ok((key, Roles.view(change.project, &role)))
    })
    .await
}
