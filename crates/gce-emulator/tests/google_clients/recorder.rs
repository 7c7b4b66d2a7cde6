//! A proxy before the API that writes down every exchange, one JSON object a line.

use std::{
    io::Write,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::to_bytes,
    extract::{Request, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{cloud::Cloud, python::Python};

pub(crate) struct Recorder {
    addr: SocketAddr,
    exchanges: PathBuf,
    task: JoinHandle<()>,
    _dir: TempDir,
}

#[derive(Clone)]
struct Tape {
    api: String,
    http: reqwest::Client,
    file: Arc<Mutex<std::fs::File>>,
}

impl Recorder {
    pub(crate) async fn start(cloud: &Cloud) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let exchanges = dir.path().join("exchanges.jsonl");
        let tape = Tape {
            api: cloud.url(""),
            http: crate::http::client(),
            file: Arc::new(Mutex::new(std::fs::File::create(&exchanges).unwrap())),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let router = Router::new().fallback(pass).with_state(tape);
        let task = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        Self {
            addr,
            exchanges,
            task,
            _dir: dir,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Every recorded request and answer is as Google's discovery documents say; at least so many
    /// were looked at.
    pub(crate) async fn holds_against_discovery(&self, at_least: usize) {
        let checked = Python::script("discovery.py").arg(&self.exchanges);
        let said = checked.passes().await;
        let count = said
            .split_whitespace()
            .find_map(|word| word.parse::<usize>().ok());
        assert!(count.is_some_and(|count| count >= at_least), "{said}");
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(State(tape): State<Tape>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let target = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut headers = parts.headers.clone();
    for own in [
        header::HOST,
        header::CONTENT_LENGTH,
        header::ACCEPT_ENCODING,
    ] {
        headers.remove(own);
    }
    let answer = tape
        .http
        .request(parts.method.clone(), format!("{}{target}", tape.api))
        .headers(headers)
        .body(body.clone())
        .send()
        .await
        .unwrap();
    let (status, kind) = (answer.status(), content_type(answer.headers()));
    let text = answer.text().await.unwrap();
    let exchange = json!({
        "method": parts.method.as_str(),
        "target": target,
        "requestType": content_type(&parts.headers),
        "request": String::from_utf8_lossy(&body),
        "status": status.as_u16(),
        "responseType": kind,
        "response": text,
    });
    writeln!(tape.file.lock().unwrap(), "{exchange}").unwrap();
    (status, [(header::CONTENT_TYPE, kind)], text).into_response()
}

fn content_type(headers: &HeaderMap) -> String {
    let kind = headers.get(header::CONTENT_TYPE);
    kind.and_then(|kind| kind.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}
