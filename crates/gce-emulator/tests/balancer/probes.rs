//! The prober against real servers.

use std::time::Duration;

use crate::support::*;
use axum::Router;
use axum::http::HeaderMap as AxumHeaders;
use axum::routing::get;
use gce_emulator::prober::{Check, Health, Prober, Target};
use http::StatusCode;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

fn target(instance: &Instance, check: Check) -> Target {
    Target {
        check,
        instance: instance.name.clone(),
        addr: instance.addr,
    }
}

async fn until_health(prober: &Prober, instance: &Instance, health: Health) {
    let mut states = prober.health();
    let reached = states.wait_for(|map| {
        map.get(CHECK, &instance.name)
            .is_some_and(|state| state.health == health)
    });
    guarded("a verdict", reached).await.unwrap();
}

/// An instance whose `/health` answers with whatever status was set last.
fn moody(name: &str) -> (Instance, watch::Sender<StatusCode>) {
    let (mood, current) = watch::channel(StatusCode::OK);
    let page = move || std::future::ready(*current.borrow());
    (
        Instance::serving(name, Router::new().route("/health", get(page))),
        mood,
    )
}

#[tokio::test]
async fn health_follows_the_answers() {
    let (a, mood) = moody("a");
    let prober = Prober::new(Handle::current(), 1);
    let thresholds = Check {
        healthy_threshold: 2,
        unhealthy_threshold: 3,
        ..check()
    };
    prober.set_targets([target(&a, thresholds)]);
    assert_eq!(
        prober.health().borrow().get(CHECK, "a").unwrap().health,
        Health::Unknown
    );
    until_health(&prober, &a, Health::Healthy).await;
    mood.send_replace(StatusCode::SERVICE_UNAVAILABLE);
    until_health(&prober, &a, Health::Unhealthy).await;
    mood.send_replace(StatusCode::OK);
    until_health(&prober, &a, Health::Healthy).await;
}

#[tokio::test]
async fn only_200_is_a_success() {
    let (a, mood) = moody("a");
    mood.send_replace(StatusCode::NO_CONTENT);
    let prober = Prober::new(Handle::current(), 1);
    prober.set_targets([target(&a, check())]);
    until_health(&prober, &a, Health::Unhealthy).await;
}

#[tokio::test]
async fn a_server_that_never_answers_is_unhealthy() {
    let silent = Instance::raw("silent", |stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    });
    let prober = Prober::new(Handle::current(), 1);
    prober.set_targets([target(
        &silent,
        Check {
            timeout: Duration::from_millis(20),
            ..check()
        },
    )]);
    until_health(&prober, &silent, Health::Unhealthy).await;
}

#[tokio::test]
async fn a_probe_looks_like_one_of_googles() {
    let (seen, mut probes) = mpsc::channel(1);
    let page = move |headers: AxumHeaders| async move { drop(seen.try_send(headers)) };
    let a = Instance::serving("a", Router::new().route("/health", get(page)));
    let prober = Prober::new(Handle::current(), 1);
    prober.set_targets([target(&a, check())]);
    let headers = guarded("a probe", probes.recv()).await.unwrap();
    assert_eq!(headers["user-agent"], "GoogleHC/1.0");
    assert_eq!(headers["host"], "127.0.0.1");
}

#[tokio::test]
async fn intervals_shrink_with_the_speed_of_the_clock() {
    let a = Instance::start("a");
    let prober = Prober::new(Handle::current(), 60);
    let check = Check {
        interval: Duration::from_secs(6),
        healthy_threshold: 20,
        ..check()
    };
    prober.set_targets([target(&a, check)]);
    until_health(&prober, &a, Health::Healthy).await;
    assert!(a.connections() >= 20);
}

/// Waits until the instance has been probed `count` more times.
async fn probed_again(instance: &Instance, count: usize) {
    let aim = instance.connections() + count;
    until("probes", || instance.connections() >= aim).await;
}

#[tokio::test]
async fn an_instance_that_left_is_forgotten_and_probed_no_more() {
    let (a, b) = (Instance::start("a"), Instance::start("b"));
    let prober = Prober::new(Handle::current(), 1);
    prober.set_targets([target(&a, check()), target(&b, check())]);
    until_health(&prober, &a, Health::Healthy).await;
    prober.set_targets([target(&b, check())]);
    assert!(prober.health().borrow().get(CHECK, "a").is_none());
    // What was on its way may still arrive; then b is probed ten times, and a not once.
    probed_again(&b, 2).await;
    let before = a.connections();
    probed_again(&b, 10).await;
    assert_eq!(a.connections(), before);
}

#[tokio::test]
async fn editing_a_check_keeps_the_verdict_and_a_new_address_does_not() {
    let (a, b) = (Instance::start("a"), Instance::start("b"));
    let prober = Prober::new(Handle::current(), 1);
    prober.set_targets([target(&a, check())]);
    until_health(&prober, &a, Health::Healthy).await;
    let patient = Check {
        interval: Duration::from_hours(1),
        healthy_threshold: 9,
        ..check()
    };
    prober.set_targets([target(&a, patient.clone())]);
    assert!(prober.health().borrow().is_healthy(CHECK, "a"));
    let moved = Target {
        addr: b.addr,
        ..target(&a, patient)
    };
    prober.set_targets([moved]);
    assert_eq!(
        prober.health().borrow().get(CHECK, "a").unwrap().health,
        Health::Unknown
    );
}
