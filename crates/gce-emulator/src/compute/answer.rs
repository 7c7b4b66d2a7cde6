//! What a call of Compute is answered with.

use axum::{
    Json,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::Value;

/// How large a list is expected to be. A buffer that grows from nothing copies what it holds every
/// time it doubles.
const EXPECTED: usize = 64 << 10;

/// An answer's JSON. A list is written from where its resources are stored, since a tree of a
/// thousand of them would only be made to be written and dropped.
#[derive(Debug)]
pub(crate) enum Answer {
    Value(Value),
    Text(Vec<u8>),
}

impl Answer {
    /// Writes what borrows from the store.
    pub(super) fn of(shown: &impl Serialize) -> serde_json::Result<Self> {
        let mut text = Vec::with_capacity(EXPECTED);
        serde_json::to_writer(&mut text, shown)?;
        Ok(Self::Text(text))
    }
}

impl From<Value> for Answer {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self {
            Self::Value(value) => Json(value).into_response(),
            Self::Text(text) => {
                let json = HeaderValue::from_static("application/json");
                ([(header::CONTENT_TYPE, json)], text).into_response()
            }
        }
    }
}
