//! The versions of secrets. What one holds is stored, given to whoever may access it, and shown nowhere
//! else.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use crc::{CRC_32_ISCSI, Crc};
use serde_json::{Map, Value, json};

use super::ROW;
use crate::{
    api::Cloud,
    apis::{Asked, asked::Api, decide::decide, engine, not_emulated, numbered, page::page},
    clock::rfc3339,
    compute::{call::Call, change::Change, fingerprint},
    error::ApiError,
    resource::{Key, Kind, Resource},
    store::Store,
};

/// Google's limit for one version.
const PAYLOAD: usize = 64 << 10;

/// The field of a stored version that no answer but that of `access` shows.
const DATA: &str = "data";

pub(super) async fn add(cloud: &Cloud, secret: String, mut call: Call) -> Result<Value, ApiError> {
    let (data, has_checksum) = payload(&mut call)?;
    let secret = engine::find(cloud, &ROW, &Key::global(Kind::Secret, secret))?;
    let (service, _) = ROW.rpc;
    let method = format!("{service}.AddSecretVersion");
    decide(
        cloud,
        call,
        (Api::SecretManager, method),
        move |change, _| {
            engine::find_in(change, &ROW, &secret.key)?;
            let versions = of(change, &secret.key.name);
            let next = versions.first().map_or(1, |newest| number(newest) + 1);
            let key = version_key(&secret.key.name, &next.to_string());
            let mut body = Map::new();
            body.insert("createTime".into(), json!(rfc3339(change.now)));
            body.insert("state".into(), json!("ENABLED"));
            body.insert("etag".into(), fingerprint::fresh());
            let name = numbered(&change.path(&key));
            body.insert("name".into(), json!(name));
            body.insert("replicationStatus".into(), json!({"automatic": {}}));
            if has_checksum {
                body.insert("clientSpecifiedPayloadChecksum".into(), json!(true));
            }
            body.insert(DATA.into(), json!(data));
            let version = Resource::new(key.clone(), body);
            let shown = view(&version);
            change.tx.put(version);
            Ok((key, shown))
        },
    )
    .await
}

/// The data of a body, taken out of it, and whether its checksum was given and right.
fn payload(call: &mut Call) -> Result<(String, bool), ApiError> {
    let payload = call.body.remove("payload").unwrap_or_default();
    let data = payload["data"].as_str();
    let data = data.ok_or_else(|| ApiError::required("payload.data"))?;
    let wrong =
        |why: &str| ApiError::bad_request(format!("Invalid value for 'payload.data': {why}"));
    let bytes = BASE64
        .decode(data)
        .map_err(|_| wrong("it must be Base64."))?;
    if bytes.len() > PAYLOAD {
        return Err(wrong("it must be at most 65536 bytes long."));
    }
    let checksum = match &payload["dataCrc32c"] {
        Value::Null => return Ok((data.to_owned(), false)),
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    };
    if checksum != Some(CRC_32C.checksum(&bytes).into()) {
        let message = "The checksum of the payload does not match its data.";
        return Err(ApiError::bad_request(message));
    }
    Ok((data.to_owned(), true))
}

/// The versions of a secret, newest first.
pub(super) fn of(change: &Change<'_, '_>, secret: &str) -> Vec<Arc<Resource>> {
    let all = change.tx.list(Kind::SecretVersion, None);
    newest_first(all, secret)
}

fn newest_first(mut all: Vec<Arc<Resource>>, secret: &str) -> Vec<Arc<Resource>> {
    let prefix = format!("{secret}/");
    all.retain(|version| version.key.name.starts_with(&prefix));
    all.sort_by_key(|version| std::cmp::Reverse(number(version)));
    all
}

fn version_key(secret: &str, number: &str) -> Key {
    Key::global(Kind::SecretVersion, format!("{secret}/versions/{number}"))
}

fn number(version: &Resource) -> u64 {
    let last = version.key.name.rsplit('/').next();
    last.and_then(|last| last.parse().ok()).unwrap_or_default()
}

