use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::token::TokenError;

/// Why a request, or the operation it started, did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Google answered, and said no.
    #[error("{0}")]
    Api(Box<ApiError>),
    /// An operation that Google had accepted failed afterwards.
    #[error("{0}")]
    Operation(Box<OperationError>),
    /// There is no access token.
    #[error("cannot authenticate")]
    Token(#[from] TokenError),
    /// Nobody answered, or the answer broke off.
    #[error("{request} got no answer")]
    Transport {
        /// Method and URL.
        request: String,
        /// What went wrong underneath.
        #[source]
        source: reqwest::Error,
    },
    /// The answer is not what this API answers.
    #[error("{request} got an answer that cannot be read")]
    Decode {
        /// Method and URL.
        request: String,
        /// Where the JSON is not as expected.
        #[source]
        source: serde_json::Error,
    },
    /// An operation was not done in time; it may still succeed.
    #[error("operation {name} was not done after {} s", waited.as_secs())]
    OperationTimeout {
        /// The operation's name.
        name: String,
        /// How long we waited.
        waited: Duration,
    },
    /// What Google sent is not what it had: its checksum is another one.
    #[error("{name} was damaged on its way")]
    Damaged {
        /// The name of what was read.
        name: String,
    },
    /// The HTTP client could not be built, which means that no root certificates were found.
    #[error("cannot set up HTTPS")]
    Setup(#[source] reqwest::Error),
}

impl Error {
    /// Google's error, if this is one.
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Api(error) => Some(error),
            _ => None,
        }
    }

    /// The HTTP status that says it: also that of an operation that failed.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Api(error) => Some(error.code),
            Self::Operation(error) => error.http_status,
            _ => None,
        }
    }

    /// There is no such resource.
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }

    /// The resource exists already, or has changed since it was read.
    pub fn is_conflict(&self) -> bool {
        matches!(self.status(), Some(409 | 412))
    }

    /// Too many requests for now: Google says 429, or 403 for a per-minute quota of Compute.
    pub fn is_rate_limited(&self) -> bool {
        self.api().is_some_and(ApiError::is_rate_limited)
    }

    /// The API that the project has not enabled, if that is why: `dns.googleapis.com`.
    ///
    /// A person's credentials without a project of their own get the same refusal about a project of
    /// Google's; [`Client::naming_project`](crate::Client::naming_project) prevents it.
    pub fn disabled_service(&self) -> Option<&str> {
        self.api()?.info("SERVICE_DISABLED")?["service"].as_str()
    }

    /// The permission that the caller lacks, if that is why: `compute.autoscalers.update`.
    ///
    /// `None` too where Google refuses and names none, as Logging does.
    pub fn missing_permission(&self) -> Option<&str> {
        let api = self.api()?;
        if api.code != 403 || api.is_rate_limited() {
            return None;
        }
        let named = api.info("IAM_PERMISSION_DENIED");
        named
            .and_then(|info| info["permission"].as_str())
            .or_else(|| permission_in(&api.message))
    }

    /// Whether nobody pays for the project.
    pub fn is_billing_disabled(&self) -> bool {
        let api = self.api();
        api.is_some_and(|error| error.info("BILLING_DISABLED").is_some())
    }

    /// Whether the same request may succeed a little later.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Api(error) => error.retryable(),
            Self::Transport { source, .. } => !source.is_builder(),
            _ => false,
        }
    }
}

/// Google's error body, in the shape of Compute or in that of google.rpc.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiError {
    /// The HTTP status.
    pub code: u16,
    /// Google's sentence, unchanged.
    pub message: String,
    /// `INVALID_ARGUMENT` and the like; Compute mostly leaves it out.
    pub status: Option<String>,
    /// Compute's list; empty in the shape of google.rpc.
    pub errors: Vec<ErrorItem>,
    /// google.rpc details, unchanged.
    pub details: Vec<Value>,
    /// `Retry-After`, if it was sent.
    pub retry_after: Option<Duration>,
}

/// One of the errors in Compute's list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ErrorItem {
    /// `notFound`, `conditionNotMet`, …
    pub reason: String,
    /// Google's sentence.
    pub message: String,
    /// Mostly `global`.
    pub domain: String,
    /// What it is about, for example `If-Match`.
    pub location: Option<String>,
}

#[derive(Deserialize)]
struct Envelope {
    error: Body,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Body {
    message: String,
    status: Option<String>,
    errors: Vec<ErrorItem>,
    details: Vec<Value>,
}

impl ApiError {
    /// Reads an error answer. A body that is not Google's, such as a proxy's page, becomes the message.
    pub(crate) fn read(code: u16, body: &[u8], retry_after: Option<Duration>) -> Self {
        match serde_json::from_slice::<Envelope>(body) {
            Ok(Envelope { error }) => Self {
                code,
                message: error.message,
                status: error.status,
                errors: error.errors,
                details: error.details,
                retry_after,
            },
            Err(_) => Self {
                code,
                message: excerpt(body),
                retry_after,
                ..Self::default()
            },
        }
    }

    /// Google's machine-readable word for it: `notFound`, or `NOT_FOUND` in the google.rpc shape.
    pub fn reason(&self) -> Option<&str> {
        let listed = self.errors.first().map(|error| error.reason.as_str());
        listed
            .filter(|reason| !reason.is_empty())
            .or(self.status.as_deref())
    }

    /// The metadata of a `google.rpc.ErrorInfo` with this reason.
    fn info(&self, reason: &str) -> Option<&Value> {
        let found = self.details.iter().find(|info| info["reason"] == reason);
        found.map(|info| &info["metadata"])
    }

