//! The token endpoint of OAuth 2.0: a credentials file whose `token_uri` points here gets a token
//! that says who asks.
//!
//! A service account's assertion is believed unverified. The local cloud does not know its key, and
//! whoever can reach it may call it anyway.

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{Cloud, query_map};
use crate::identity;

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// How long a token is said to be good.
const SECONDS: u32 = 3599;

/// A form is small.
const FORM_LIMIT: usize = 64 << 10;

pub(super) async fn token(State(cloud): State<Cloud>, body: Body) -> Response {
    let form = to_bytes(body, FORM_LIMIT).await.unwrap_or_default();
    let form = query_map(&String::from_utf8_lossy(&form));
    let text = |name: &str| form.get(name).map_or("", String::as_str);
    let (email, scope) = match text("grant_type") {
        "refresh_token" if !text("refresh_token").is_empty() => {
            (identity::USER.to_owned(), text("scope").to_owned())
        }
        "refresh_token" => return refusal("invalid_request", "refresh_token is missing"),
        JWT_BEARER => match claims(text("assertion")) {
            Some((email, scope)) => (email, scope),
            None => {
                return refusal(
                    "invalid_grant",
                    "Invalid JWT: no issuer can be read from it",
                );
            }
        },
        other => {
            let why = format!("Invalid grant_type: {other}");
            return refusal("unsupported_grant_type", &why);
        }
    };
    let mut answer = json!({
        "access_token": identity::token(cloud.store(), &email),
        "expires_in": SECONDS,
        "token_type": "Bearer",
    });
    if !scope.is_empty() {
        answer["scope"] = json!(scope);
    }
    Json(answer).into_response()
}

/// Issuer and scopes of an assertion.
fn claims(assertion: &str) -> Option<(String, String)> {
    let payload = assertion.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    let issuer = claims["iss"].as_str().filter(|email| email.contains('@'))?;
    let scope = claims["scope"].as_str().unwrap_or_default();
    Some((issuer.to_owned(), scope.to_owned()))
}

/// OAuth has a shape of its own for refusals.
fn refusal(error: &str, description: &str) -> Response {
    let body = json!({"error": error, "error_description": description});
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}
