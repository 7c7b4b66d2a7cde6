//! Refusals in Google's words.
//!
//! Compute and DNS answer in the older shape with `errors[].reason`, all others in that of
//! `google.rpc.Status`. One error carries enough for both.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::{resource::PROJECT_NUMBER, store::StoreError};

/// Why a call was refused. Its `Display` is the message that the caller sees.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", self.first().message)]
pub struct ApiError {
    status: StatusCode,
    /// Never empty. Several only where several fields of one body are wrong.
    items: Vec<Item>,
    rpc: bool,
    /// The name of `google.rpc.Code`, where the status alone does not say it.
    word: Option<&'static str>,
    /// Machine-readable parts, in Google's shapes.
    details: Vec<Value>,
}

#[derive(Clone, Debug, Default)]
struct Item {
    reason: &'static str,
    message: String,
    /// The header or field to blame.
    location: Option<String>,
}

impl ApiError {
    fn new(status: StatusCode, reason: &'static str, message: impl Into<String>) -> Self {
        let item = Item {
            reason,
            message: message.into(),
            location: None,
        };
        Self {
            status,
            items: vec![item],
            rpc: false,
            word: None,
            details: Vec::new(),
        }
    }

    /// 404 for the path of a resource: `projects/P/zones/Z/instances/N`.
    pub fn not_found(path: &str) -> Self {
        let message = format!("The resource '{path}' was not found");
        Self::new(StatusCode::NOT_FOUND, "notFound", message)
    }

