//! Secret Manager v1: secrets, and the versions of what they hold.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crc::{CRC_32_ISCSI, Crc};
use futures::Stream;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::compute::wire::wire_struct;
use crate::iam::gone;
use crate::page::{items, page_of};
use crate::{Client, Endpoints, Error};

wire_struct! {
    /// A secret, without what it holds.
    pub struct Secret {
        /// `projects/NUMBER/secrets/ID`.
        pub name: String,
        /// Values by name.
        pub labels: BTreeMap<String, String>,
        /// What tools remember about it.
        pub annotations: BTreeMap<String, String>,
        /// Guards against overwriting somebody else's change.
        pub etag: Option<String>,
        /// RFC 3339.
        pub create_time: Option<String>,
    }
}

wire_struct! {
    /// One version of a secret, without what it holds.
    pub struct SecretVersion {
        /// `projects/NUMBER/secrets/ID/versions/3`.
        pub name: String,
        /// `ENABLED`, `DISABLED` or `DESTROYED`.
        pub state: Option<String>,
        /// RFC 3339.
        pub create_time: Option<String>,
    }
}

impl SecretVersion {
    /// Its number, which a template pins.
    pub fn number(&self) -> &str {
        crate::name_of(&self.name)
    }
}

/// What a version holds, kept out of logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload(Vec<u8>);

impl Payload {
    /// Wraps what a version shall hold.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes themselves.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

page_of!(Secrets { secrets: Secret });
page_of!(Versions {
    versions: SecretVersion
});

#[derive(Deserialize)]
struct Accessed {
    name: String,
    payload: Wire,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default)]
    data: String,
    data_crc32c: Option<String>,
}

fn api(endpoints: &Endpoints) -> &String {
    &endpoints.secret_manager
}

impl Client {
    /// Reads a secret, without what it holds.
    pub async fn secret(&self, id: &str) -> Result<Secret, Error> {
        let path = ["v1", "projects", self.project(), "secrets", id];
        self.send(&self.beside(Method::GET, api, &path)?).await
    }

    /// All secrets of the project, without what they hold.
    pub fn secrets(&self) -> impl Stream<Item = Result<Secret, Error>> + Send + use<> {
        let path = ["v1", "projects", self.project(), "secrets"];
        items::<Secrets>(self.clone(), self.beside(Method::GET, api, &path))
    }

    /// Makes a secret that Google replicates as it sees fit. It holds nothing yet.
    pub async fn create_secret(
        &self,
        id: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<Secret, Error> {
        let path = ["v1", "projects", self.project(), "secrets"];
        let request = self.beside(Method::POST, api, &path)?.query("secretId", id);
        let body = json!({"replication": {"automatic": {}}, "labels": labels});
        self.send(&request.body(body)).await
    }

    /// Replaces a secret's labels.
    pub async fn label_secret(
        &self,
        id: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<Secret, Error> {
        let path = ["v1", "projects", self.project(), "secrets", id];
        let request = self.beside(Method::PATCH, api, &path)?;
        let request = request.query("updateMask", "labels").repeatable();
        self.send(&request.body(json!({ "labels": labels }))).await
    }

    /// Deletes a secret with all its versions, for good.
    pub async fn delete_secret(&self, id: &str) -> Result<(), Error> {
        let path = ["v1", "projects", self.project(), "secrets", id];
        let request = self.beside(Method::DELETE, api, &path)?.repeatable();
        gone(self.send::<Value>(&request).await)
    }

    /// Adds a version, of at most 64 KiB. Each call adds one, so it is not repeated by itself.
    pub async fn add_secret_version(&self, id: &str, data: &[u8]) -> Result<SecretVersion, Error> {
        let call = format!("{id}:addVersion");
        let path = ["v1", "projects", self.project(), "secrets", &call];
        let payload =
            json!({"data": BASE64.encode(data), "dataCrc32c": CRC_32C.checksum(data).to_string()});
        let request = self.beside(Method::POST, api, &path)?;
        self.send(&request.body(json!({ "payload": payload })))
            .await
    }

    /// The versions of a secret, newest first.
    pub fn secret_versions(
        &self,
        id: &str,
    ) -> impl Stream<Item = Result<SecretVersion, Error>> + Send + use<> {
        let path = ["v1", "projects", self.project(), "secrets", id, "versions"];
        items::<Versions>(self.clone(), self.beside(Method::GET, api, &path))
    }

    /// A version of a secret, without what it holds.
    pub async fn secret_version(&self, id: &str, version: u64) -> Result<SecretVersion, Error> {
        let version = version.to_string();
        let secret = ["v1", "projects", self.project(), "secrets", id];
        let path = [&secret[..], &["versions", &version]].concat();
        self.send(&self.beside(Method::GET, api, &path)?).await
    }

    /// What a version holds: one by its number, or `latest`.
    pub async fn access_secret(&self, id: &str, version: &str) -> Result<Payload, Error> {
        self.access_secret_of(self.project(), id, version).await
    }

    /// Like [`access_secret`](Self::access_secret), of another project, by its id or number.
    pub async fn access_secret_of(
        &self,
        project: &str,
        id: &str,
        version: &str,
    ) -> Result<Payload, Error> {
        let call = format!("{version}:access");
        let path = ["v1", "projects", project, "secrets", id, "versions", &call];
        let request = self.beside(Method::GET, api, &path)?;
        let Accessed { name, payload } = self.send(&request).await?;
        let data = BASE64.decode(&payload.data).ok();
        let is_whole = |data: &Vec<u8>| {
            let sum = payload.data_crc32c.as_deref();
            sum.is_none_or(|sum| sum == CRC_32C.checksum(data).to_string())
        };
        data.filter(is_whole)
            .map(Payload)
            .ok_or(Error::Damaged { name })
    }
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

    #[test]
    fn a_payload_is_not_printed() {
        assert_eq!(format!("{:?}", Payload(b"secret".to_vec())), "****");
    }
}
