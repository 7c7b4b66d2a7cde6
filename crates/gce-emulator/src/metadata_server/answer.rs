//! One answer: a value, a directory, or the wait for a change.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::tree::Subject;
use crate::api::query_map;

/// The header that a caller must send, so that no web page can: and that every answer bears.
const FLAVOR: &str = "Metadata-Flavor";

/// What holds a connection must end at some time, also if nothing ever changes.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

pub(super) async fn answer(subject: &Subject, uri: &Uri, headers: &HeaderMap) -> Response {
    if let Some(refusal) = refuse(headers) {
        return refusal;
    }
    let query = query_map(uri.query().unwrap_or_default());
    let path = uri.path();
    let mut found = match find(subject, path, &query) {
        Found::Here(content) => content,
        Found::Answer(response) => return response,
    };
    if query
        .get("wait_for_change")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    {
        let asked = query
            .get("last_etag")
            .map_or(found.etag.as_str(), String::as_str)
            .to_owned();
        let mut changes = subject.changes();
        let wait = async {
            while found.etag == asked && changes.changed().await.is_ok() {
                match find(subject, path, &query) {
                    Found::Here(content) => found = content,
                    Found::Answer(response) => return Some(response),
                }
            }
            None
        };
        let limit = query
            .get("timeout_sec")
            .and_then(|seconds| seconds.parse().ok());
        let limit = limit.map_or(LONGEST_WAIT, Duration::from_secs);
        if let Ok(Some(gone)) = tokio::time::timeout(limit, wait).await {
            return gone;
        }
    }
    found.into_response()
}

/// Without its header a request may come from a web page or through a proxy.
fn refuse(headers: &HeaderMap) -> Option<Response> {
    let asked = headers.get(FLAVOR).is_some_and(|value| value == "Google");
    if asked && !headers.contains_key("x-forwarded-for") {
        return None;
    }
    let body = "Missing Metadata-Flavor:Google header, or the request was forwarded.\n";
    Some(flavored((StatusCode::FORBIDDEN, body)))
}

/// Text with the header that says who we are.
pub(super) fn text(body: String) -> Response {
    flavored((
        [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/text"),
        )],
        body,
    ))
}

fn flavored(response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    let headers = response.headers_mut();
    headers.insert(FLAVOR, HeaderValue::from_static("Google"));
    headers.insert(
        header::SERVER,
        HeaderValue::from_static("Metadata Server for VM"),
    );
    response
}

/// What an answer says, and the tag that changes with it.
struct Content {
    body: String,
    json: bool,
    etag: String,
}

impl IntoResponse for Content {
    fn into_response(self) -> Response {
        let kind = if self.json {
            "application/json"
        } else {
            "application/text"
        };
        let mut response = flavored(([(header::CONTENT_TYPE, kind)], self.body));
        if let Ok(etag) = HeaderValue::from_str(&self.etag) {
            response.headers_mut().insert(header::ETAG, etag);
        }
        response
    }
}

enum Found {
    Here(Content),
    Answer(Response),
}

fn find(subject: &Subject, path: &str, query: &HashMap<String, String>) -> Found {
    let tree = json!({"v1": subject.tree()});
    let below = path
        .trim_start_matches('/')
        .strip_prefix("computeMetadata")
        .unwrap_or_default();
    let mut value = &tree;
    for segment in below.split('/').filter(|segment| !segment.is_empty()) {
        let next = match value {
            Value::Object(fields) => fields.get(segment),
            Value::Array(elements) => segment.parse().ok().and_then(|at: usize| elements.get(at)),
            _ => None,
        };
        match next {
            Some(next) => value = next,
            None => return Found::Answer(flavored((StatusCode::NOT_FOUND, "Not Found\n"))),
        }
    }
    let recursive = query
        .get("recursive")
        .is_some_and(|flag| flag.eq_ignore_ascii_case("true"));
    let alt = query.get("alt").map(String::as_str);
    if is_directory(value, path) && !recursive && !path.ends_with('/') {
        let to = format!("{path}/");
        return Found::Answer(flavored((
            StatusCode::MOVED_PERMANENTLY,
            [(header::LOCATION, to)],
        )));
    }
    let (body, json) = render(value, path, recursive, alt);
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    Found::Here(Content {
        body,
        json,
        etag: format!("{:016x}", hasher.finish()),
    })
}

/// A token is an object, and yet a value.
fn is_directory(value: &Value, path: &str) -> bool {
    value.is_object() && !path.ends_with("/token")
}

fn render(value: &Value, path: &str, recursive: bool, alt: Option<&str>) -> (String, bool) {
    match value {
        Value::Object(fields) if is_directory(value, path) && !recursive => {
            (listing(fields), false)
        }
        Value::Object(_) if !is_directory(value, path) => (value.to_string(), true),
        Value::Object(_) if alt == Some("text") => (flat(value, ""), false),
        Value::Object(_) => (camel(value, path.contains("/attributes")).to_string(), true),
        _ if alt == Some("json") || (recursive && alt != Some("text")) => (value.to_string(), true),
        Value::Array(elements) => (
            elements
                .iter()
                .map(|element| plain(element) + "\n")
                .collect(),
            false,
        ),
        other => (plain(other), false),
    }
}

fn listing(fields: &Map<String, Value>) -> String {
    let line = |(name, value): (&String, &Value)| {
        let slash = if value.is_object() && name != "token" {
            "/"
        } else {
            ""
        };
        format!("{name}{slash}\n")
    };
    fields.iter().map(line).collect()
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Every value on a line of its own, behind its path.
fn flat(value: &Value, path: &str) -> String {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| {
                flat(
                    value,
                    &if path.is_empty() {
                        name.clone()
                    } else {
                        format!("{path}/{name}")
                    },
                )
            })
            .collect(),
        other => format!("{path} {}\n", plain(other)),
    }
}

/// JSON names what paths write with dashes in camel case; the keys of attributes are the owner's.
/// Tokens are not part of a recursive answer.
fn camel(value: &Value, verbatim: bool) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| verbatim || *name != "token")
            .map(|(name, value)| {
                let inner = camel(value, verbatim || name == "attributes");
                (
                    if verbatim {
                        name.clone()
                    } else {
                        camel_name(name)
                    },
                    inner,
                )
            })
            .collect(),
        other => other.clone(),
    }
}

fn camel_name(name: &str) -> String {
    let mut parts = name.split('-');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| {
        let mut letters = part.chars();
        let head = letters.next().map(|letter| letter.to_ascii_uppercase());
        name + &head.into_iter().chain(letters).collect::<String>()
    })
}
