//! The balancer follows the resources: from a store and a fleet to answers.

use std::sync::Arc;

use crate::support::*;
use gce_emulator::balancer::Balancer;
use gce_emulator::resource::{Key, Kind, Resource};
use gce_emulator::routing::{Endpoint, Listens, Router, Site};
use gce_emulator::store::{Store, Write};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::watch;

fn put_at(key: Key, body: Value) -> Write {
    let Value::Object(body) = body else {
        panic!("a resource is an object")
    };
    Write::Put(Resource::new(key, body))
}

fn put(kind: Kind, name: &str, body: Value) -> Write {
    put_at(Key::global(kind, name), body)
}

fn group() -> Key {
    Key::zonal(Kind::InstanceGroup, "us-central1-a", "group")
}

/// Everything between a forwarding rule and its group.
fn chain(store: &Store) -> Vec<Write> {
    let url = |kind, name| store.url(&Key::global(kind, name));
    let service = json!({ "backends": [{ "group": store.url(&group()) }] });
    let map = json!({ "defaultService": url(Kind::BackendService, "service") });
    let proxy = json!({ "urlMap": url(Kind::UrlMap, "map") });
    let rule = json!({ "target": url(Kind::TargetHttpProxy, "proxy") });
    let ports = json!({ "namedPorts": [{ "name": "http", "port": 5000 }] });
    vec![
        put_at(group(), ports),
        put(Kind::BackendService, "service", service),
        put(Kind::UrlMap, "map", map),
        put(Kind::TargetHttpProxy, "proxy", proxy),
        put(Kind::ForwardingRule, RULE, rule),
    ]
}

fn endpoint(instance: &Instance) -> Endpoint {
    Endpoint {
        instance: instance.name.clone(),
        group: group(),
        listens: Listens {
            addr: instance.addr,
            port: None,
            second: None,
        },
        draining: false,
    }
}

fn router(
    balancer: &Arc<Balancer>,
    store: &Store,
    instances: &watch::Receiver<Vec<Endpoint>>,
) -> Router {
    let site = Site {
        rule: RULE.to_owned(),
        port: 0,
    };
    let router = Router::new(Arc::clone(balancer), store.clone(), Some(site));
    let instances = instances.clone();
    router.attach(move || instances.borrow().clone());
    router
}

async fn until_status(balancer: &Balancer, status: StatusCode) {
    let answered = async {
        while get_page(addr(balancer, RULE), "/").await.status != status {
            tokio::task::yield_now().await;
        }
    };
    guarded("the status", answered).await;
}

#[tokio::test]
async fn resources_and_instances_change_the_traffic_without_a_call() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), "p").unwrap();
    let balancer = Arc::new(Balancer::start(1).unwrap());
    let (fleet, instances) = watch::channel(Vec::new());
    let router = router(&balancer, &store, &instances);
    let following = tokio::spawn(async move { router.follow(instances).await });
    let mut listeners = balancer.listeners();
    guarded(
        "the site's port",
        listeners.wait_for(|all| all.contains_key(RULE)),
    )
    .await
    .unwrap();
    until_status(&balancer, StatusCode::SERVICE_UNAVAILABLE).await;

    store.commit(chain(&store)).await.unwrap();
    let a = Instance::start("a");
    fleet.send_replace(vec![endpoint(&a)]);
    until_status(&balancer, StatusCode::OK).await;

    store
        .commit(vec![Write::Delete(Key::global(Kind::UrlMap, "map"))])
        .await
        .unwrap();
    until_status(&balancer, StatusCode::SERVICE_UNAVAILABLE).await;

    drop(fleet);
    guarded("the end of following", following).await.unwrap();
}

#[tokio::test]
async fn after_a_refresh_a_draining_instance_gets_nothing_new() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), "p").unwrap();
    store.commit(chain(&store)).await.unwrap();
    let balancer = Arc::new(Balancer::start(1).unwrap());
    let (a, b) = (Instance::start("a"), Instance::start("b"));
    let (fleet, instances) = watch::channel(vec![endpoint(&a), endpoint(&b)]);
    let router = router(&balancer, &store, &instances);
    router.refresh().unwrap();
    let mut client = Client::connect(addr(&balancer, RULE)).await;
    client.get("/").await;

    fleet.send_modify(|endpoints| endpoints[0].draining = true);
    router.refresh().unwrap();
    for _ in 0..10 {
        assert_eq!(client.get("/").await.body, "b");
    }
}

#[tokio::test]
async fn a_taken_site_port_is_known_before_anything_is_started() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), "p").unwrap();
    let balancer = Arc::new(Balancer::start(1).unwrap());
    let squatter = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let site = Site {
        rule: RULE.to_owned(),
        port: squatter.local_addr().unwrap().port(),
    };
    let router = Router::new(balancer, store, Some(site));
    assert!(router.refresh().unwrap_err()[0].is_taken());
}
