use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::CONTENT_LENGTH;
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;

use crate::clock::ServerClock;
use crate::request::{Repeat, Request};
use crate::retry::retry_after;
use crate::token::{Secret, TokenSource};
use crate::{ApiError, Endpoints, Error, RetryPolicy, Scope};

/// A connection to one project. Cloning is cheap and shares connections and clock.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
    retry: RetryPolicy,
    /// How long an API that is not enabled is asked again.
    service_patience: Duration,
    /// Whether the project is named as the one to whose quotas a request counts.
    names_project: bool,
}

#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    endpoints: Endpoints,
    tokens: Arc<dyn TokenSource>,
    project: String,
    clock: ServerClock,
}

impl Client {
    /// Connects to nothing yet. Fails only if HTTPS is needed and the system has no root certificates.
    pub fn new(
        endpoints: Endpoints,
        tokens: Arc<dyn TokenSource>,
        project: String,
    ) -> Result<Self, Error> {
        let http = if endpoints.use_tls() {
            secure_http()
        } else {
            plain_http()
        };
        let shared = Shared {
            http: http.map_err(Error::Setup)?,
            endpoints,
            tokens,
            project,
            clock: ServerClock::default(),
        };
        Ok(Self {
            shared: Arc::new(shared),
            retry: RetryPolicy::new(),
            service_patience: Duration::ZERO,
            names_project: false,
        })
    }

    /// The same client with another patience.
    #[must_use]
    pub fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// The same client for whoever has just enabled an API: it asks again for so long as Google says
    /// that the API is disabled, since not every front end hears of it at once.
    #[must_use]
    pub fn awaiting_services(mut self, patience: Duration) -> Self {
        self.service_patience = patience;
        self
    }

    /// The same client for a person's own credentials, which belong to no project: most APIs refuse
    /// them unless a request names the one to whose quotas it counts. The caller needs the permission
    /// `serviceusage.services.use`.
    #[must_use]
    pub fn naming_project(mut self) -> Self {
        self.names_project = true;
        self
    }

    /// The project that every request is about.
    pub fn project(&self) -> &str {
        &self.shared.project
    }

    /// What proves to Google who is asking, for services that have no client here, such as registries
    /// of images; `None` where the cloud asks for no proof.
    pub async fn access_token(&self) -> Result<Option<Secret>, Error> {
        Ok(self.shared.tokens.token().await?)
    }

    /// The cloud's time when it last answered, in milliseconds since the Unix epoch; `None` before
    /// the first answer. Good to one second, and only as fresh as that answer.
    pub fn server_now(&self) -> Option<i64> {
        self.shared.clock.now()
    }

    /// The full URL of a Compute resource, as `target` or a backend's `group` wants it. Google answers
    /// with this host too, whatever host was asked.
    pub fn resource_url(&self, scope: &Scope, collection: &str, name: &str) -> String {
        let project = self.project();
        format!(
            "https://www.googleapis.com/compute/v1/projects/{project}/{scope}/{collection}/{name}"
        )
    }

    /// A Compute request below `projects/P/{scope}`.
    pub(crate) fn compute(
        &self,
        method: Method,
        scope: &Scope,
        path: &[&str],
    ) -> Result<Request, Error> {
        let (first, second) = match scope {
            Scope::Global => ("global", None),
            Scope::Zone(zone) => ("zones", Some(zone.as_str())),
            Scope::Region(region) => ("regions", Some(region.as_str())),
        };
        let scope: Vec<&str> = std::iter::once(first).chain(second).collect();
        self.compute_below_project(method, &[&scope, path].concat())
    }

    /// A Compute request below `projects/P`, for paths without a scope such as `aggregated/…`.
    pub(crate) fn compute_below_project(
        &self,
        method: Method,
        path: &[&str],
    ) -> Result<Request, Error> {
        self.compute_of_project(method, self.project(), path)
    }

    /// A Compute request below another project, such as one that publishes images.
    pub(crate) fn compute_of_project(
        &self,
        method: Method,
        project: &str,
        path: &[&str],
    ) -> Result<Request, Error> {
        let project = ["compute", "v1", "projects", project];
        request(
            method,
            &self.shared.endpoints.compute,
            &[&project, path].concat(),
        )
    }

    pub(crate) fn monitoring(&self, method: Method, path: &[&str]) -> Result<Request, Error> {
        let project = ["v3", "projects", self.project()];
        request(
            method,
            &self.shared.endpoints.monitoring,
            &[&project, path].concat(),
        )
    }

