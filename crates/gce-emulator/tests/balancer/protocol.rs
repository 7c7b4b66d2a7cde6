//! HTTP/1.1 to the letter: what ends where, what is passed on, and what is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::*;
use axum::Router;
use axum::body::Body;
use axum::routing::{any, get};
use gce_emulator::balancer::Service;
use http::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An instance that keeps its connections and answers each request's head with `answer`.
fn saying(answer: &'static str) -> (Instance, Arc<AtomicUsize>) {
    let heads = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&heads);
    let instance = Instance::raw("a", move |mut stream| {
        let counter = Arc::clone(&counter);
        async move {
            while !read_head(&mut stream).await.is_empty() {
                counter.fetch_add(1, Ordering::SeqCst);
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    });
    (instance, heads)
}

/// An instance that hangs up after its answer.
fn saying_once(answer: &'static str) -> Instance {
    Instance::raw("a", move |mut stream| async move {
        read_head(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
}

/// All that comes back for some bytes, until the balancer closes the connection.
async fn said_to(site: std::net::SocketAddr, bytes: &[u8]) -> String {
    let mut client = TcpStream::connect(site).await.unwrap();
    client.write_all(bytes).await.unwrap();
    rest(&mut client).await
}

async fn rest(client: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    guarded("the end", client.read_to_end(&mut answer))
        .await
        .unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// What a client gets with one GET, until the connection closes.
async fn answer_of(backend: &Instance) -> String {
    let (_balancer, site) = balancer(unchecked(vec![backend.backend()]));
    said_to(
        site,
        b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
    )
    .await
}

#[tokio::test]
async fn a_request_whose_end_is_in_doubt_is_refused_and_reaches_nobody() {
    let (a, heads) = saying("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let (_balancer, site) = balancer(unchecked(vec![a.backend()]));
    for head in [
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5, 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: +5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\nx: y\r\n transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        "GET / HTTP/2.0\r\nhost: a\r\n\r\n",
        "GET other HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET http://user@a/ HTTP/1.1\r\nhost: a\r\n\r\n",
        "CONNECT a:443 HTTP/1.1\r\nhost: a\r\n\r\n",
        "nonsense\r\n\r\n",
    ] {
        let answer = said_to(site, head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{head:?}: {answer}");
        assert_eq!(heads.load(Ordering::SeqCst), 0, "{head:?}");
    }
}

#[tokio::test]
async fn a_broken_chunk_ends_the_connection_and_what_follows_is_no_request() {
    let (balancer, site, a) = {
        let a = Instance::start("a");
        let (balancer, site) = balancer(unchecked(vec![a.backend()]));
        (balancer, site, a)
    };
    let smuggled = b"POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n\
        5\nhello\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";
    let answer = said_to(site, smuggled).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    until("the backend to be free", || {
        balancer.in_flight(&a.name) == 0
    })
    .await;
}

#[tokio::test]
async fn a_head_that_does_not_end_is_refused() {
    let a = Instance::start("a");
    let (_balancer, site) = balancer(unchecked(vec![a.backend()]));
    let long = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}", "y".repeat(100_000));
    let many = format!(
        "GET / HTTP/1.1\r\nhost: a\r\n{}\r\n",
        "x: y\r\n".repeat(200)
    );
    for head in [long, many] {
        let answer = said_to(site, head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
}

#[tokio::test]
async fn requests_that_are_sent_ahead_are_answered_in_their_order() {
    let a = Instance::start("a");
    let (_balancer, site) = balancer(unchecked(vec![a.backend()]));
    let answer = said_to(
        site,
        b"\r\nPOST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nfirst\
          POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n6\r\nsecond\r\n0\r\n\r\n\
          HEAD /echo HTTP/1.1\r\nhost: a\r\n\r\n\
          GET /metrics HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nskip\
          GET /last HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
    )
    .await;
    let statuses: Vec<_> = answer
        .match_indices("HTTP/1.1 ")
        .map(|(at, _)| &answer[at + 9..at + 12])
        .collect();
    // `/echo` says the version of no request, so every match is a status line.
    assert_eq!(statuses, ["200", "200", "200", "404", "200"], "{answer}");
    let at = |text: &str| {
        answer
            .find(text)
            .unwrap_or_else(|| panic!("{text}: {answer}"))
    };
    assert!(at("first") < at("second") && at("second") < at("not found"));
    assert!(answer.ends_with("\r\n\r\na"), "{answer}");
}

#[tokio::test]
async fn answers_without_a_body_leave_the_connection_in_order() {
    for head in [
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\ncontent-length: 99\r\netag: \"x\"\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    ] {
        let (a, _) = saying(head);
        let (_balancer, site) = balancer(unchecked(vec![a.backend()]));
        let mut client = Client::connect(site).await;
        let status = head[9..12].parse().unwrap();
        for _ in 0..3 {
            let answer = client.get("/").await;
            assert_eq!((answer.status.as_u16(), &*answer.body), (status, ""));
        }
        assert_eq!(a.connections(), 1, "{head}");
    }
}

#[tokio::test]
async fn an_answer_to_head_says_how_long_it_would_be_and_has_no_body() {
    let (a, _) = saying("HTTP/1.1 200 OK\r\ncontent-length: 42\r\n\r\n");
    let (_balancer, site) = balancer(unchecked(vec![a.backend()]));
    let mut client = Client::connect(site).await;
    for _ in 0..2 {
        let answer = client.send(request(Method::HEAD, "/", "")).await;
        assert_eq!((answer.header("content-length"), &*answer.body), ("42", ""));
    }
    assert_eq!(a.connections(), 1);
}

#[tokio::test]
async fn an_answer_whose_end_is_in_doubt_becomes_502() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: y\r\n folded\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2p1\r\n",
    ] {
        let said = answer_of(&saying_once(answer)).await;
        assert!(said.starts_with("HTTP/1.1 502 "), "{answer:?}: {said}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_in_the_middle_is_cut_off() {
    let whole = answer_of(&saying_once(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ))
    .await;
    assert!(whole.ends_with("5\r\nhello\r\n0\r\n\r\n"), "{whole}");
    for body in [
        "5\r\nhello\r\n",
        "5\r\nhello\r\nx\r\n",
        "5\r\nhelloo\r\n0\r\n\r\n",
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{body}");
        let cut = answer_of(&saying_once(answer.leak())).await;
        assert!(!cut.ends_with("0\r\n\r\n"), "{cut}");
    }
}

#[tokio::test]
async fn an_answer_without_a_length_ends_with_the_connection() {
    let said = answer_of(&saying_once("HTTP/1.1 200 OK\r\n\r\nall of it")).await;
    assert!(said.contains("connection: close\r\n"), "{said}");
    assert!(said.ends_with("\r\n\r\nall of it"), "{said}");
}

#[tokio::test]
async fn a_backend_that_says_more_than_asked_is_not_asked_again_on_that_connection() {
    let (a, _) = saying("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n");
    let (_balancer, site) = balancer(unchecked(vec![a.backend()]));
    let mut client = Client::connect(site).await;
    for _ in 0..3 {
        assert_eq!(client.get("/").await.body, "ok");
    }
    assert_eq!(a.connections(), 3);
}

#[tokio::test]
async fn a_client_that_waits_for_100_is_told_to_go_on_by_the_backend() {
    let a = Instance::start("a");
    let (_balancer, site) = balancer(unchecked(vec![a.backend()]));
    let mut client = TcpStream::connect(site).await.unwrap();
    let head = b"POST /echo HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\n\
        content-length: 4\r\nconnection: close\r\n\r\n";
    client.write_all(head).await.unwrap();
    let interim = guarded("the interim answer", read_head(&mut client)).await;
    assert!(interim.starts_with("HTTP/1.1 100 "), "{interim}");
    client.write_all(b"body").await.unwrap();
    let answer = rest(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.ends_with("body"), "{answer}");
}

#[tokio::test]
async fn an_early_answer_reaches_a_client_that_still_sends() {
    let early = saying_once(
        "HTTP/1.1 413 Content Too Large\r\ncontent-length: 3\r\nconnection: close\r\n\r\nbig",
    );
    let (balancer, site) = balancer(unchecked(vec![early.backend()]));
    let mut client = TcpStream::connect(site).await.unwrap();
    let head = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\nbeginning";
    client.write_all(head).await.unwrap();
    let answer = rest(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(answer.ends_with("big"), "{answer}");
    until("the backend to be free", || balancer.in_flight("a") == 0).await;
}

#[tokio::test]
async fn a_body_and_its_answer_flow_at_the_same_time() {
    // It answers as it reads, so it would stop reading if nobody took its answer.
    let echo = any(|body: Body| async move { body });
    let a = Instance::serving("a", Router::new().route("/", echo));
    let (_balancer, site) = balancer(unchecked(vec![a.backend()]));
    let body = "0123456789abcdef".repeat(500_000);
    let answer = send(site, Method::POST, "/", body.clone()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.body == body, "{}", answer.body.len());
}

#[tokio::test]
async fn an_old_client_is_served_in_its_own_version() {
    let a = Instance::start("a");
    let (_balancer, site) = balancer(unchecked(vec![a.backend()]));
    let answer = said_to(site, b"GET / HTTP/1.0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\na"), "{answer}");
}

#[tokio::test]
async fn an_absolute_target_says_the_host() {
    let a = Instance::start("a");
    let (_balancer, site) = balancer(unchecked(vec![a.backend()]));
    let answer = said_to(
        site,
        b"GET http://real.test/echo?q HTTP/1.1\r\nhost: other.test\r\nconnection: close\r\n\r\n",
    )
    .await;
    assert!(answer.contains("GET /echo?q\n"), "{answer}");
    assert!(answer.contains(r#""host": "real.test""#), "{answer}");
    assert!(!answer.contains("other.test"), "{answer}");
}

#[tokio::test]
async fn what_concerns_one_connection_is_not_passed_on() {
    let a = Instance::start("a");
    let (_balancer, site) = balancer(unchecked(vec![a.backend()]));
    let answer = said_to(
        site,
        b"GET /echo HTTP/1.1\r\nhost: a\r\nconnection: close, x-hop, host, upgrade\r\nx-hop: 1\r\n\
          keep-alive: 5\r\nproxy-connection: close\r\nte: trailers\r\nupgrade: h2c\r\nx-stays: 1\r\n\r\n",
    )
    .await;
    for gone in ["x-hop", "keep-alive", "connection", "\"te\"", "upgrade"] {
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        assert!(!body.contains(gone), "{gone}: {answer}");
    }
    for stays in [r#""x-stays": "1""#, r#""host": "a""#] {
        assert!(answer.contains(stays), "{stays}: {answer}");
    }
}

#[tokio::test]
async fn a_connection_between_requests_is_closed_in_time() {
    let a = Instance::start("a");
    let (balancer, site) = balancer(unchecked(vec![a.backend()]));
    let mut table = table(unchecked(vec![a.backend()]));
    table.frontends[0].keep_alive = Duration::from_millis(50);
    balancer.apply(&table).unwrap();
    let answer = said_to(site, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(!answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn a_backend_that_stops_in_the_middle_of_a_body_is_given_its_time_and_no_more() {
    let stalling = Instance::raw("a", |mut stream| async move {
        read_head(&mut stream).await;
        std::future::pending::<()>().await;
    });
    let (balancer, site) = balancer(Service {
        timeout: Duration::from_millis(50),
        ..unchecked(vec![stalling.backend()])
    });
    // More than the kernel's buffers hold, so that sending has to stop.
    let body = "x".repeat(20_000_000);
    let mut client = Client::connect(site).await;
    let answer = client.try_send(request(Method::PUT, "/", body)).await;
    if let Ok(answer) = answer {
        assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
    }
    until("the backend to be free", || balancer.in_flight("a") == 0).await;
    let traffic = balancer.take_traffic();
    assert_eq!(traffic[0].response_code, 504);
}

#[tokio::test]
async fn a_web_socket_that_is_silent_for_too_long_is_closed() {
    let switch = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n\
        upgrade: websocket\r\n\r\nhello";
    let a = Instance::raw("a", move |mut stream| async move {
        read_head(&mut stream).await;
        stream.write_all(switch.as_bytes()).await.unwrap();
        let mut everything = Vec::new();
        drop(stream.read_to_end(&mut everything).await);
    });
    let (balancer, site) = balancer(Service {
        timeout: Duration::from_millis(100),
        ..unchecked(vec![a.backend()])
    });
    let head = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: WebSocket\r\n\r\n";
    let answer = said_to(site, head).await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
    until("the backend to be free", || balancer.in_flight("a") == 0).await;
}

#[tokio::test]
async fn a_client_that_leaves_before_its_answer_frees_the_backend_and_is_counted() {
    let silent = Router::new().route("/", get(std::future::pending::<()>));
    let a = Instance::serving("a", silent);
    let (balancer, site) = balancer(unchecked(vec![a.backend()]));
    let mut client = TcpStream::connect(site).await.unwrap();
    let head = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    client.write_all(head).await.unwrap();
    until("the request to be under way", || {
        balancer.in_flight("a") == 1
    })
    .await;
    drop(client);
    until("the backend to be free", || balancer.in_flight("a") == 0).await;
    assert_eq!(balancer.take_traffic()[0].response_code, 0);
}
