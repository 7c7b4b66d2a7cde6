//! Secret Manager v1: secrets and their versions.

mod versions;

pub(crate) use versions::held;

use serde_json::{Value, json};

use super::{
    Asked,
    asked::Api,
    engine::{self, Behaviour, Body, Id, Row},
    not_emulated, numbered,
};
use crate::{
    api::Cloud,
    compute::{
        call::Call,
        change::Change,
        schema::{object, text},
    },
    error::ApiError,
    resource::{Key, Kind, Resource, Scope},
};

const ROW: Row = Row {
    api: Api::SecretManager,
    kind: Kind::Secret,
    rpc: (
        "google.cloud.secretmanager.v1.SecretManagerService",
        "Secret",
    ),
    items: "secrets",
    id: Id::Query("secretId"),
    inside: None,
    fields: &[
        object("replication"),
        object("replication/automatic"),
        object("replication/userManaged"),
        object("labels"),
        object("annotations"),
        text("expireTime"),
        text("ttl"),
    ],
    required: &["replication"],
    immutable: &["replication"],
    output_only: &["createTime"],
    times: (Some("createTime"), None),
    has_etag: true,
    is_long: false,
    behaviour: &Secrets,
};

struct Secrets;

impl Behaviour for Secrets {
    fn name(&self, _project: &str, id: &str) -> Result<String, ApiError> {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if (1..=255).contains(&id.len()) && id.bytes().all(inner) {
            return Ok(id.to_owned());
        }
        let why = "It must be from 1 to 255 letters, digits, underscores and dashes.";
        Err(ApiError::invalid("secretId", id, why))
    }

    fn missing(&self, path: &str) -> ApiError {
        ApiError::missing(format!("Secret [{}] not found.", numbered(path)))
    }

    fn exists(&self, path: &str) -> ApiError {
        ApiError::exists(format!("Secret [{}] already exists.", numbered(path)))
    }

    fn check(
        &self,
        _change: &mut Change<'_, '_>,
        _key: &Key,
        _old: Option<&Body>,
        body: &mut Body,
    ) -> Result<(), ApiError> {
        let replication = body.get("replication").and_then(Value::as_object);
        let policies = ["automatic", "userManaged"];
        let given = policies.iter().filter(|policy| {
            replication.is_some_and(|replication| replication.contains_key(**policy))
        });
        if given.count() == 1 {
            return Ok(());
        }
        let message = "Exactly one of secret.replication.automatic and secret.replication.user_managed must be given.";
        Err(ApiError::bad_request(message))
    }

    fn delete(&self, change: &mut Change<'_, '_>, secret: &Resource) -> Result<(), ApiError> {
        for version in versions::of(change, &secret.key.name) {
            change.tx.delete(&version.key);
        }
        change.tx.delete(&secret.key);
        Ok(())
    }

    fn view(&self, project: &str, secret: &Resource) -> Value {
        let mut body = secret.body.clone();
        let name = numbered(&secret.key.path(project));
        body.insert("name".into(), json!(name));
        Value::Object(body)
    }
}

pub(super) async fn answer(cloud: &Cloud, asked: &Asked, call: Call) -> Result<Value, ApiError> {
    let secret = || asked.names.get(1).cloned().unwrap_or_default();
    match (asked.collection, asked.verb.as_str()) {
        ("secrets", "addVersion") => versions::add(cloud, secret(), call).await,
        ("secrets", "patch") if call.text("updateMask").is_none() => {
            Err(ApiError::required("update_mask"))
        }
        ("secrets", _) => engine::answer(cloud, &ROW, Scope::Global, asked, call).await,
        ("versions", "list") => versions::list(cloud, &secret(), &call),
        ("versions", "get") => versions::get(cloud, asked),
        ("versions", "access") => versions::access(cloud, asked),
        ("versions", "enable") => versions::switch(cloud, asked, "ENABLED", "Enable", call).await,
        ("versions", "disable") => {
            versions::switch(cloud, asked, "DISABLED", "Disable", call).await
        }
        ("versions", "destroy") => {
            versions::switch(cloud, asked, "DESTROYED", "Destroy", call).await
        }
        _ => Err(not_emulated(asked)),
    }
}

/// Refuses where there is no such secret.
pub(super) fn exists(cloud: &Cloud, asked: &Asked) -> Result<(), ApiError> {
    let name = asked.names.get(1).cloned().unwrap_or_default();
    engine::find(cloud, &ROW, &Key::global(Kind::Secret, name)).map(drop)
}
