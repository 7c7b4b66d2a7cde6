//! One call as the engine sees it.

use std::{collections::HashMap, str::FromStr};

use serde_json::{Map, Value};

use crate::{
    error::ApiError,
    resource::{Key, Kind, Scope},
};

/// What a caller asked, apart from the resource.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    /// `v1`, `beta` or `alpha`, as the path had it: the audit log repeats it.
    pub(crate) version: String,
    pub(crate) query: HashMap<String, String>,
    pub(crate) body: Map<String, Value>,
    /// Who calls: an e-mail address.
    pub(crate) principal: String,
    pub(crate) user_agent: String,
}

impl Call {
    /// A query parameter that is there and not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.query
            .get(name)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    }

    /// A query parameter of another type; 400 if it does not read as one.
    pub(crate) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let wrong = |_| ApiError::invalid(name, text, "It must be a number in the allowed range.");
        text.parse().map(Some).map_err(wrong)
    }

    /// The instances that a verb's body lists as URLs; a bare name is one in the scope.
    pub(crate) fn instances(&self, scope: &Scope) -> Result<Vec<Key>, ApiError> {
        let urls = self.body.get("instances").and_then(Value::as_array);
        let urls = urls.ok_or_else(|| ApiError::required("instances"))?;
        let key = |url: &Value| {
            let text = url.as_str().unwrap_or_default();
            super::references::resolve(Kind::Instance, scope, text)
                .filter(|key| matches!(key.scope, Scope::Zone(_)))
                .ok_or_else(|| ApiError::invalid("instances", text, "The URL is malformed."))
        };
        urls.iter().map(key).collect()
    }

    /// The UUID by which a repeated call is known.
    pub(crate) fn request_id(&self) -> Result<Option<String>, ApiError> {
        let Some(text) = self.text("requestId") else {
            return Ok(None);
        };
        match uuid::Uuid::parse_str(text) {
            Ok(id) if !id.is_nil() => Ok(Some(id.to_string())),
            _ => Err(ApiError::invalid(
                "requestId",
                text,
                "It must be a UUID that is not zero.",
            )),
        }
    }
}
