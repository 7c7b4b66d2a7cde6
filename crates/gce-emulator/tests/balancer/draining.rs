//! Leaving: of an instance, and of the balancer itself.

use std::sync::Arc;
use std::time::Duration;

use crate::support::*;
use axum::Router;
use axum::routing::get;
use gce_emulator::balancer::Balancer;
use http::{Method, StatusCode};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// An instance whose `/slow` waits for a permit.
fn slow(name: &str) -> (Instance, Arc<Semaphore>) {
    let permits = Arc::new(Semaphore::new(0));
    let waiting = Arc::clone(&permits);
    let page = move || async move {
        waiting.acquire().await.unwrap().forget();
        "slow"
    };
    let site = site(name).merge(Router::new().route("/slow", get(page)));
    (Instance::serving(name, site), permits)
}

/// A request that is under way at `name`.
async fn under_way(
    balancer: &Balancer,
    site: std::net::SocketAddr,
    name: &str,
) -> JoinHandle<Answer> {
    // The last request may have been answered and not be counted off yet.
    until("the backend to be idle", || balancer.in_flight(name) == 0).await;
    let request = tokio::spawn(async move { get_page(site, "/slow").await });
    until("the request to be under way", || {
        balancer.in_flight(name) == 1
    })
    .await;
    request
}

#[tokio::test]
async fn a_draining_backend_finishes_what_it_has_and_gets_nothing_new() {
    let (a, permits) = slow("a");
    let b = Instance::start("b");
    let (balancer, site) = balancer(unchecked(vec![a.backend()]));
    let mut pooled = Client::connect(site).await;
    assert_eq!(pooled.get("/").await.body, "a");
    let request = under_way(&balancer, site, "a").await;

    balancer
        .apply(&table(unchecked(vec![a.draining(), b.backend()])))
        .unwrap();
    for _ in 0..10 {
        assert_eq!(pooled.get("/").await.body, "b");
    }
    assert_eq!(balancer.in_flight("a"), 1);

    permits.add_permits(1);
    assert_eq!(request.await.unwrap().body, "slow");
    until("the backend to be drained", || balancer.in_flight("a") == 0).await;
}

#[tokio::test]
async fn an_instance_that_has_left_the_table_is_counted_until_it_is_idle() {
    let (a, permits) = slow("a");
    let (balancer, site) = balancer(unchecked(vec![a.backend()]));
    let request = under_way(&balancer, site, "a").await;
    balancer.apply(&table(unchecked(vec![]))).unwrap();
    assert_eq!(balancer.in_flight("a"), 1);
    assert_eq!(
        get_page(site, "/").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    permits.add_permits(1);
    assert_eq!(request.await.unwrap().body, "slow");
    until("the instance to be idle", || balancer.in_flight("a") == 0).await;
}

#[tokio::test]
async fn a_rule_that_goes_lets_its_requests_finish() {
    let (a, permits) = slow("a");
    let (balancer, site) = balancer(unchecked(vec![a.backend()]));
    let request = under_way(&balancer, site, "a").await;
    balancer
        .apply(&gce_emulator::balancer::RoutingTable::default())
        .unwrap();
    assert!(tokio::net::TcpStream::connect(site).await.is_err());
    permits.add_permits(1);
    assert_eq!(request.await.unwrap().body, "slow");
}

#[tokio::test]
async fn a_shutdown_lets_requests_finish_and_accepts_no_more() {
    let (a, permits) = slow("a");
    let (balancer, site) = balancer(unchecked(vec![a.backend()]));
    let mut idle = Client::connect(site).await;
    idle.get("/").await;
    let request = under_way(&balancer, site, "a").await;
    let shutdown = tokio::spawn(async move { balancer.shutdown(Duration::from_mins(2)).await });
    until("the port to be closed", || {
        std::net::TcpStream::connect(site).is_err()
    })
    .await;
    until_closed(&mut idle).await;
    permits.add_permits(1);
    assert_eq!(request.await.unwrap().body, "slow");
    guarded("the shutdown", shutdown).await.unwrap();
}

#[tokio::test]
async fn a_shutdown_cuts_what_does_not_finish() {
    let (a, _permits) = slow("a");
    let (balancer, site) = balancer(unchecked(vec![a.backend()]));
    let mut client = Client::connect(site).await;
    let request = tokio::spawn(async move {
        client
            .try_send(request(Method::GET, "/slow", ""))
            .await
            .is_err()
    });
    until("the request to be under way", || {
        balancer.in_flight("a") == 1
    })
    .await;
    guarded("the shutdown", balancer.shutdown(Duration::from_millis(10))).await;
    assert!(request.await.unwrap());
}
