#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::json;

use super::*;
use crate::balancer::{Affinity, Redirect, RedirectPath, Service, Share};
use crate::store::Write;

const ZONE: &str = "us-central1-a";

/// A store that lives as long as its directory.
struct Cloud {
    store: Store,
    _dir: tempfile::TempDir,
}

impl Cloud {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            store: Store::open(dir.path(), "p").unwrap(),
            _dir: dir,
        }
    }

    async fn put(&self, key: Key, body: Value) {
        let Value::Object(body) = body else {
            panic!("a resource is an object")
        };
        self.store
            .commit(vec![Write::Put(Resource::new(key, body))])
            .await
            .unwrap();
    }

    /// Gives a group these named ports.
    async fn name_ports(&self, group: &str, names: &[&str]) {
        let ports: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
        let key = Key::zonal(Kind::InstanceGroup, ZONE, group);
        self.put(key, json!({ "namedPorts": ports })).await;
    }

    fn url(&self, kind: Kind, name: &str) -> String {
        self.store.url(&Key::global(kind, name))
    }

    /// The whole chain, of resources named after their kind.
    async fn with_chain(self) -> Self {
        let group = self
            .store
            .url(&Key::zonal(Kind::InstanceGroup, ZONE, "group"));
        let check = json!({
            "checkIntervalSec": 7, "timeoutSec": 3, "healthyThreshold": 1, "unhealthyThreshold": 4,
            "httpHealthCheck": { "requestPath": "/health", "port": 5000 },
        });
        self.put(Key::global(Kind::HealthCheck, "check"), check)
            .await;
        self.name_ports("group", &["http"]).await;
        let service = json!({
            "timeoutSec": 12, "connectionDraining": { "drainingTimeoutSec": 20 },
            "backends": [{ "group": group }], "healthChecks": [self.url(Kind::HealthCheck, "check")],
        });
        self.put(Key::global(Kind::BackendService, "service"), service)
            .await;
        let map = json!({ "defaultService": self.url(Kind::BackendService, "service") });
        self.put(Key::global(Kind::UrlMap, "map"), map).await;
        let proxy = json!({ "urlMap": self.url(Kind::UrlMap, "map") });
        self.put(Key::global(Kind::TargetHttpProxy, "proxy"), proxy)
            .await;
        let rule = json!({ "target": self.url(Kind::TargetHttpProxy, "proxy") });
        self.put(Key::global(Kind::ForwardingRule, "site"), rule)
            .await;
        self
    }
}

fn service_of(target: &Target) -> &Service {
    match target {
        Target::Service(service) => service,
        other => panic!("{other:?} is no service"),
    }
}

fn site(rule: &str) -> Site {
    Site {
        rule: rule.to_owned(),
        port: 8080,
    }
}

fn endpoint(instance: &str, group: &str, port: u16) -> Endpoint {
    Endpoint {
        instance: instance.to_owned(),
        group: Key::zonal(Kind::InstanceGroupManager, ZONE, group),
        listens: Listens {
            addr: ([127, 0, 0, 1], port).into(),
            port: None,
            second: None,
        },
        draining: false,
    }
}

#[tokio::test]
async fn a_named_port_leads_to_the_program_that_listens_on_it() {
    let cloud = Cloud::new().with_chain().await;
    let ports = [("http", 5000), ("console", 5001), ("other", 5002)];
    let ports = ports.map(|(name, port)| json!({ "name": name, "port": port }));
    let key = Key::zonal(Kind::InstanceGroup, ZONE, "group");
    let group = cloud.store.url(&key);
    cloud.put(key, json!({ "namedPorts": ports })).await;
    let mut two = endpoint("a", "group", 1);
    two.listens.port = Some(5000);
    two.listens.second = Some((5001, ([127, 0, 0, 1], 2).into()));
    for (name, expected) in [("http", 1), ("console", 2), ("other", 0)] {
        let service = json!({ "portName": name, "backends": [{ "group": group }] });
        let key = Key::global(Kind::BackendService, "service");
        cloud.put(key, service).await;
        let table = table(&cloud.store, std::slice::from_ref(&two), None);
        let service = service_of(&table.frontends[0].targets.default);
        let backend = &service.groups[0].instances[0];
        assert_eq!(backend.addr.port(), expected, "{name}");
    }
}