    fn is_rate_limited(&self) -> bool {
        match self.code {
            429 => true,
            403 => {
                let reason = self.reason().unwrap_or_default();
                reason == "rateLimitExceeded" || self.is_per_minute_quota()
            }
            _ => false,
        }
    }

    /// Compute reports an exhausted per-minute quota as 403, with no reason of its own: only the text
    /// tells it from a permission that is missing for good.
    fn is_per_minute_quota(&self) -> bool {
        self.message.contains("Quota exceeded") && self.message.contains("per minute")
    }

    fn retryable(&self) -> bool {
        matches!(self.code, 500 | 502 | 503 | 504) || self.is_rate_limited()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message.as_str() {
            "" => write!(f, "Google answered {}", self.code),
            message => write!(f, "{message} ({})", self.code),
        }
    }
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        Self::Api(Box::new(error))
    }
}

/// Why an operation failed, from its `error.errors`.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationError {
    /// The operation's name.
    pub name: String,
    /// The HTTP status that the request would have got, had Google known it at once.
    pub http_status: Option<u16>,
    /// Code and sentence of each error, such as `QUOTA_EXCEEDED`.
    pub errors: Vec<(String, String)>,
}

impl fmt::Display for OperationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "operation {} failed", self.name)?;
        for (code, message) in &self.errors {
            write!(f, ": {message} ({code})")?;
        }
        Ok(())
    }
}

/// The permission in `Required 'P' permission for 'R'`, as Compute has it, and in `Permission P denied
/// on resource`, as the other APIs have it, with or without quotes.
fn permission_in(message: &str) -> Option<&str> {
    let after = |word: &str| Some(message.split_once(word)?.1);
    let rest = after("Required ").or_else(|| after("Permission "))?;
    let word = rest.split_whitespace().next()?.trim_matches(['\'', '"']);
    // `service.resource.verb`: anything else is an ordinary word of the sentence.
    (word.split('.').filter(|part| !part.is_empty()).count() >= 3).then_some(word)
}

/// Enough of a foreign body to recognise it by, on one line.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPUTE: &str = r#"{"error":{"code":404,"message":"The resource 'projects/p/zones/z/instanceGroupManagers/m' was not found",
        "errors":[{"message":"The resource 'projects/p/zones/z/instanceGroupManagers/m' was not found","domain":"global","reason":"notFound"}]}}"#;
    const RPC: &str = r#"{"error":{"code":400,"message":"Field filter had an invalid value.","status":"INVALID_ARGUMENT",
        "details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo"}]}}"#;
    const QUOTA: &str = r#"{"error":{"code":403,"message":"Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service 'compute.googleapis.com' for consumer 'project_number:1'.",
        "errors":[{"message":"","domain":"usageLimits","reason":"forbidden"}]}}"#;
    const FORBIDDEN: &str = r#"{"error":{"code":403,"message":"Required 'compute.autoscalers.update' permission","errors":[{"reason":"forbidden"}]}}"#;

    fn read(code: u16, body: &str) -> Error {
        ApiError::read(code, body.as_bytes(), None).into()
    }

    #[test]
    fn the_compute_shape_keeps_googles_words() {
        let error = read(404, COMPUTE);
        assert!(error.is_not_found());
        assert_eq!(error.api().and_then(ApiError::reason), Some("notFound"));
        assert!(error.to_string().starts_with("The resource 'projects/p/"));
    }

    #[test]
    fn the_rpc_shape_keeps_googles_words() {
        let error = read(400, RPC);
        assert_eq!(
            error.api().and_then(ApiError::reason),
            Some("INVALID_ARGUMENT")
        );
        assert_eq!(
            error.to_string(),
            "Field filter had an invalid value. (400)"
        );
        assert_eq!(error.api().map(|error| error.details.len()), Some(1));
    }

    #[test]
    fn a_per_minute_quota_is_worth_another_try_and_a_missing_permission_is_not() {
        assert!(read(403, QUOTA).retryable());
        assert!(read(403, QUOTA).is_rate_limited());
        assert!(!read(403, FORBIDDEN).retryable());
    }

    #[test]
    fn a_missing_permission_is_known_by_its_name() {
        let message = |text: &str| format!(r#"{{"error":{{"code":403,"message":"{text}"}}}}"#);
        let details = r#"{"error":{"code":403,"message":"No.","details":[{"reason":"IAM_PERMISSION_DENIED",
            "metadata":{"permission":"secretmanager.versions.access"}}]}}"#;
        for (body, expected) in [
            (FORBIDDEN.to_owned(), Some("compute.autoscalers.update")),
            (
                message(
                    "Permission monitoring.timeSeries.list denied (or the resource may not exist).",
                ),
                Some("monitoring.timeSeries.list"),
            ),
            (
                message(
                    "Permission 'logging.logEntries.list' denied on resource (or it may not exist).",
                ),
                Some("logging.logEntries.list"),
            ),
            (details.to_owned(), Some("secretmanager.versions.access")),
            (message("Permission denied for all log views"), None),
            (QUOTA.to_owned(), None),
        ] {
            assert_eq!(read(403, &body).missing_permission(), expected, "{body}");
        }
    }

    #[test]
    fn what_is_retryable_follows_from_the_status() {
        for (code, expected) in [
            (400, false),
            (401, false),
            (404, false),
            (409, false),
            (412, false),
            (429, true),
            (500, true),
            (501, false),
            (502, true),
            (503, true),
            (504, true),
        ] {
            assert_eq!(read(code, "{}").retryable(), expected, "{code}");
        }
    }

    #[test]
    fn a_foreign_body_becomes_the_message() {
        let error = read(502, "<html>\n  <title>Bad gateway</title>");
        assert_eq!(error.to_string(), "<html> <title>Bad gateway</title> (502)");
        assert_eq!(read(503, "").to_string(), "Google answered 503");
    }
}
