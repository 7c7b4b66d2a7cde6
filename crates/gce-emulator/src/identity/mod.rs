//! Who calls, and what they may.
//!
//! The local cloud is open to everybody on the machine, and a token only says a name. With
//! `require_auth` a call needs a token that this cloud has issued, as it does at Google; and once
//! the project has an IAM policy, a service account may do what its roles say and no more.

mod admit;
mod policy;
mod roles;

use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::Value;
use sha2::{Digest, Sha256};

pub(crate) use self::{
    admit::{admit, check},
    policy::{Policy, policy_of},
    roles::is_permission,
};
use crate::{
    resource::Resource,
    store::{Store, StoreError, Write},
};

/// What the audit log calls somebody who shows no token of ours.
const SOMEBODY: &str = "local@flaskscale.invalid";

/// The person whose refresh token is exchanged: whoever sits at this machine.
pub(crate) const USER: &str = "you@flaskscale.invalid";

/// The beginning of tokens that the local cloud gives out.
const PREFIX: &str = "local.";

/// Under which the store keeps the key that tokens are signed with.
const KEY: &str = "identity.key";

/// The block of SHA-256, in bytes.
const BLOCK: usize = 64;

/// Makes the key of a new state directory.
pub(crate) async fn prepare(store: &Store) -> Result<(), StoreError> {
    if store.kv(KEY).is_some() {
        return Ok(());
    }
    let key = BASE64.encode(rand::random::<[u8; 32]>());
    store.commit(vec![Write::kv(KEY, key)]).await
}

/// The token of a person or service account: its e-mail address, and the cloud's signature. It is
/// good as long as the state directory.
pub(crate) fn token(store: &Store, email: &str) -> String {
    let signature = BASE64.encode(signature(store, email));
    format!("{PREFIX}{}.{signature}", BASE64.encode(email))
}

/// The e-mail address of a caller with a token that this cloud has issued.
fn bearer(store: &Store, headers: &HeaderMap) -> Option<String> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let token = header.strip_prefix("Bearer ")?.strip_prefix(PREFIX)?;
    let (email, given) = token.split_once('.')?;
    let email = String::from_utf8(BASE64.decode(email).ok()?).ok()?;
    let given = BASE64.decode(given).ok()?;
    // Hashes are compared, so that the time it takes says nothing about the signature.
    let is_same = Sha256::digest(given) == Sha256::digest(signature(store, &email));
    (is_same && email.contains('@')).then_some(email)
}

fn signature(store: &Store, email: &str) -> [u8; 32] {
    let key = store.kv(KEY).and_then(|key| BASE64.decode(key).ok());
    hmac(&key.unwrap_or_default(), email.as_bytes())
}

/// HMAC-SHA256 (RFC 2104) with a key of at most one block.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; BLOCK];
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let inner = Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x36))
        .chain_update(message);
    let outer = Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x5c))
        .chain_update(inner.finalize());
    outer.finalize().into()
}

/// Whether somebody may do something with a resource, or with the project.
pub(crate) fn may(store: &Store, email: &str, permission: &str, holder: Option<&str>) -> bool {
    matches!(email, SOMEBODY | USER) || policy::grants(store, email, permission, holder)
}

/// The service account of an instance: its template's, or the project's default one.
pub(crate) fn service_account(project: &str, instance: Option<&Resource>) -> String {
    let given = instance
        .and_then(|instance| instance.field("serviceAccounts/0/email"))
        .and_then(Value::as_str)
        .filter(|email| *email != "default");
    given.map_or_else(
        || format!("default@{project}.iam.gserviceaccount.com"),
        str::to_owned,
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn a_signature_is_the_hmac_of_the_standard() {
        // RFC 4231, test case 2.
        let mut hex = String::new();
        for byte in hmac(b"Jefe", b"what do ya want for nothing?") {
            write!(hex, "{byte:02x}").unwrap();
        }
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex, expected);
    }

    #[tokio::test]
    async fn only_a_token_of_this_cloud_says_a_name() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), "p").unwrap();
        prepare(&store).await.unwrap();
        let named = |token: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(
                header::AUTHORIZATION,
                format!("Bearer {token}").parse().unwrap(),
            );
            bearer(&store, &headers)
        };
        let good = token(&store, "a@b");
        assert_eq!(named(&good).as_deref(), Some("a@b"));
        let (_, signature) = good.rsplit_once('.').unwrap();
        let forged = format!("{PREFIX}{}.{signature}", BASE64.encode("c@d"));
        for bad in [forged.as_str(), "ya29.google", "local.YUBi", "local.YUBi."] {
            assert_eq!(named(bad), None, "{bad}");
        }
    }
}