#[tokio::test]
async fn a_rule_leads_to_the_instances_of_its_group() {
    let cloud = Cloud::new().with_chain().await;
    let leaving = Endpoint {
        draining: true,
        ..endpoint("b", "group", 2)
    };
    let endpoints = [
        endpoint("a", "group", 1),
        leaving,
        endpoint("stranger", "other", 3),
    ];
    let table = table(&cloud.store, &endpoints, Some(&site("site")));

    let [frontend] = &table.frontends[..] else {
        panic!("{table:?}")
    };
    assert_eq!((&*frontend.rule, frontend.port), ("site", 8080));
    assert_eq!(
        (&*frontend.target_proxy, &*frontend.url_map),
        ("proxy", "map")
    );
    let service = service_of(&frontend.targets.default);
    assert_eq!(service.timeout, Duration::from_secs(12));
    assert_eq!(service.draining_timeout, Duration::from_secs(20));
    let seen: Vec<_> = service
        .groups
        .iter()
        .flat_map(|group| &group.instances)
        .map(|b| (&*b.instance, b.addr.port(), b.draining))
        .collect();
    assert_eq!(seen, [("a", 1, false), ("b", 2, true)]);
    let group = &service.groups[0];
    assert_eq!((&*group.name, &*group.zone), ("group", ZONE));
}

#[tokio::test]
async fn the_check_is_read_with_its_thresholds_and_probes_the_serving_port() {
    let cloud = Cloud::new().with_chain().await;
    let table = table(&cloud.store, &[], None);
    let service = service_of(&table.frontends[0].targets.default);
    let check = service.check.clone().unwrap();
    let expected = Check {
        name: "check".to_owned(),
        interval: Duration::from_secs(7),
        timeout: Duration::from_secs(3),
        healthy_threshold: 1,
        unhealthy_threshold: 4,
        path: "/health".to_owned(),
        host: None,
        port: None,
    };
    assert_eq!(check, expected);
}

#[tokio::test]
async fn a_rule_without_a_port_of_its_own_gets_a_free_one() {
    let cloud = Cloud::new().with_chain().await;
    assert_eq!(table(&cloud.store, &[], None).frontends[0].port, 0);
}

#[tokio::test]
async fn the_port_of_a_site_without_a_rule_is_held() {
    let cloud = Cloud::new();
    let table = table(&cloud.store, &[], Some(&site("later")));
    let [frontend] = &table.frontends[..] else {
        panic!("{table:?}")
    };
    assert_eq!(
        (&*frontend.rule, frontend.port, &frontend.targets.default),
        ("later", 8080, &Target::Nowhere)
    );
}

#[tokio::test]
async fn a_broken_chain_is_a_frontend_without_a_service() {
    let cloud = Cloud::new();
    let rule = json!({ "target": cloud.url(Kind::TargetHttpProxy, "nowhere") });
    cloud
        .put(Key::global(Kind::ForwardingRule, "site"), rule)
        .await;
    let table = table(&cloud.store, &[], None);
    assert_eq!(table.frontends[0].targets, UrlMap::to(Target::Nowhere));
    assert_eq!(table.frontends[0].target_proxy, "");
}

#[tokio::test]
async fn a_regional_rule_of_the_same_name_is_another_frontend() {
    let cloud = Cloud::new().with_chain().await;
    let region = Scope::Region("us-central1".to_owned());
    cloud
        .put(Key::new(Kind::ForwardingRule, region, "site"), json!({}))
        .await;
    let table = table(&cloud.store, &[], None);
    let mut rules: Vec<_> = table
        .frontends
        .iter()
        .map(|frontend| &*frontend.rule)
        .collect();
    rules.sort_unstable();
    assert_eq!(rules, ["site", "us-central1/site"]);
}

#[tokio::test]
async fn a_group_drains_as_long_as_the_most_patient_of_its_services() {
    let cloud = Cloud::new().with_chain().await;
    let group = Key::zonal(Kind::InstanceGroupManager, ZONE, "group");
    let backends = json!([{ "group": cloud.store.url(&group) }]);
    let patient = json!({
        "backends": backends, "connectionDraining": { "drainingTimeoutSec": 300 },
    });
    cloud
        .put(Key::global(Kind::BackendService, "patient"), patient)
        .await;
    assert_eq!(
        draining_timeout(&cloud.store, &group),
        Duration::from_mins(5)
    );
    let stranger = Key::zonal(Kind::InstanceGroupManager, ZONE, "stranger");
    assert_eq!(draining_timeout(&cloud.store, &stranger), Duration::ZERO);
}

