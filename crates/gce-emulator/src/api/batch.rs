//! `POST /batch/compute/v1`: several calls in one, as `multipart/mixed`.
//!
//! Each part is a whole HTTP request; the answer has a part for each, under the same number, with a
//! status of its own. gcloud sends one as soon as a step needs two calls.

use std::fmt::Write;

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{BODY_LIMIT, Cloud, compute, fields};
use crate::error::ApiError;

/// How many calls one batch may hold: Google's limit.
const CALLS: usize = 1000;

/// How large an answer inside of a batch may be.
const ANSWER_LIMIT: usize = 64 << 20;

const BOUNDARY: &str = "batch_of_the_local_cloud";

pub(super) async fn batch(State(cloud): State<Cloud>, request: Request) -> Response {
    let caller = request.headers().get(header::AUTHORIZATION).cloned();
    let calls = match read(request).await {
        Ok(calls) => calls,
        Err(error) => return error.into_response(),
    };
    let mut answer = String::new();
    for (id, call) in calls {
        let response = match call {
            Ok(mut call) => {
                // A part that does not say who calls is the batch's caller.
                if let Some(caller) = &caller {
                    let headers = call.headers_mut();
                    headers
                        .entry(header::AUTHORIZATION)
                        .or_insert_with(|| caller.clone());
                }
                one(&cloud, call).await
            }
            Err(error) => error.into_response(),
        };
        write_part(&mut answer, &id, response).await;
    }
    _ = write!(answer, "--{BOUNDARY}--\r\n");
    let kind = format!("multipart/mixed; boundary={BOUNDARY}");
    ([(header::CONTENT_TYPE, kind)], answer).into_response()
}

async fn one(cloud: &Cloud, call: Request) -> Response {
    let asked = fields::asked(call.uri().query().unwrap_or_default());
    let response = compute(State(cloud.clone()), call).await;
    match asked {
        Some(asked) => fields::cut(response, &asked).await,
        None => response,
    }
}

type Part = (String, Result<Request, ApiError>);

async fn read(request: Request) -> Result<Vec<Part>, ApiError> {
    let (parts, body) = request.into_parts();
    let kind = parts.headers.get(header::CONTENT_TYPE);
    let boundary = kind.and_then(|kind| boundary(kind.to_str().ok()?));
    let boundary = boundary
        .ok_or_else(|| ApiError::bad_request("A batch must be multipart/mixed with a boundary."))?;
    let bytes = to_bytes(body, BODY_LIMIT).await;
    let bytes = bytes.map_err(|_| ApiError::too_large(BODY_LIMIT))?;
    let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
    let delimiter = format!("--{boundary}");
    let pieces = text.split(&delimiter).skip(1);
    let read: Vec<Part> = pieces
        .take_while(|piece| !piece.starts_with("--"))
        .map(|piece| part(piece.trim_start_matches('\n')))
        .collect();
    match read.len() {
        0 => Err(ApiError::bad_request("The batch holds no calls.")),
        count if count > CALLS => Err(ApiError::bad_request(format!(
            "A batch holds at most {CALLS} calls, not {count}."
        ))),
        _ => Ok(read),
    }
}

fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    let value = parameters
        .split(';')
        .find_map(|parameter| parameter.trim().strip_prefix("boundary="))?;
    let value = value.trim_matches('"');
    (kind.trim().eq_ignore_ascii_case("multipart/mixed") && !value.is_empty()).then_some(value)
}

/// The id of a part, and the request in it.
fn part(text: &str) -> Part {
    let (outer, inner) = text.split_once("\n\n").unwrap_or((text, ""));
    let id = headers(outer)
        .find(|(name, _)| name.eq_ignore_ascii_case("content-id"))
        .map_or("", |(_, value)| value);
    (id.trim_matches(['<', '>']).to_owned(), call(inner))
}

fn call(text: &str) -> Result<Request, ApiError> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
    let (line, rest) = head.split_once('\n').unwrap_or((head, ""));
    let mut words = line.split_whitespace();
    let (method, target) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let mut builder = Request::builder().method(method).uri(target);
    for (name, value) in headers(rest) {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            builder = builder.header(name, value);
        }
    }
    let call = builder.body(Body::from(body.trim_end().to_owned()));
    call.map_err(|_| ApiError::bad_request(format!("The part '{line}' is not an HTTP request.")))
}

fn headers(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.map(|(name, value)| (name.trim(), value.trim()))
}

/// Clients find their call by what follows the last `+` of the id, and split the status line in
/// three.
async fn write_part(answer: &mut String, id: &str, response: Response) {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, ANSWER_LIMIT).await.unwrap_or_default();
    let StatusLine { code, reason } = StatusLine::of(parts.status);
    _ = write!(
        answer,
        "--{BOUNDARY}\r\nContent-Type: application/http\r\nContent-ID: <response-{id}>\r\n\r\n\
         HTTP/1.1 {code} {reason}\r\nContent-Type: application/json; charset=UTF-8\r\n\
         Content-Length: {}\r\n\r\n{}\r\n",
        bytes.len(),
        String::from_utf8_lossy(&bytes),
    );
}

struct StatusLine {
    code: u16,
    reason: &'static str,
}

impl StatusLine {
    fn of(status: StatusCode) -> Self {
        Self {
            code: status.as_u16(),
            reason: status.canonical_reason().unwrap_or("Unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    #[test]
    fn a_boundary_may_be_quoted() {
        let quoted = r#"multipart/mixed; boundary="===12=="; charset=utf-8"#;
        assert_eq!(boundary(quoted), Some("===12=="));
        assert_eq!(boundary("multipart/mixed; boundary=b"), Some("b"));
        assert_eq!(boundary("application/json; boundary=b"), None);
        assert_eq!(boundary("multipart/mixed"), None);
    }

    #[test]
    fn a_part_is_a_request_under_a_number() {
        let (id, call) = part(
            "Content-Type: application/http\nContent-ID: <abc+7>\n\n\
             POST /compute/v1/projects/p/global/x?alt=json HTTP/1.1\nHost: h\n\n{\"a\":1}\n\n",
        );
        let call = call.unwrap();
        assert_eq!(id, "abc+7");
        assert_eq!(call.method(), "POST");
        assert_eq!(call.uri().query(), Some("alt=json"));
        assert_eq!(call.headers()["host"], "h");
        assert!(part("Content-ID: <1>\n\n").1.is_err());
    }
}
