//! A server on port 0 that answers from a script and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use gce::{Client, Endpoints, NoToken, RetryPolicy, TokenSource};
use serde_json::Value;

/// One request, as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Asked {
    /// The value of a query parameter, still escaped.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let pairs = self
            .uri
            .query()?
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        pairs
            .into_iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }
}

/// The server. It answers 599 when the script is over.
#[derive(Clone, Debug, Default)]
pub(crate) struct Server {
    script: Arc<Mutex<VecDeque<Answer>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// One line of the script.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    status: u16,
    body: String,
    headers: Vec<(&'static str, String)>,
}

pub(crate) fn ok(body: Value) -> Answer {
    status(200, body.to_string())
}

pub(crate) fn status(status: u16, body: impl Into<String>) -> Answer {
    Answer {
        status,
        body: body.into(),
        headers: Vec::new(),
    }
}

impl Answer {
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

impl Server {
    /// A server with a script, and a client for it.
    pub(crate) async fn start(script: impl IntoIterator<Item = Answer>) -> (Self, Client) {
        Self::start_with(script, Arc::new(NoToken)).await
    }

    pub(crate) async fn start_with(
        script: impl IntoIterator<Item = Answer>,
        tokens: Arc<dyn TokenSource>,
    ) -> (Self, Client) {
        let (server, base) = Self::listen(script).await;
        let client = Client::new(Endpoints::local(&base), tokens, "demo".to_owned()).unwrap();
        let retry = RetryPolicy::new().first_delay(Duration::from_millis(1));
        (server, client.with_retry(retry))
    }

    /// A server with a script, and its URL.
    pub(crate) async fn listen(script: impl IntoIterator<Item = Answer>) -> (Self, String) {
        let server = Self {
            script: Arc::new(Mutex::new(script.into_iter().collect())),
            ..Self::default()
        };
        let router = Router::new().fallback(answer).with_state(server.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (server, base)
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn over() -> Answer {
    status(599, "the script is over")
}

async fn answer(
    State(server): State<Server>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body = serde_json::from_slice(&body).unwrap_or_default();
    server.asked.lock().unwrap().push(Asked {
        method,
        uri,
        headers,
        body,
    });
    let next = server.script.lock().unwrap().pop_front();
    let Answer {
        status,
        body,
        headers,
    } = next.unwrap_or_else(over);
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).unwrap()
}