/// The service `service` after its fields were overwritten.
async fn service_with(cloud: &Cloud, fields: Value) -> Arc<Service> {
    let key = Key::global(Kind::BackendService, "service");
    let mut body = cloud.store.get(&key).unwrap().body.clone();
    body.extend(fields.as_object().unwrap().clone());
    cloud.put(key, Value::Object(body)).await;
    let table = table(&cloud.store, &[endpoint("a", "group", 1)], None);
    match &table.frontends[0].targets.default {
        Target::Service(service) => Arc::clone(service),
        other => panic!("{other:?} is no service"),
    }
}

#[tokio::test]
async fn a_group_without_the_services_port_has_no_backends() {
    let cloud = Cloud::new().with_chain().await;
    let count = |service: &Service| service.groups[0].instances.len();
    assert_eq!(count(&*service_with(&cloud, json!({})).await), 1);
    let other = json!({ "portName": "admin" });
    assert_eq!(count(&*service_with(&cloud, other.clone()).await), 0);
    cloud.name_ports("group", &["http", "admin"]).await;
    assert_eq!(count(&*service_with(&cloud, other).await), 1);
}

#[tokio::test]
async fn the_balancing_mode_and_the_scaler_give_a_group_its_share() {
    let cloud = Cloud::new().with_chain().await;
    let group = cloud
        .store
        .url(&Key::zonal(Kind::InstanceGroup, ZONE, "group"));
    let cases = [
        (json!({}), 0.8, 0.0),
        (
            json!({ "maxUtilization": 0.5, "capacityScaler": 0.5 }),
            0.25,
            0.0,
        ),
        (
            json!({ "balancingMode": "RATE", "maxRate": 100, "capacityScaler": 0.1 }),
            0.0,
            10.0,
        ),
        (
            json!({ "balancingMode": "RATE", "maxRatePerInstance": 20.0 }),
            20.0,
            0.0,
        ),
        (json!({ "capacityScaler": 0 }), 0.0, 0.0),
    ];
    for (mut backend, per_instance, whole) in cases {
        backend["group"] = json!(group);
        let service = service_with(&cloud, json!({ "backends": [backend] })).await;
        let expected = Share {
            per_instance,
            whole,
        };
        assert_eq!(service.groups[0].share, expected, "{backend}");
    }
}

#[tokio::test]
async fn rates_beside_utilizations_leave_every_instance_the_same_share() {
    let cloud = Cloud::new().with_chain().await;
    let backend = |mode: &str, scaler: f64| {
        let group = Key::zonal(Kind::InstanceGroup, ZONE, "group");
        json!({ "group": cloud.store.url(&group), "balancingMode": mode, "maxRate": 50,
                "capacityScaler": scaler })
    };
    let backends = json!([backend("RATE", 1.0), backend("UTILIZATION", 0.5)]);
    let service = service_with(&cloud, json!({ "backends": backends })).await;
    let shares: Vec<f64> = service
        .groups
        .iter()
        .map(|g| g.share.per_instance)
        .collect();
    assert_eq!(shares, [1.0, 0.5]);
}

#[tokio::test]
async fn affinity_is_read_with_its_cookie() {
    let cloud = Cloud::new().with_chain().await;
    let cookie = json!({ "sessionAffinity": "GENERATED_COOKIE", "affinityCookieTtlSec": 60 });
    let expected = Affinity::GeneratedCookie {
        name: "GCLB",
        ttl: Some(Duration::from_mins(1)),
    };
    assert_eq!(service_with(&cloud, cookie).await.affinity, expected);
    let address = json!({ "sessionAffinity": "CLIENT_IP" });
    assert_eq!(
        service_with(&cloud, address).await.affinity,
        Affinity::ClientIp
    );
    let header = json!({ "sessionAffinity": "HEADER_FIELD",
                         "consistentHash": { "httpHeaderName": "x-user" } });
    let expected = Affinity::Header("x-user".to_owned());
    assert_eq!(service_with(&cloud, header).await.affinity, expected);
}