    pub(crate) fn logging(&self, method: Method, path: &[&str]) -> Result<Request, Error> {
        request(
            method,
            &self.shared.endpoints.logging,
            &[&["v2"], path].concat(),
        )
    }

    /// A request to an API beside these three; `path` is all of it.
    pub(crate) fn beside(
        &self,
        method: Method,
        api: impl Fn(&Endpoints) -> &String,
        path: &[&str],
    ) -> Result<Request, Error> {
        request(method, api(&self.shared.endpoints), path)
    }

    /// Sends a request, again where that is safe and worth it, and reads the answer's JSON.
    pub(crate) async fn send<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Error> {
        let started = Instant::now();
        let mut attempt = 1;
        let mut disabled = SERVICE_PAUSE;
        loop {
            let error = match self.send_once(request).await {
                Ok(body) => return decode(request, &body),
                Err(error) => error,
            };
            if error.disabled_service().is_some() && started.elapsed() < self.service_patience {
                tokio::time::sleep(disabled.min(self.service_patience)).await;
                disabled = (disabled * 2).min(LONGEST_SERVICE_PAUSE);
                continue;
            }
            let hint = error.api().and_then(|error| error.retry_after);
            let pause = may_repeat(request, &error).then(|| self.retry.pause(attempt, hint));
            let Some(pause) = pause.flatten() else {
                return Err(error);
            };
            tracing::debug!(request = request.describe(), %error, attempt, ?pause, "will retry");
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    async fn send_once(&self, request: &Request) -> Result<Vec<u8>, Error> {
        let shared = &self.shared;
        let mut http = shared
            .http
            .request(request.method.clone(), request.url.clone());
        http = http.timeout(request.timeout);
        if let Some(token) = shared.tokens.token().await? {
            http = http.bearer_auth(token.expose());
        }
        if self.names_project {
            http = http.header("x-goog-user-project", self.project());
        }
        http = match &request.body {
            Some(body) => http.json(body),
            // Google refuses a POST that does not state its length, also when that is zero.
            None if request.method != Method::GET => http.header(CONTENT_LENGTH, 0),
            None => http,
        };
        // The request is named already, and its query may hold a filter of a page's length.
        let transport = |source: reqwest::Error| Error::Transport {
            request: request.describe(),
            source: source.without_url(),
        };
        let answer = http.send().await.map_err(transport)?;
        shared.clock.note(answer.headers());
        let status = answer.status();
        let hint = retry_after(answer.headers());
        let body = answer.bytes().await.map_err(transport)?;
        if status.is_success() {
            return Ok(body.to_vec());
        }
        Err(ApiError::read(status.as_u16(), &body, hint).into())
    }
}

/// A lost answer leaves open whether the server acted; a refusal or a failed connect does not.
fn may_repeat(request: &Request, error: &Error) -> bool {
    if !error.retryable() {
        return false;
    }
    match request.repeat {
        Repeat::Safe => true,
        Repeat::OnlyIfNotPerformed => match error {
            Error::Transport { source, .. } => source.is_connect(),
            _ => error.is_rate_limited(),
        },
    }
}

fn request(method: Method, base: &str, path: &[&str]) -> Result<Request, Error> {
    Request::new(method, base, path).map_err(|_| {
        let message = format!("{base:?} is not a URL of an API");
        ApiError {
            code: StatusCode::BAD_REQUEST.as_u16(),
            message,
            ..ApiError::default()
        }
        .into()
    })
}

/// An empty body (204) reads as an empty object.
fn decode<T: DeserializeOwned>(request: &Request, body: &[u8]) -> Result<T, Error> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|source| Error::Decode {
        request: request.describe(),
        source,
    })
}

/// The beginning of an HTTP client for other services: TLS as this crate has it, no redirects.
pub fn http_client() -> reqwest::ClientBuilder {
    // reqwest is built without a TLS provider of its own choice. A second installation fails, which
    // only means that one is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("flaskscale-gce/", env!("CARGO_PKG_VERSION")))
}

fn secure_http() -> Result<reqwest::Client, reqwest::Error> {
    http_client().build()
}

/// For servers on this machine: no proxy in between, and no root certificates, which a small
/// container may lack and which take time to load.
pub(crate) fn plain_http() -> Result<reqwest::Client, reqwest::Error> {
    http_client()
        .tls_certs_only([])
        .no_proxy()
        .timeout(PLAIN_TIMEOUT)
        .build()
}

/// Between two requests to an API that was just enabled, at first and at most.
const SERVICE_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_SERVICE_PAUSE: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const PLAIN_TIMEOUT: Duration = Duration::from_secs(30);
/// Shorter than any server keeps an idle connection, so that we close first and no request is lost.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);
