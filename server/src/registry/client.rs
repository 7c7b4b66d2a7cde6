use std::time::Duration;

use control_plane::deployment::googles_registry;
use gce::Secret;
use http::{
    Method, StatusCode,
    header::{ACCEPT, WWW_AUTHENTICATE},
};
use reqwest::{RequestBuilder, Response, Url, redirect::Policy};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{LayoutError, Reference, challenge::Challenge, reference::is_loopback};

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: Secret,
}

/// A registry, asked about one image.
#[derive(Debug)]
pub(crate) struct Registry<'a> {
    http: reqwest::Client,
    image: &'a Reference,
    credentials: Option<&'a Credentials>,
    /// What proved enough the last time.
    proof: Option<Proof>,
}

#[derive(Clone, Debug)]
enum Proof {
    Token(Secret),
    Password(Credentials),
}

/// What requests are made with.
pub(super) struct Ask<'a> {
    http: &'a reqwest::Client,
    base: &'a str,
}

impl Ask<'_> {
    /// About the image: `manifests/TAG`, `blobs/DIGEST`.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    pub(super) fn url(&self, method: Method, url: Url) -> RequestBuilder {
        self.http.request(method, url)
    }
}

/// Why a registry does not say what an image is, or does not take one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegistryError {
    #[error("no connection to registries can be set up")]
    Setup(#[source] reqwest::Error),
    #[error("there is no token to show to the registry")]
    Token(#[source] Box<gce::Error>),
    #[error("{host} cannot be reached")]
    Unreachable {
        host: String,
        source: reqwest::Error,
    },
    #[error("there is no image {0}")]
    Missing(String),
    #[error("{host} refuses {image} (status {status})")]
    Refused {
        host: String,
        image: String,
        status: u16,
    },
    #[error("{host} answers with status {status}")]
    Status { host: String, status: u16 },
    #[error("{host} answers with what is no {what}")]
    Odd { host: String, what: &'static str },
    #[error("the image that was built cannot be pushed")]
    Layout(#[source] LayoutError),
    #[error("{image} is for {has}, and the machines are {wanted}")]
    Platform {
        image: String,
        has: String,
        wanted: String,
    },
}

/// A manifest of one image, or an index of one for each platform.
#[derive(Debug, Deserialize)]
struct Manifest {
    config: Option<Descriptor>,
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

#[derive(Debug, Deserialize)]
struct Descriptor {
    digest: String,
    platform: Option<Platform>,
}

/// The part of an image's configuration, or of an index's entry, that says where it runs.
#[derive(Debug, Deserialize)]
pub(super) struct Platform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
}

impl Platform {
    /// Whether machines of this architecture (`amd64`) can run what is for it.
    pub(super) fn runs_on(&self, architecture: &str) -> bool {
        self.os == "linux" && self.architecture == architecture
    }
}

/// Both families of names, for one image and for several.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";
const ANY: &str = "*/*";
/// A registry's own limit for a manifest. The configuration of an image is as small.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;
const REDIRECTS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(20);

impl<'a> Registry<'a> {
    /// The registry of `image`; connects to nothing yet.
    pub(crate) fn of(
        image: &'a Reference,
        credentials: Option<&'a Credentials>,
    ) -> Result<Self, RegistryError> {
        let http = gce::http_client()
            .timeout(PATIENCE)
            // Registries keep blobs elsewhere; what proves who asks stays behind when the host changes.
            .redirect(Policy::limited(REDIRECTS));
        let http = if image.is_on_this_machine() {
            http.no_proxy()
        } else {
            http.https_only(true)
        };
        Ok(Self {
            http: http.build().map_err(RegistryError::Setup)?,
            image,
            credentials,
            proof: None,
        })
    }

    /// The digest of the image, or of the index of images, that the name leads to now, provided that
    /// machines of this architecture (`amd64`) can run it.
    pub(crate) async fn digest(&mut self, architecture: &str) -> Result<String, RegistryError> {
        let name = self.image.digest.as_ref().unwrap_or(&self.image.tag);
        let body = self.get("manifests", name, MANIFESTS).await?;
        let digest = digest_of(&body);
        if self
            .image
            .digest
            .as_ref()
            .is_some_and(|wanted| *wanted != digest)
        {
            return Err(self.odd("manifest with that digest"));
        }
        let manifest: Manifest = self.read(&body, "manifest of an image")?;
        let platforms = self.platforms(manifest).await?;
        if platforms
            .iter()
            .any(|platform| platform.runs_on(architecture))
        {
            return Ok(digest);
        }
        let has = |platform: &Platform| format!("{}/{}", platform.os, platform.architecture);
        Err(RegistryError::Platform {
            image: self.image.to_string(),
            has: platforms.iter().map(has).collect::<Vec<_>>().join(", "),
            wanted: format!("linux/{architecture}"),
        })
    }

    async fn platforms(&mut self, manifest: Manifest) -> Result<Vec<Platform>, RegistryError> {
        if let Some(config) = manifest.config {
            let body = self.get("blobs", &config.digest, ANY).await?;
            return Ok(vec![self.read(&body, "configuration of an image")?]);
        }
        let entries = manifest.manifests.into_iter();
        Ok(entries.filter_map(|entry| entry.platform).collect())
    }

    fn read<T: for<'de> Deserialize<'de>>(
        &self,
        body: &[u8],
        what: &'static str,
    ) -> Result<T, RegistryError> {
        serde_json::from_slice(body).map_err(|_| self.odd(what))
    }

    async fn get(
        &mut self,
        kind: &str,
        name: &str,
        accept: &str,
    ) -> Result<Vec<u8>, RegistryError> {
        let path = format!("{kind}/{name}");
        let get = async |ask: &Ask<'_>| Ok(ask.request(Method::GET, &path).header(ACCEPT, accept));
        let answer = self.ask(get).await?;
        self.expect(&answer, StatusCode::OK)?;
        self.body(answer).await
    }

    /// Asks, and asks again with what the registry wants to see first.
    pub(super) async fn ask(
        &mut self,
        make: impl AsyncFn(&Ask<'_>) -> Result<RequestBuilder, RegistryError>,
    ) -> Result<Response, RegistryError> {
        let base = self.base();
        let ask = Ask {
            http: &self.http,
            base: &base,
        };
        let request = proven(make(&ask).await?, self.proof.as_ref());
        let answer = self.send(request).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let proof = self.prove(&answer).await?;
        let request = proven(make(&ask).await?, proof.as_ref());
        let answer = self.send(request).await?;
        self.proof = proof;
        Ok(answer)
    }

    /// The URL that the paths of the image begin with.
    pub(super) fn base(&self) -> String {
        let scheme = if self.image.is_on_this_machine() {
            "http"
        } else {
            "https"
        };
        let Reference {
            authority,
            repository,
            ..
        } = self.image;
        format!("{scheme}://{authority}/v2/{repository}/")
    }

    pub(super) fn image(&self) -> &Reference {
        self.image
    }

    /// Refuses every other status.
    pub(super) fn expect(
        &self,
        answer: &Response,
        wanted: StatusCode,
    ) -> Result<(), RegistryError> {
        match answer.status() {
            status if status == wanted => Ok(()),
            StatusCode::NOT_FOUND => Err(RegistryError::Missing(self.image.to_string())),
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                Err(self.refused(status))
            }
            status => Err(RegistryError::Status {
                host: self.host(),
                status: status.as_u16(),
            }),
        }
    }

    /// What the challenge of this answer asks for; `None` where nothing can be given.
    async fn prove(&self, answer: &Response) -> Result<Option<Proof>, RegistryError> {
        let mut headers = answer.headers().get_all(WWW_AUTHENTICATE).iter();
        let challenge = headers.find_map(|header| Challenge::parse(header.to_str().ok()?));
        match challenge {
            Some(Challenge::Bearer {
                realm,
                service,
                scope,
            }) => {
                let token = self.token(&realm, service, scope).await?;
                Ok(Some(Proof::Token(token)))
            }
            Some(Challenge::Basic) => Ok(self.credentials.cloned().map(Proof::Password)),
            None => Ok(None),
        }
    }

    async fn token(
        &self,
        realm: &str,
        service: Option<String>,
        scope: Option<String>,
    ) -> Result<Secret, RegistryError> {
        let mut url = Url::parse(realm).map_err(|_| self.odd("address of a token server"))?;
        if url.scheme() != "https" && !(self.image.is_on_this_machine() && is_here(&url)) {
            return Err(self.odd("safe address of a token server"));
        }
        let wanted = [("service", service), ("scope", scope)];
        for (name, value) in wanted {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, &value);
            }
        }
        let credentials = self.credentials.filter(|_| self.may_see_credentials(&url));
        let proof = credentials.cloned().map(Proof::Password);
        let answer = self
            .send(proven(self.http.get(url), proof.as_ref()))
            .await?;
        if !answer.status().is_success() {
            return Err(self.refused(answer.status()));
        }
        let body = self.body(answer).await?;
        let token: Token = self.read(&body, "token")?;
        let text = token.token.or(token.access_token);
        text.map(Secret::new).ok_or_else(|| self.odd("token"))
    }

    /// A registry may name any server as the one that gives out tokens. Credentials go to itself, on
    /// this machine to any port of it, and from one of Google's to another.
    fn may_see_credentials(&self, realm: &Url) -> bool {
        let Some(host) = realm.host_str() else {
            return false;
        };
        let authority = match realm.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let is_googles = |authority: &str| googles_registry(&format!("{authority}/")).is_some();
        authority == self.image.authority
            || (self.image.is_on_this_machine() && is_loopback(host))
            || (is_googles(&self.image.authority) && is_googles(&authority))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, RegistryError> {
        let answer = request.send().await;
        answer.map_err(|source| self.unreachable(source))
    }

    async fn body(&self, mut answer: Response) -> Result<Vec<u8>, RegistryError> {
        let mut body = Vec::new();
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|source| self.unreachable(source))?
        {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                return Err(self.odd("answer of a sensible size"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn host(&self) -> String {
        self.image.authority.clone()
    }

    fn unreachable(&self, source: reqwest::Error) -> RegistryError {
        RegistryError::Unreachable {
            host: self.host(),
            source: source.without_url(),
        }
    }

    pub(super) fn odd(&self, what: &'static str) -> RegistryError {
        RegistryError::Odd {
            host: self.host(),
            what,
        }
    }

    fn refused(&self, status: StatusCode) -> RegistryError {
        RegistryError::Refused {
            host: self.host(),
            image: self.image.to_string(),
            status: status.as_u16(),
        }
    }
}

/// Some servers say the one, some the other.
#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

fn proven(request: RequestBuilder, proof: Option<&Proof>) -> RequestBuilder {
    match proof {
        None => request,
        Some(Proof::Token(token)) => request.bearer_auth(token.expose()),
        Some(Proof::Password(Credentials { user, password })) => {
            request.basic_auth(user, Some(password.expose()))
        }
    }
}

fn is_here(url: &Url) -> bool {
    url.host_str().is_some_and(is_loopback)
}

/// Of the bytes as they came: the name under which a registry keeps them.
pub(super) fn digest_of(body: &[u8]) -> String {
    digest_named(Sha256::new().chain_update(body))
}

/// The name of what was hashed: `sha256:…`.
pub(super) fn digest_named(hash: Sha256) -> String {
    format!("sha256:{:x}", hash.finalize())
}
