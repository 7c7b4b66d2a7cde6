//! Who calls. The local cloud is open to everybody on the machine; a token only says a name.

use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::Value;

use crate::resource::Resource;

/// What the audit log calls somebody who shows no token of ours.
const SOMEBODY: &str = "local@flaskscale.invalid";

/// The person whose refresh token is exchanged: whoever sits at this machine.
pub(crate) const USER: &str = "you@flaskscale.invalid";

/// The beginning of tokens that the local cloud gives out.
const PREFIX: &str = "local.";

/// The token of a service account: its e-mail address, readable by whoever gets it.
pub(crate) fn token(email: &str) -> String {
    format!("{PREFIX}{}", BASE64.encode(email))
}

/// The e-mail address of the caller.
pub(crate) fn principal(headers: &HeaderMap) -> String {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let email = bearer
        .and_then(|token| BASE64.decode(token.strip_prefix(PREFIX)?).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    email
        .filter(|email| email.contains('@'))
        .unwrap_or_else(|| SOMEBODY.to_owned())
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
