//! URL maps, as clients meet them: hosts, paths and redirects.

use crate::support::*;
use gce_emulator::balancer::{
    Balancer, HostRule, PathRule, Redirect, RoutingTable, Service, Target, UrlMap,
};
use http::{Method, StatusCode};

/// A service of one instance, named after it.
fn of(instance: &Instance) -> Service {
    Service {
        name: instance.name.clone(),
        ..unchecked(vec![instance.backend()])
    }
}

fn path(path: &str, target: Target) -> PathRule<Target> {
    PathRule {
        path: path.to_owned(),
        target,
    }
}

fn start(targets: UrlMap<Target>) -> (Balancer, std::net::SocketAddr) {
    let balancer = Balancer::start(1).unwrap();
    let frontends = vec![routing(RULE, 0, targets)];
    balancer.apply(&RoutingTable { frontends }).unwrap();
    let site = addr(&balancer, RULE);
    (balancer, site)
}

async fn get_at(site: std::net::SocketAddr, host: &str, path: &str) -> Answer {
    let mut request = request(Method::GET, path, "");
    request.headers_mut().insert("host", host.parse().unwrap());
    Client::connect(site).await.send(request).await
}

#[tokio::test]
async fn hosts_and_paths_lead_to_services_of_their_own() {
    let (rest, shop, video) = (
        Instance::start("rest"),
        Instance::start("shop"),
        Instance::start("video"),
    );
    let (balancer, site) = start(UrlMap {
        default: to(of(&rest)),
        hosts: vec![HostRule {
            hosts: vec!["shop.test".to_owned()],
            default: to(of(&shop)),
            paths: vec![path("/video/*", to(of(&video)))],
        }],
    });
    assert_eq!(get_at(site, "other.test", "/video/1").await.body, "rest");
    assert_eq!(get_at(site, "shop.test:80", "/video").await.body, "shop");
    assert_eq!(get_at(site, "shop.test", "/video/1?q").await.body, "video");

    until("the requests to be over", || {
        ["rest", "shop", "video"]
            .iter()
            .all(|name| balancer.in_flight(name) == 0)
    })
    .await;
    let taken = balancer.take_traffic();
    let rules: Vec<_> = taken
        .iter()
        .filter(|traffic| traffic.labels.service == "video")
        .map(|traffic| (&*traffic.labels.path_rule, traffic.count))
        .collect();
    assert_eq!(rules, [("/video/*", 1)]);
}

#[tokio::test]
async fn a_redirect_is_answered_on_a_connection_that_stays() {
    let a = Instance::start("a");
    let moved = Redirect {
        status: 307,
        host: Some("new.test".to_owned()),
        ..Redirect::default()
    };
    let (_balancer, site) = start(UrlMap {
        default: to(of(&a)),
        hosts: vec![HostRule {
            hosts: vec!["*".to_owned()],
            default: to(of(&a)),
            paths: vec![path("/old", Target::Redirect(moved))],
        }],
    });
    let mut client = Client::connect(site).await;
    let answer = client.get("/old?a=b").await;
    assert_eq!(answer.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(answer.header("location"), "http://new.test/old?a=b");
    assert_eq!(answer.header("cache-control"), "private");
    assert_eq!(answer.body, "");
    assert_eq!(client.get("/").await.body, "a");
}

#[tokio::test]
async fn a_target_that_does_not_exist_answers_503_beside_one_that_does() {
    let a = Instance::start("a");
    let (_balancer, site) = start(UrlMap {
        default: to(of(&a)),
        hosts: vec![HostRule {
            hosts: vec!["broken.test".to_owned()],
            default: Target::Nowhere,
            paths: Vec::new(),
        }],
    });
    let broken = get_at(site, "broken.test", "/").await;
    assert_eq!(broken.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get_at(site, "other.test", "/").await.body, "a");
}