#[tokio::test]
async fn a_url_map_is_read_with_its_hosts_paths_and_redirects() {
    let cloud = Cloud::new().with_chain().await;
    let service = cloud.url(Kind::BackendService, "service");
    let map = json!({
        "defaultUrlRedirect": { "httpsRedirect": true, "stripQuery": true },
        "hostRules": [{ "hosts": ["Shop.test"], "pathMatcher": "shop" }],
        "pathMatchers": [{
            "name": "shop",
            "defaultService": service,
            "pathRules": [
                { "paths": ["/old/*"], "urlRedirect":
                    { "prefixRedirect": "/new/", "redirectResponseCode": "FOUND" } },
                { "paths": ["/gone"], "service": cloud.url(Kind::BackendService, "gone") },
            ],
        }],
    });
    cloud.put(Key::global(Kind::UrlMap, "map"), map).await;
    let table = table(&cloud.store, &[], None);
    let targets = &table.frontends[0].targets;
    let to_https = Redirect {
        status: 301,
        https: true,
        strip_query: true,
        ..Redirect::default()
    };
    assert_eq!(targets.find("elsewhere", "/"), &Target::Redirect(to_https));
    assert_eq!(service_of(targets.find("shop.test", "/")).name, "service");
    assert_eq!(targets.find("shop.test", "/gone"), &Target::Nowhere);
    let moved = Redirect {
        status: 302,
        path: Some(RedirectPath::Prefix("/new/".to_owned())),
        ..Redirect::default()
    };
    assert_eq!(
        targets.find("shop.test", "/old/a"),
        &Target::Redirect(moved)
    );
}

/// A secure rule at `address`, with a certificate of this body.
async fn secure_rule(cloud: &Cloud, address: &str, certificate: Value) {
    cloud
        .put(
            Key::global(Kind::SslCertificate, "certificate"),
            certificate,
        )
        .await;
    let proxy = json!({
        "urlMap": cloud.url(Kind::UrlMap, "map"),
        "sslCertificates": [cloud.url(Kind::SslCertificate, "certificate")],
    });
    cloud
        .put(Key::global(Kind::TargetHttpsProxy, "secure"), proxy)
        .await;
    let target = cloud.url(Kind::TargetHttpsProxy, "secure");
    let rule = json!({ "target": target, "IPAddress": address });
    cloud
        .put(Key::global(Kind::ForwardingRule, "secure"), rule)
        .await;
}

#[tokio::test]
async fn a_secure_proxy_brings_its_certificates() {
    let cloud = Cloud::new().with_chain().await;
    let managed = json!({ "type": "MANAGED", "managed": { "domains": ["a.test"] } });
    let own = json!({ "certificate": "chain", "privateKey": "key" });
    let cases = [
        (
            managed,
            Certificate::Managed {
                domains: vec!["a.test".to_owned()],
            },
        ),
        (
            own,
            Certificate::Given {
                chain: "chain".to_owned(),
                key: "key".to_owned(),
            },
        ),
    ];
    for (body, expected) in cases {
        secure_rule(&cloud, "203.0.113.1", body).await;
        let table = table(&cloud.store, &[], None);
        let rule = |name: &str| {
            let found = table
                .frontends
                .iter()
                .find(|frontend| frontend.rule == name);
            found.unwrap()
        };
        assert_eq!(rule("secure").certificates, [expected]);
        assert_eq!(rule("secure").url_map, "map");
        assert_eq!(rule("site").certificates, []);
    }
}

#[tokio::test]
async fn a_plain_rule_knows_the_secure_one_of_its_address() {
    let cloud = Cloud::new().with_chain().await;
    let target = cloud.url(Kind::TargetHttpProxy, "proxy");
    let plain = json!({ "target": target, "IPAddress": "203.0.113.1" });
    cloud
        .put(Key::global(Kind::ForwardingRule, "site"), plain)
        .await;
    for (address, twin) in [
        ("203.0.113.1", Some("secure".to_owned())),
        ("203.0.113.2", None),
    ] {
        secure_rule(&cloud, address, json!({})).await;
        let table = table(&cloud.store, &[], None);
        let site = table.frontends.iter().find(|f| f.rule == "site").unwrap();
        assert_eq!(site.secure_twin, twin, "{address}");
    }
}