/// `latest` is the newest version, whatever its state.
fn find(cloud: &Cloud, asked: &Asked) -> Result<Arc<Resource>, ApiError> {
    let [_, secret, version] = &asked.names[..] else {
        return Err(not_emulated(asked));
    };
    engine::find(cloud, &ROW, &Key::global(Kind::Secret, secret.as_str()))?;
    let found = if version == "latest" {
        let all = cloud.store().list(Kind::SecretVersion, None);
        newest_first(all, secret).into_iter().next()
    } else {
        cloud.store().get(&version_key(secret, version))
    };
    found.ok_or_else(|| {
        let path = version_key(secret, version).path(cloud.store().project());
        ApiError::missing(format!("Secret Version [{}] not found.", numbered(&path)))
    })
}

pub(super) fn list(cloud: &Cloud, secret: &str, call: &Call) -> Result<Value, ApiError> {
    engine::find(cloud, &ROW, &Key::global(Kind::Secret, secret))?;
    let all = newest_first(cloud.store().list(Kind::SecretVersion, None), secret);
    let shown = all
        .iter()
        .map(|version| (version.key.name.clone(), view(version)));
    page("versions", shown.collect(), call)
}

fn view(version: &Resource) -> Value {
    let mut body = version.body.clone();
    body.remove(DATA);
    Value::Object(body)
}

pub(super) fn get(cloud: &Cloud, asked: &Asked) -> Result<Value, ApiError> {
    find(cloud, asked).map(|version| view(&version))
}

/// What a version holds, for an instance whose template names it.
pub(crate) fn held(store: &Store, secret: &str, version: u64) -> Option<Vec<u8>> {
    let version = store.get(&version_key(secret, &version.to_string()))?;
    let is_enabled = version.text("state") == Some("ENABLED");
    let data = version.text(DATA).filter(|_| is_enabled)?;
    BASE64.decode(data).ok()
}

/// The one answer with what the version holds.
pub(super) fn access(cloud: &Cloud, asked: &Asked) -> Result<Value, ApiError> {
    let version = find(cloud, asked)?;
    let (name, state) = (version.text("name"), version.text("state"));
    let data = version.text(DATA).unwrap_or_default();
    if state != Some("ENABLED") {
        return Err(ApiError::failed_precondition(format!(
            "Secret Version [{}] is in {} state.",
            name.unwrap_or_default(),
            state.unwrap_or_default(),
        )));
    }
    let bytes = BASE64.decode(data).unwrap_or_default();
    let payload = json!({"data": data, "dataCrc32c": CRC_32C.checksum(&bytes).to_string()});
    Ok(json!({"name": name, "payload": payload}))
}

pub(super) async fn switch(
    cloud: &Cloud,
    asked: &Asked,
    state: &'static str,
    verb: &str,
    call: Call,
) -> Result<Value, ApiError> {
    let key = find(cloud, asked)?.key.clone();
    let (service, _) = ROW.rpc;
    let method = format!("{service}.{verb}SecretVersion");
    decide(
        cloud,
        call,
        (Api::SecretManager, method),
        move |change, _| {
            let old = change.get(&key)?;
            if old.text("state") == Some("DESTROYED") {
                let message = format!(
                    "Secret Version [{}] is in DESTROYED state.",
                    old.text("name").unwrap_or_default()
                );
                return Err(ApiError::failed_precondition(message));
            }
            let now = rfc3339(change.now);
            change.tx.update(&key, |body| {
                body.insert("state".into(), json!(state));
                body.insert("etag".into(), fingerprint::fresh());
                if state == "DESTROYED" {
                    body.remove(DATA);
                    body.insert("destroyTime".into(), json!(now));
                }
            });
            let shown = view(&*change.get(&key)?);
            Ok((key, shown))
        },
    )
    .await
}

/// CRC-32C, by which Google knows a payload that was damaged on its way.
static CRC_32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_that_of_the_standard() {
        // RFC 3720, B.4 names the check value of the nine digits.
        assert_eq!(CRC_32C.checksum(b"123456789"), 3_808_858_755);
        assert_eq!(CRC_32C.checksum(b""), 0);
    }
}
