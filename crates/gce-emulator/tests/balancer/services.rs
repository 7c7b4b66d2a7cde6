//! What a backend service says about its requests: shares, affinity, headers and time.

use std::time::Duration;

use crate::support::*;
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use futures::StreamExt;
use gce_emulator::balancer::{Affinity, CustomHeader, Service, Share};
use http::{Method, StatusCode};
use http_body_util::BodyExt;

#[tokio::test]
async fn a_scaler_of_zero_drains_a_group_and_a_service_drained_as_a_whole_answers_503() {
    let (a, b) = (Instance::start("a"), Instance::start("b"));
    let nothing = Share {
        per_instance: 0.0,
        whole: 0.0,
    };
    let service = |of_a: Share, of_b: Share| Service {
        groups: vec![
            group("one", of_a, vec![a.backend()]),
            group("two", of_b, vec![b.backend()]),
        ],
        ..unchecked(vec![])
    };
    let (balancer, site) = balancer(service(Share::EVEN, nothing));
    let mut client = Client::connect(site).await;
    for _ in 0..6 {
        assert_eq!(client.get("/").await.body, "a");
    }
    balancer
        .apply(&table(service(nothing, Share::EVEN)))
        .unwrap();
    for _ in 0..6 {
        assert_eq!(client.get("/").await.body, "b");
    }
    balancer.apply(&table(service(nothing, nothing))).unwrap();
    let drained = client.get("/").await;
    assert_eq!(drained.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_generated_cookie_keeps_its_client_until_the_backend_is_gone() {
    let (mut a, b) = (Instance::start("a"), Instance::start("b"));
    let affinity = Affinity::GeneratedCookie {
        name: "GCLB",
        ttl: None,
    };
    let (_balancer, site) = balancer(Service {
        affinity,
        ..unchecked(vec![a.backend(), b.backend()])
    });
    let mut client = Client::connect(site).await;
    let first = client.get("/").await;
    assert_eq!(first.body, "a");
    let cookie = first.header("set-cookie").to_owned();
    assert!(cookie.starts_with("GCLB="), "{cookie}");
    let pair = cookie.split(';').next().unwrap();
    let again = || {
        let mut request = request(Method::GET, "/", "");
        request
            .headers_mut()
            .insert("cookie", pair.parse().unwrap());
        request
    };
    for _ in 0..5 {
        let answer = client.send(again()).await;
        assert_eq!((&*answer.body, answer.header("set-cookie")), ("a", ""));
    }
    a.kill();
    let moved = client.send(again()).await;
    assert_eq!(moved.body, "b");
    assert_ne!(moved.header("set-cookie"), cookie);
}

#[tokio::test]
async fn by_client_address_every_request_goes_to_one_backend() {
    let (a, b) = (Instance::start("a"), Instance::start("b"));
    let (_balancer, site) = balancer(Service {
        affinity: Affinity::ClientIp,
        ..unchecked(vec![a.backend(), b.backend()])
    });
    let first = get_page(site, "/").await.body;
    for _ in 0..9 {
        assert_eq!(get_page(site, "/").await.body, first);
    }
}

#[tokio::test]
async fn custom_headers_are_added_in_both_directions() {
    let a = Instance::start("a");
    let headers = |line: &str| vec![CustomHeader::parse(line).unwrap()];
    let (_balancer, site) = balancer(Service {
        request_headers: headers("X-Client:{client_ip_address};{client_encrypted}"),
        response_headers: headers("X-Frame-Options:DENY"),
        ..unchecked(vec![a.backend()])
    });
    let mut forged = request(Method::GET, "/echo", "");
    forged
        .headers_mut()
        .insert("x-client", "forged".parse().unwrap());
    let answer = Client::connect(site).await.send(forged).await;
    let expected = r#""x-client": "127.0.0.1;false""#;
    assert!(answer.body.contains(expected), "{}", answer.body);
    assert!(!answer.body.contains("forged"), "{}", answer.body);
    assert_eq!(answer.header("x-frame-options"), "DENY");
}

/// A site whose page never ends: a word every few milliseconds.
fn endless() -> Router {
    let page = || async {
        let words = futures::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b"word ")), ()))
        });
        Body::from_stream(words.boxed())
    };
    Router::new().route("/", get(page))
}

#[tokio::test]
async fn an_answer_that_lasts_longer_than_the_services_time_is_cut_off_and_counted() {
    let a = Instance::serving("a", endless());
    let (balancer, site) = balancer(Service {
        timeout: Duration::from_millis(300),
        ..unchecked(vec![a.backend()])
    });
    let began = std::time::Instant::now();
    let mut client = Client::connect(site).await;
    let answer = client.begin(request(Method::GET, "/", "")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let end = guarded("the end of the answer", answer.into_body().collect()).await;
    assert!(end.is_err(), "it ends in the middle of a chunked body");
    assert!(began.elapsed() >= Duration::from_millis(300));

    until("the backend to be free", || balancer.in_flight("a") == 0).await;
    let [traffic] = &balancer.take_traffic()[..] else {
        panic!("one request")
    };
    assert_eq!((traffic.response_code, traffic.count), (200, 1));
}
