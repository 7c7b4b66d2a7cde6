#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::json;

use super::*;
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
        addr: ([127, 0, 0, 1], port).into(),
        draining: false,
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
    let service = frontend.service.as_ref().unwrap();
    assert_eq!(service.timeout, Duration::from_secs(12));
    assert_eq!(service.draining_timeout, Duration::from_secs(20));
    let seen: Vec<_> = service
        .backends
        .iter()
        .map(|b| (&*b.instance, b.addr.port(), b.draining))
        .collect();
    assert_eq!(seen, [("a", 1, false), ("b", 2, true)]);
    assert!(
        service
            .backends
            .iter()
            .all(|b| b.group == "group" && b.zone == ZONE)
    );
}

#[tokio::test]
async fn the_check_is_read_with_its_thresholds_and_probes_the_serving_port() {
    let cloud = Cloud::new().with_chain().await;
    let table = table(&cloud.store, &[], None);
    let check = table.frontends[0].service.clone().unwrap().check.unwrap();
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
        (&*frontend.rule, frontend.port, &frontend.service),
        ("later", 8080, &None)
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
    assert_eq!(table.frontends[0].service, None);
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
