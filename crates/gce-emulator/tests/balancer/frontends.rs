//! Forwarding rules: how frontends come, change and go, and what they add to a request.

use crate::support::*;
use gce_emulator::balancer::{Balancer, RoutingTable, Target, UrlMap};
use http::{Method, StatusCode};

#[tokio::test]
async fn requests_go_to_every_backend_in_turn_and_the_answer_names_it() {
    let (a, b) = (Instance::start("a"), Instance::start("b"));
    let (_balancer, site) = balancer(unchecked(vec![a.backend(), b.backend()]));
    let mut served = Vec::new();
    for _ in 0..4 {
        let answer = get_page(site, "/").await;
        assert_eq!(answer.served_by(), answer.body);
        served.push(answer.body);
    }
    assert_eq!(served, ["a", "b", "a", "b"]);
}

#[tokio::test]
async fn a_backend_learns_the_client_the_protocol_and_the_proxy() {
    let a = Instance::start("a");
    let (_balancer, site) = balancer(unchecked(vec![a.backend()]));
    let mut request = request(Method::GET, "/echo?q=1", "");
    let headers = request.headers_mut();
    headers.insert("x-forwarded-for", "1.2.3.4".parse().unwrap());
    headers.insert("x-forwarded-proto", "https".parse().unwrap());
    headers.insert("via", "1.0 fred".parse().unwrap());
    let answer = Client::connect(site).await.send(request).await;
    let seen = &answer.body;
    assert!(seen.starts_with("GET /echo?q=1\n"), "{seen}");
    assert!(
        seen.contains(r#""x-forwarded-for": "1.2.3.4,127.0.0.1,127.0.0.1""#),
        "{seen}"
    );
    assert!(seen.contains(r#""x-forwarded-proto": "http""#), "{seen}");
    assert!(seen.contains(r#""via": "1.1 google""#), "{seen}");
    assert!(seen.contains(r#""x-cloud-trace-context""#), "{seen}");
    assert!(seen.contains(r#""host": "site.test""#), "{seen}");
    assert_eq!(answer.header("via"), "1.1 google");
}

#[tokio::test]
async fn connections_are_kept_on_both_sides() {
    let a = Instance::start("a");
    let (_balancer, site) = balancer(unchecked(vec![a.backend()]));
    let mut client = Client::connect(site).await;
    for _ in 0..50 {
        assert_eq!(client.get("/").await.status, StatusCode::OK);
    }
    assert_eq!(a.connections(), 1);
}

#[tokio::test]
async fn metrics_are_not_for_the_outside() {
    let a = Instance::start("a");
    let (_balancer, site) = balancer(unchecked(vec![a.backend()]));
    for path in ["/metrics", "/metrics?x=1", "/%6detrics/"] {
        let answer = get_page(site, path).await;
        assert_eq!(
            (answer.status, answer.served_by()),
            (StatusCode::NOT_FOUND, ""),
            "{path}"
        );
    }
    assert_eq!(
        get_page(site, "/metrics-explained").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn without_a_healthy_backend_the_answer_is_503() {
    let mut dead = Instance::start("dead");
    dead.kill();
    let (balancer, site) = balancer(checked(vec![dead.backend()]));
    let early = get_page(site, "/").await;
    assert_eq!(early.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(early.body, "no healthy upstream");
    until_unhealthy(&balancer, &dead).await;
    assert_eq!(
        get_page(site, "/").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
}

#[tokio::test]
async fn a_rule_whose_chain_is_broken_answers_503() {
    let balancer = Balancer::start(1).unwrap();
    let mut table = table(unchecked(vec![]));
    table.frontends[0].targets = UrlMap::to(Target::Nowhere);
    balancer.apply(&table).unwrap();
    let answer = get_page(addr(&balancer, RULE), "/").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_new_rule_gets_a_port_and_the_others_keep_theirs() {
    let (a, b) = (Instance::start("a"), Instance::start("b"));
    let (balancer, site) = balancer(unchecked(vec![a.backend()]));
    let mut client = Client::connect(site).await;
    client.get("/").await;
    let mut table = table(unchecked(vec![a.backend()]));
    table
        .frontends
        .push(frontend("second", 0, unchecked(vec![b.backend()])));
    balancer.apply(&table).unwrap();
    assert_eq!(addr(&balancer, RULE), site);
    assert_eq!(client.get("/").await.body, "a");
    assert_eq!(get_page(addr(&balancer, "second"), "/").await.body, "b");
}

#[tokio::test]
async fn a_rule_that_goes_frees_its_port_at_once_for_another_one() {
    let a = Instance::start("a");
    let (balancer, site) = balancer(unchecked(vec![a.backend()]));
    let mut idle = Client::connect(site).await;
    idle.get("/").await;
    let heir = frontend("heir", site.port(), unchecked(vec![a.backend()]));
    balancer
        .apply(&RoutingTable {
            frontends: vec![heir],
        })
        .unwrap();
    assert_eq!(addr(&balancer, "heir"), site);
    assert!(!balancer.listeners().borrow().contains_key(RULE));
    assert_eq!(get_page(site, "/").await.body, "a");
    until_closed(&mut idle).await;
}

#[tokio::test]
async fn a_taken_port_is_named_and_does_not_disturb_the_other_rules() {
    let a = Instance::start("a");
    let squatter = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = squatter.local_addr().unwrap().port();
    let balancer = Balancer::start(1).unwrap();
    let mut table = table(unchecked(vec![a.backend()]));
    table
        .frontends
        .push(frontend("unlucky", taken, unchecked(vec![a.backend()])));
    let failed = balancer.apply(&table).unwrap_err();
    assert_eq!(failed.len(), 1);
    assert!(failed[0].is_taken());
    let message = failed[0].to_string();
    let expected =
        format!("cannot listen on 127.0.0.1:{taken} for the forwarding rule \"unlucky\"");
    assert_eq!(message, expected);
    assert_eq!(get_page(addr(&balancer, RULE), "/").await.body, "a");

    drop(squatter);
    balancer.apply(&table).unwrap();
    assert_eq!(addr(&balancer, "unlucky").port(), taken);
}

#[tokio::test]
async fn changing_the_backends_drops_no_request() {
    let (a, b) = (Instance::start("a"), Instance::start("b"));
    let (balancer, site) = balancer(unchecked(vec![a.backend()]));
    let mut client = Client::connect(site).await;
    for round in 0..300 {
        let instance = if round % 2 == 0 { &b } else { &a };
        balancer
            .apply(&table(unchecked(vec![instance.backend()])))
            .unwrap();
        assert_eq!(client.get("/").await.body, instance.name);
    }
}
