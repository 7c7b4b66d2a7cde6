//! Backends that die: what is retried, what is not, and what the client is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::*;
use gce_emulator::balancer::Service;
use http::{Method, StatusCode};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

/// An instance that reads a request and hangs up; the counter counts the requests.
fn hanging_up(name: &str) -> (Instance, Arc<AtomicUsize>) {
    let requests = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&requests);
    let instance = Instance::raw(name, move |mut stream| {
        let counter = Arc::clone(&counter);
        async move {
            read_head(&mut stream).await;
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    (instance, requests)
}

fn dead(name: &str) -> Instance {
    let mut instance = Instance::start(name);
    instance.kill();
    instance
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_idempotent_request_fails_while_instances_die_and_come_back() {
    let mut fleet: Vec<Instance> = ["a", "b", "c"].map(Instance::start).into();
    let backends = fleet.iter().map(Instance::backend).collect();
    let (balancer, site) = balancer(checked(backends));
    until_healthy(&balancer, &fleet.iter().collect::<Vec<_>>()).await;

    let over = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for _ in 0..8 {
        let over = Arc::clone(&over);
        clients.spawn(async move {
            let mut client = Client::connect(site).await;
            let mut done = 0;
            while done < 1000 || !over.load(Ordering::SeqCst) {
                let answer = client.get("/").await;
                assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
                done += 1;
            }
            done
        });
    }
    for round in 0..30 {
        let at = round % fleet.len();
        fleet[at].kill();
        // Half of the time the others have to carry on until the prober has noticed.
        if round % 2 == 0 {
            until_unhealthy(&balancer, &fleet[at]).await;
        }
        fleet[at].restart();
        until_healthy(&balancer, &fleet.iter().collect::<Vec<_>>()).await;
    }
    over.store(true, Ordering::SeqCst);
    let done: usize = guarded("the clients", clients.join_all())
        .await
        .into_iter()
        .sum();
    assert!(done >= 8000);
}

#[tokio::test]
async fn a_get_whose_backend_hangs_up_is_answered_by_another() {
    let (bad, seen) = hanging_up("bad");
    let good = Instance::start("good");
    let (_balancer, site) = balancer(unchecked(vec![bad.backend(), good.backend()]));
    for _ in 0..4 {
        assert_eq!(get_page(site, "/").await.body, "good");
    }
    assert!(seen.load(Ordering::SeqCst) > 0);
}

#[tokio::test]
async fn a_put_is_repeated_with_its_body() {
    let (bad, _) = hanging_up("bad");
    let good = Instance::start("good");
    let (_balancer, site) = balancer(unchecked(vec![bad.backend(), good.backend()]));
    for _ in 0..2 {
        let answer = send(site, Method::PUT, "/echo", "the body").await;
        assert!(answer.body.ends_with("the body"), "{}", answer.body);
        assert_eq!(answer.served_by(), "good");
    }
}

#[tokio::test]
async fn a_post_that_reached_a_backend_is_never_repeated() {
    let (bad, seen) = hanging_up("bad");
    let good = Instance::start("good");
    let (_balancer, site) = balancer(unchecked(vec![bad.backend(), good.backend()]));
    let mut statuses = Vec::new();
    for _ in 0..2 {
        statuses.push(send(site, Method::POST, "/echo", "order").await.status);
    }
    assert_eq!(statuses, [StatusCode::BAD_GATEWAY, StatusCode::OK]);
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_post_that_reached_nobody_goes_to_another_backend() {
    let (gone, good) = (dead("gone"), Instance::start("good"));
    let (_balancer, site) = balancer(unchecked(vec![gone.backend(), good.backend()]));
    for _ in 0..4 {
        let answer = send(site, Method::POST, "/echo", "order").await;
        assert!(answer.body.ends_with("order"), "{}", answer.body);
    }
}

#[tokio::test]
async fn when_every_backend_fails_the_answer_is_502() {
    let (first, seen_first) = hanging_up("first");
    let (second, seen_second) = hanging_up("second");
    let (_balancer, site) = balancer(unchecked(vec![first.backend(), second.backend()]));
    let answer = get_page(site, "/").await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    assert_eq!(answer.header("content-type"), "text/html; charset=UTF-8");
    assert!(answer.body.contains("502 Server Error"), "{}", answer.body);
    let seen = (
        seen_first.load(Ordering::SeqCst),
        seen_second.load(Ordering::SeqCst),
    );
    assert_eq!(seen, (1, 1), "each backend is asked once");
}

#[tokio::test]
async fn a_request_whose_answer_has_begun_is_not_repeated() {
    let half = Instance::raw("half", |mut stream| async move {
        read_head(&mut stream).await;
        let begun = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf an answer";
        stream.write_all(begun).await.unwrap();
    });
    let good = Instance::start("good");
    let (_balancer, site) = balancer(unchecked(vec![half.backend(), good.backend()]));
    let mut client = Client::connect(site).await;
    assert!(
        client
            .try_send(request(Method::GET, "/", ""))
            .await
            .is_err()
    );
    assert_eq!(get_page(site, "/").await.body, "good");
}

#[tokio::test]
async fn a_backend_that_does_not_answer_in_time_gives_504_and_is_asked_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let silent = Instance::raw("silent", move |mut stream| {
        let counter = Arc::clone(&counter);
        async move {
            read_head(&mut stream).await;
            counter.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
    });
    let service = unchecked(vec![silent.backend()]);
    let (_balancer, site) = balancer(Service {
        timeout: Duration::from_millis(50),
        ..service
    });
    let answer = get_page(site, "/").await;
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(answer.body, "upstream request timeout");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_only_backend_is_asked_again_when_it_closed_an_idle_connection() {
    // Keep-alive is announced, and the connection dies under the second request.
    let fickle = Instance::raw("fickle", |mut stream| async move {
        read_head(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            .await
            .unwrap();
        read_head(&mut stream).await;
    });
    let (_balancer, site) = balancer(unchecked(vec![fickle.backend()]));
    let mut client = Client::connect(site).await;
    for _ in 0..20 {
        assert_eq!(client.get("/").await.body, "ok");
    }
}

#[tokio::test]
async fn a_backend_that_refused_is_left_alone_until_a_probe_gets_through() {
    // Probed on another port than it serves on, so that it stays healthy while it refuses.
    let probed = Instance::start("probed");
    let (mut gone, good) = (dead("gone"), Instance::start("good"));
    let mut service = checked(vec![gone.backend(), good.backend()]);
    let check = service.check.as_mut().unwrap();
    check.port = Some(probed.addr.port());
    check.interval = Duration::from_hours(1);
    let (balancer, site) = balancer(service.clone());
    until_healthy(&balancer, &[&gone, &good]).await;
    let mut client = Client::connect(site).await;
    for _ in 0..2 {
        assert_eq!(client.get("/").await.body, "good");
    }

    gone.restart();
    for _ in 0..10 {
        assert_eq!(client.get("/").await.body, "good");
    }
    assert_eq!(
        gone.connections(),
        0,
        "it could be asked, but no probe has said so"
    );

    service.check.as_mut().unwrap().interval = Duration::from_millis(10);
    balancer.apply(&table(service)).unwrap();
    let back = async { while client.get("/").await.body != "gone" {} };
    guarded("the backend to be asked again", back).await;
}
