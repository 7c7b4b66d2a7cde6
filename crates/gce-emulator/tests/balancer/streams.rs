//! Answers and requests that are longer than a buffer or have no end: they flow as they come.

use std::convert::Infallible;

use crate::support::*;
use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use bytes::Bytes;
use futures::StreamExt;
use http::header::CONTENT_TYPE;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, watch};

/// A site that sends each message as a server-sent event, until there are no more.
fn events(messages: mpsc::Receiver<&'static str>) -> Router {
    let messages = std::sync::Arc::new(std::sync::Mutex::new(Some(messages)));
    let stream = move || {
        let mut messages = messages.lock().unwrap().take().unwrap();
        let events = futures::stream::poll_fn(move |context| messages.poll_recv(context));
        let events = events.map(|text| Ok::<_, Infallible>(format!("data: {text}\n\n")));
        let kind = [(CONTENT_TYPE, "text/event-stream")];
        std::future::ready((kind, Body::from_stream(events)))
    };
    Router::new().route("/events", get(stream))
}

#[tokio::test]
async fn server_sent_events_arrive_one_by_one() {
    let (say, messages) = mpsc::channel(1);
    let a = Instance::serving("a", events(messages));
    let (balancer, site) = balancer(unchecked(vec![a.backend()]));
    let mut client = Client::connect(site).await;
    let answer = client
        .begin(request(Method::GET, "/events", ""))
        .await
        .unwrap();
    assert_eq!(answer.headers()["x-served-by"], "a");
    let mut body = answer.into_body();
    for text in ["one", "two", "three"] {
        // The next event is said only after the last one has arrived: nothing waits in a buffer.
        say.send(text).await.unwrap();
        let frame = guarded("an event", body.frame()).await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), format!("data: {text}\n\n"));
    }
    assert_eq!(balancer.in_flight("a"), 1);
    drop(say);
    assert!(guarded("the end", body.frame()).await.is_none());
    until("the stream to be over", || balancer.in_flight("a") == 0).await;
}

#[tokio::test]
async fn a_viewer_who_leaves_frees_the_backend() {
    let (say, messages) = mpsc::channel(1);
    let a = Instance::serving("a", events(messages));
    let (balancer, site) = balancer(unchecked(vec![a.backend()]));
    let mut client = Client::connect(site).await;
    let answer = client
        .begin(request(Method::GET, "/events", ""))
        .await
        .unwrap();
    drop(answer);
    drop(client);
    guarded("the backend to notice", say.closed()).await;
    until("the stream to be over", || balancer.in_flight("a") == 0).await;
}

#[tokio::test]
async fn large_bodies_pass_unchanged_both_ways() {
    let site = Router::new().route("/", post(|body: Bytes| std::future::ready(body)));
    let site = site.layer(axum::extract::DefaultBodyLimit::disable());
    let a = Instance::serving("a", site);
    let (_balancer, site) = balancer(unchecked(vec![a.backend()]));
    let body: String = (0..700_000_u32)
        .map(|n| char::from(b'a' + (n % 26) as u8))
        .collect();
    let answer = send(site, Method::POST, "/", body.clone()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.body == body);
}

#[tokio::test]
async fn a_small_answer_arrives_in_one_piece() {
    let a = Instance::start("a");
    let (_balancer, site) = balancer(unchecked(vec![a.backend()]));
    let mut client = tokio::net::TcpStream::connect(site).await.unwrap();
    let head = b"GET / HTTP/1.1\r\nhost: site.test\r\n\r\n";
    client.write_all(head).await.unwrap();
    let mut answer = [0; 4096];
    let length = guarded("the answer", client.read(&mut answer))
        .await
        .unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]);
    assert!(answer.ends_with("\r\n\r\na"), "{answer}");
}

#[tokio::test]
async fn a_web_socket_is_connected_through() {
    let a = Instance::raw("a", |mut stream| async move {
        let head = read_head(&mut stream).await;
        assert!(head.to_lowercase().contains("upgrade: websocket"), "{head}");
        let switch = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n\
            upgrade: websocket\r\nsec-websocket-accept: x\r\n\r\n";
        stream.write_all(switch).await.unwrap();
        let (mut from, mut to) = stream.split();
        tokio::io::copy(&mut from, &mut to).await.unwrap();
    });
    let (_balancer, site) = balancer(unchecked(vec![a.backend()]));
    let request = Request::get("/chat")
        .header("host", "site.test")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-version", "13")
        .body(Full::default())
        .unwrap();
    let answer = Client::connect(site).await.begin(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
    let mut socket = TokioIo::new(hyper::upgrade::on(answer).await.unwrap());
    for word in [b"hello", b"again"] {
        socket.write_all(word).await.unwrap();
        let mut echo = [0; 5];
        guarded("the echo", socket.read_exact(&mut echo))
            .await
            .unwrap();
        assert_eq!(&echo, word);
    }
}

#[tokio::test]
async fn a_request_body_flows_before_it_is_complete() {
    let (first_seen, mut first) = watch::channel(false);
    let upload = post(move |body: Body| async move {
        let mut chunks = body.into_data_stream();
        let mut length = 0;
        while let Some(chunk) = chunks.next().await {
            length += chunk.unwrap().len();
            first_seen.send_replace(true);
        }
        length.to_string()
    });
    let a = Instance::serving("a", Router::new().route("/", upload));
    let (_balancer, site) = balancer(unchecked(vec![a.backend()]));
    let mut client = tokio::net::TcpStream::connect(site).await.unwrap();
    let head = b"POST / HTTP/1.1\r\nhost: site.test\r\ncontent-length: 10\r\n\r\nfirst";
    client.write_all(head).await.unwrap();
    guarded("the first half", first.wait_for(|seen| *seen))
        .await
        .unwrap();
    client.write_all(b"again").await.unwrap();
    let answer = read_head(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
