//! Debian's `docker-registry` on this machine, which believes the tokens of a server in the test.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rcgen::{CertificateParams, KeyPair};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Answer, Running, ask, free_port, get, until};

/// Whether a program is on this machine; says what is not tried where it is not.
pub fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if !is_there {
        println!("skipped: {program} is not installed (scripts/setup.sh image installs it)");
    }
    is_there
}

/// A running registry. It wants a token for everything.
pub struct Registry {
    running: Running,
    pub address: SocketAddr,
    signer: Signer,
}

impl Registry {
    /// Starts one that keeps its images below a directory. Its token server lets in whoever brings an
    /// access token as Google's registries want it, and nobody else.
    pub fn start(directory: &Path) -> Self {
        let (signer, certificate) = Signer::new();
        let bundle = directory.join("tokens.pem");
        fs::write(&bundle, certificate).unwrap();
        let tokens = TcpListener::bind("127.0.0.1:0").unwrap();
        let realm = format!("http://{}/token", tokens.local_addr().unwrap());
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let configuration = json!({
            "version": 0.1,
            "log": { "level": "error", "accesslog": { "disabled": true } },
            "storage": { "filesystem": { "rootdirectory": directory.join("images") } },
            "http": { "addr": address.to_string() },
            "auth": { "token": {
                "realm": realm,
                "service": SERVICE,
                "issuer": ISSUER,
                "rootcertbundle": bundle,
            } },
        });
        let path = directory.join("registry.yml");
        // JSON is YAML.
        fs::write(&path, configuration.to_string()).unwrap();
        let server = signer.clone();
        thread::spawn(move || {
            for stream in tokens.incoming() {
                server.answer(stream.unwrap());
            }
        });
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(path).stderr(Stdio::null());
        let running = Running::start(command.stdout(Stdio::null()));
        until("a registry", || get(address, "/v2/"));
        Self {
            running,
            address,
            signer,
        }
    }

    /// Ends it: nobody answers any more.
    pub fn stop(mut self) {
        self.running.child.kill().unwrap();
        self.running.child.wait().unwrap();
    }

    /// Has a tag name a tiny image for a platform's machines, and gives its digest.
    pub fn keep(&self, repository: &str, tag: &str, architecture: &str) -> String {
        self.keep_noted(repository, tag, architecture, "")
    }

    /// The same with a content of its own.
    pub fn keep_noted(
        &self,
        repository: &str,
        tag: &str,
        architecture: &str,
        note: &str,
    ) -> String {
        let config = json!({ "os": "linux", "architecture": architecture, "note": note });
        let config = config.to_string();
        let config_digest = self.upload(repository, &config);
        let layer = "no file in it";
        let layer_digest = self.upload(repository, layer);
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": config_digest,
                "size": config.len(),
            },
            "layers": [{
                "mediaType": "application/vnd.oci.image.layer.v1.tar",
                "digest": layer_digest,
                "size": layer.len(),
            }],
        })
        .to_string();
        let path = format!("/v2/{repository}/manifests/{tag}");
        let kept = self.ask(
            "PUT",
            repository,
            &path,
            &[("content-type", MANIFEST)],
            &manifest,
        );
        assert_eq!(kept.status, 201, "{kept:?}");
        digest(&manifest)
    }

    /// The status for what a tag or a digest names.
    pub fn status(&self, repository: &str, name: &str) -> u16 {
        let path = format!("/v2/{repository}/manifests/{name}");
        let accept = [("accept", MANIFEST), ("accept", DOCKER_MANIFEST)];
        self.ask("GET", repository, &path, &accept, "").status
    }

    fn upload(&self, repository: &str, blob: &str) -> String {
        let digest = digest(blob);
        let begun = self.ask(
            "POST",
            repository,
            &format!("/v2/{repository}/blobs/uploads/"),
            &[],
            "",
        );
        let place = begun.header("location").unwrap();
        let place = &place[place.find("/v2/").unwrap()..];
        let whole = format!("{place}&digest={digest}");
        let kind = [("content-type", "application/octet-stream")];
        let put = self.ask("PUT", repository, &whole, &kind, blob);
        assert_eq!(put.status, 201, "{put:?}");
        digest
    }

    fn ask(
        &self,
        method: &str,
        repository: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let token = self
            .signer
            .token(&format!("repository:{repository}:pull,push"));
        let token = format!("Bearer {token}");
        let headers = [headers, &[("authorization", token.as_str())]].concat();
        ask(self.address, method, path, &headers, body).unwrap()
    }
}

/// The name by which a registry keeps a text.
pub fn digest(text: &str) -> String {
    let hash = Sha256::digest(text);
    let hex = hash.iter().map(|byte| format!("{byte:02x}"));
    format!("sha256:{}", hex.collect::<Vec<_>>().concat())
}

const SERVICE: &str = "a registry";
const ISSUER: &str = "a token server";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Signs what somebody may do.
#[derive(Clone)]
struct Signer {
    key: Vec<u8>,
    certificate: String,
}

impl Signer {
    /// With the certificate by which a registry knows its signature.
    fn new() -> (Self, String) {
        let key = KeyPair::generate().unwrap();
        let parameters = CertificateParams::new(Vec::<String>::new()).unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        let signer = Self {
            key: key.serialize_der(),
            certificate: STANDARD.encode(certificate.der()),
        };
        (signer, certificate.pem())
    }

    /// For a scope as a registry asks for it: `repository:NAME:pull,push`.
    fn token(&self, scope: &str) -> String {
        let mut parts = scope.split(':');
        let mut part = || parts.next().unwrap();
        let (kind, name, actions) = (part(), part(), part());
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let header = json!({ "typ": "JWT", "alg": "ES256", "x5c": [self.certificate] });
        let claims = json!({
            "iss": ISSUER,
            "aud": SERVICE,
            "sub": "somebody",
            "nbf": now - 10,
            "iat": now,
            "exp": now + 300,
            "jti": now.to_string(),
            "access": [{
                "type": kind,
                "name": name,
                "actions": actions.split(',').collect::<Vec<_>>(),
            }],
        });
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let said = format!("{}.{}", encode(&header), encode(&claims));
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let key = EcdsaKeyPair::from_pkcs8(algorithm, &self.key, &random).unwrap();
        let signature = key.sign(&random, said.as_bytes()).unwrap();
        format!("{said}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// One request for a token.
    fn answer(&self, mut stream: TcpStream) {
        let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
        let Some(first) = lines.next() else { return };
        let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        let (status, body) = if headers.iter().any(|header| is_googles_way(header)) {
            let token = self.token(&scope(&first));
            ("200 OK", json!({ "token": token }).to_string())
        } else {
            ("401 Unauthorized", "{}".to_owned())
        };
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        stream.write_all(answer.as_bytes()).unwrap();
    }
}

/// The scope of `GET /token?service=…&scope=… HTTP/1.1`.
fn scope(line: &str) -> String {
    let (_, query) = line.split(' ').nth(1).unwrap().split_once('?').unwrap();
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap();
    let mut scopes = pairs.into_iter().filter(|(name, _)| name == "scope");
    scopes.next().unwrap().1
}

/// A name that Google's registries know, and some token of the cloud's.
fn is_googles_way(header: &str) -> bool {
    let basic = header
        .split_once(": ")
        .filter(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        .and_then(|(_, value)| value.strip_prefix("Basic "));
    let decoded = basic.and_then(|basic| STANDARD.decode(basic).ok());
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    text.is_some_and(|text| {
        let password = text.strip_prefix("oauth2accesstoken:");
        password.is_some_and(|password| !password.is_empty())
    })
}
