//! Partial answers: `fields=items(name,status/isStable),nextPageToken`.
//!
//! ```text
//! selection = item { "," item }
//! item      = name { "/" name } [ "(" selection ")" ]
//! name      = letters, digits, dashes, dots | "*"
//! ```

use std::collections::BTreeMap;

use axum::{
    Json,
    body::to_bytes,
    extract::Request,
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::query;
use crate::error::ApiError;

/// The largest answer that is cut down: five hundred of the largest resources are far smaller.
const ANSWER_LIMIT: usize = 64 << 20;

/// How deep a selection may nest.
const DEPTH: usize = 32;

/// The parts of an object that are wanted. Empty: all of it.
#[derive(Debug, Default, PartialEq)]
struct Selection(BTreeMap<String, Self>);

/// Cuts an answer down to the fields that its call asks for.
pub(super) async fn partial(request: Request, next: Next) -> Response {
    let asked = asked(request.uri().query().unwrap_or_default());
    let response = next.run(request).await;
    match asked {
        Some(asked) => cut(response, &asked).await,
        None => response,
    }
}

/// The value of `fields` in a query.
pub(super) fn asked(text: &str) -> Option<String> {
    let pairs = query(text).into_iter();
    let mut asked = pairs.filter(|(name, text)| name == "fields" && !text.is_empty());
    asked.next().map(|(_, text)| text)
}

/// The wanted part of a good answer; a refusal is given whole.
pub(super) async fn cut(response: Response, asked: &str) -> Response {
    if response.status() != StatusCode::OK {
        return response;
    }
    let Some(selection) = Selection::parse(asked) else {
        return ApiError::invalid_parameter("fields", &format!("Invalid field selection {asked}"))
            .into_response();
    };
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, ANSWER_LIMIT).await.unwrap_or_default();
    match serde_json::from_slice(&bytes) {
        Ok(value) => Json(selection.of(value)).into_response(),
        Err(_) => Response::from_parts(parts, bytes.into()),
    }
}

impl Selection {
    fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let selection = Self::list(&mut rest, 0)?;
        rest.is_empty().then_some(selection)
    }

    fn list(rest: &mut &str, depth: usize) -> Option<Self> {
        let mut selection = Self::default();
        loop {
            selection.item(rest, depth)?;
            match rest.strip_prefix(',') {
                Some(more) => *rest = more,
                None => return Some(selection),
            }
        }
    }

    fn item(&mut self, rest: &mut &str, depth: usize) -> Option<()> {
        if depth > DEPTH {
            return None;
        }
        let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '*');
        let end = rest.find(|c: char| !inner(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        *rest = after;
        if name.is_empty() {
            return None;
        }
        if let Some(below) = rest.strip_prefix('/') {
            *rest = below;
            return self
                .0
                .entry(name.to_owned())
                .or_default()
                .item(rest, depth + 1);
        }
        let below = match rest.strip_prefix('(') {
            None => Self::default(),
            Some(inside) => {
                *rest = inside;
                let below = Self::list(rest, depth + 1)?;
                *rest = rest.strip_prefix(')')?;
                below
            }
        };
        self.0.entry(name.to_owned()).or_default().0.extend(below.0);
        Some(())
    }

    /// The selected part of a value; lists are looked into.
    fn of(&self, value: Value) -> Value {
        match value {
            Value::Array(elements) => elements.into_iter().map(|value| self.of(value)).collect(),
            Value::Object(fields) if !self.0.is_empty() => fields
                .into_iter()
                .filter_map(|(name, value)| {
                    let below = self.0.get(&name).or_else(|| self.0.get("*"))?;
                    Some((name, below.of(value)))
                })
                .collect(),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
    use serde_json::json;

    use super::*;

    fn selected(fields: &str) -> Value {
        let answer = json!({
            "kind": "list",
            "items": [{"name": "a", "status": {"x": 1, "y": 2}}, {"name": "b"}],
            "nextPageToken": "t",
        });
        Selection::parse(fields).unwrap().of(answer)
    }

    #[test]
    fn names_paths_and_brackets_select() {
        assert_eq!(selected("nextPageToken"), json!({"nextPageToken": "t"}));
        assert_eq!(
            selected("items(name,status/x),kind"),
            json!({"kind": "list", "items": [{"name": "a", "status": {"x": 1}}, {"name": "b"}]})
        );
        assert_eq!(
            selected("items/status/*"),
            json!({"items": [{"status": {"x": 1, "y": 2}}, {}]})
        );
        assert_eq!(selected("missing"), json!({}));
        assert_eq!(selected("*")["nextPageToken"], "t");
    }

    #[test]
    fn what_is_no_selection_is_refused() {
        for text in [
            "items(",
            "items)",
            "a,,b",
            "/a",
            "a/",
            "a b",
            &"a/".repeat(40),
        ] {
            assert_eq!(Selection::parse(text), None, "{text}");
        }
    }
}