    /// 404 in the words of an API that has others than Compute.
    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "notFound", message)
    }

    /// 409 in the words of an API that has others than Compute.
    pub fn exists(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "alreadyExists", message)
    }

    /// 409: somebody else's write came between a read and this one.
    pub fn aborted(message: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::CONFLICT, "aborted", message);
        error.with_word("ABORTED")
    }

    /// 400: the state forbids it, whatever is asked.
    pub fn failed_precondition(message: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::BAD_REQUEST, "failedPrecondition", message);
        error.with_word("FAILED_PRECONDITION")
    }

    /// 403 for an API that the project has not enabled, or that it enabled a moment ago.
    /// `service` is its host, `title` its name.
    pub fn service_disabled(service: &str, title: &str) -> Self {
        let url = format!(
            "https://console.developers.google.com/apis/api/{service}/overview?project={PROJECT_NUMBER}"
        );
        let message = format!(
            "{title} has not been used in project {PROJECT_NUMBER} before or it is disabled. Enable it \
             by visiting {url} then retry. If you enabled this API recently, wait a few minutes for \
             the action to propagate to our systems and retry."
        );
        let error = Self::new(StatusCode::FORBIDDEN, "accessNotConfigured", message);
        error.with_info("SERVICE_DISABLED", service)
    }

    /// 403 for a project that nobody pays for.
    pub fn billing_disabled(service: &str) -> Self {
        let message = format!(
            "This API method requires billing to be enabled. Please enable billing on project \
             #{PROJECT_NUMBER} then retry."
        );
        let error = Self::new(StatusCode::FORBIDDEN, "billingDisabled", message);
        error.with_info("BILLING_DISABLED", service)
    }

    fn with_word(mut self, word: &'static str) -> Self {
        self.word = Some(word);
        self
    }

    /// `google.rpc.ErrorInfo`: why, and of which API.
    fn with_info(mut self, reason: &str, service: &str) -> Self {
        let consumer = format!("projects/{PROJECT_NUMBER}");
        self.details = vec![json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": reason, "domain": "googleapis.com",
            "metadata": {"service": service, "consumer": consumer},
        })];
        self
    }

    /// 405 for a path that exists and is not asked with this method.
    pub fn method_not_allowed(method: &str, path: &str) -> Self {
        let message = format!("The path '{path}' does not take the method {method}.");
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "httpMethodNotAllowed",
            message,
        )
    }

    /// 409 for the path of a resource that exists already.
    pub fn already_exists(path: &str) -> Self {
        let message = format!("The resource '{path}' already exists");
        Self::new(StatusCode::CONFLICT, "alreadyExists", message)
    }

    /// 400 for a field that must be there.
    pub fn required(field: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "required",
            format!("Required field '{field}' not specified"),
        )
    }

    /// 400 for a value that cannot be. `why` is a sentence.
    pub fn invalid(field: &str, value: &str, why: &str) -> Self {
        Self::bad_request(format!(
            "Invalid value for field '{field}': '{value}'. {why}"
        ))
    }

    /// 400 for a query parameter that no call could have.
    pub fn invalid_parameter(name: &str, message: &str) -> Self {
        let mut error = Self::new(StatusCode::BAD_REQUEST, "invalidParameter", message);
        for item in &mut error.items {
            item.location = Some(name.to_owned());
        }
        error
    }

    /// 400 with a message of its own.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", message)
    }

    /// 400 for a certificate that no handshake could be made with.
    pub fn unusable_certificate(reason: &'static str, message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason, message)
    }

    /// 400 for a body that is no JSON.
    pub fn parse_error(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "parseError", message)
    }

    /// 413 for a body of more than `limit` bytes.
    pub fn too_large(limit: usize) -> Self {
        let message = format!("The request is larger than {limit} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "uploadTooLarge", message)
    }

    /// 400 for several wrong fields at once: pairs of field and message.
    pub fn invalid_fields(fields: impl IntoIterator<Item = (String, String)>) -> Self {
        let item = |(field, message)| Item {
            reason: "invalid",
            message,
            location: Some(field),
        };
        let items: Vec<Item> = fields.into_iter().map(item).collect();
        if items.is_empty() {
            return Self::bad_request("The request is invalid");
        }
        Self {
            status: StatusCode::BAD_REQUEST,
            items,
            rpc: false,
            word: None,
            details: Vec::new(),
        }
    }

    /// 400 for a resource that another one needs. `noun` is Google's, for example `health_check`.
    pub fn in_use(noun: &str, path: &str, user: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "resourceInUseByAnotherResource",
            format!("The {noun} resource '{path}' is already being used by '{user}'"),
        )
    }

    /// 412: somebody else was faster, or the state forbids it.
    pub fn condition_not_met(message: impl Into<String>) -> Self {
        let mut error = Self::new(StatusCode::PRECONDITION_FAILED, "conditionNotMet", message);
        for item in &mut error.items {
            item.location = Some("If-Match".into());
        }
        error
    }

    /// 403: there is no more of what the project may have.
    pub fn quota(metric: &str, limit: &str) -> Self {
        let message = format!("Quota '{metric}' exceeded. Limit: {limit}.0 globally.");
        Self::new(StatusCode::FORBIDDEN, "quotaExceeded", message)
    }

    /// 403: the caller may not, whatever it asks.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 401: without a token, or with one that is not good.
    pub fn unauthenticated(has_token: bool) -> Self {
        let (beginning, reason) = if has_token {
            (
                "Request had invalid authentication credentials.",
                "authError",
            )
        } else {
            (
                "Request is missing required authentication credential.",
                "required",
            )
        };
        let message = format!(
            "{beginning} Expected OAuth 2 access token, login cookie or other valid authentication \
             credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
        );
        let mut error = Self::new(StatusCode::UNAUTHORIZED, reason, message);
        for item in &mut error.items {
            item.location = Some("Authorization".into());
        }
        error
    }

    /// 429
    pub fn too_many_requests() -> Self {
        let message = "Rate Limit Exceeded";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rateLimitExceeded", message)
    }

    /// 403 as Google's quotas per minute have it: worth another try.
    pub fn quota_per_minute() -> Self {
        let message = "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of \
                       service 'compute.googleapis.com' for consumer 'project_number:104857600001'.";
        Self::new(StatusCode::FORBIDDEN, "rateLimitExceeded", message)
    }

    /// 500
    pub fn internal() -> Self {
        let message = "Internal error. Please try again or contact Google Support.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "backendError", message)
    }

    /// 503
    pub fn unavailable() -> Self {
        let message = "The service is currently unavailable.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "backendError", message)
    }

    /// 504
    pub fn deadline_exceeded() -> Self {
        let message = "Deadline expired before operation could complete.";
        Self::new(StatusCode::GATEWAY_TIMEOUT, "backendError", message)
    }

    /// 501 for what Google has and this cloud has not.
    pub fn not_emulated(what: &str) -> Self {
        let message = format!("{what} is not emulated by the local cloud");
        Self::new(StatusCode::NOT_IMPLEMENTED, "notImplemented", message)
    }

    /// The same error in the shape of Monitoring and Logging.
    #[must_use]
    pub fn rpc(mut self) -> Self {
        self.rpc = true;
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    fn first(&self) -> &Item {
        static NONE: Item = Item {
            reason: "internalError",
            message: String::new(),
            location: None,
        };
        self.items.first().unwrap_or(&NONE)
    }

    /// The body of the answer.
    pub fn to_json(&self) -> Value {
        let (code, message) = (self.status.as_u16(), &self.first().message);
        let mut error = json!({"code": code, "message": message});
        if self.rpc {
            error["status"] = json!(self.word.unwrap_or_else(|| rpc_status(self.status)));
        } else {
            error["errors"] = self.items.iter().map(Item::to_json).collect();
        }
        if !self.details.is_empty() {
            error["details"] = json!(self.details);
        }
        json!({ "error": error })
    }
}

impl Item {
    fn to_json(&self) -> Value {
        let mut item = json!({"message": self.message, "domain": "global", "reason": self.reason});
        if let Some(location) = &self.location {
            item["location"] = json!(location);
            let kind = if matches!(location.as_str(), "If-Match" | "Authorization") {
                "header"
            } else {
                "parameter"
            };
            item["locationType"] = json!(kind);
        }
        item
    }
}

/// The name of `google.rpc.Code` for an HTTP status.
fn rpc_status(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ALREADY_EXISTS",
        412 => "FAILED_PRECONDITION",
        429 => "RESOURCE_EXHAUSTED",
        501 => "UNIMPLEMENTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "INTERNAL",
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "a change was not stored"
        );
        let message = "The change could not be stored; nothing was changed.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "backendError", message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(self.to_json())).into_response()
    }
}
