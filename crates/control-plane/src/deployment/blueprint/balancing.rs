//! How requests arrive: probes, the firewall, and the chain of the load balancer.

use serde_json::{Value, json};

use super::{Blueprint, Front, Public};
use crate::deployment::Inventory;
use crate::deployment::beside::access::{MEMBERS, SERVICE};
use crate::deployment::beside::records;
use crate::deployment::part::{Id, Kind, Part};
use crate::json::hash;
use crate::url::is_same;
use gce::Scope;

/// Where Google's probes and load balancers come from.
const GOOGLES_RANGES: [&str; 2] = ["35.191.0.0/16", "130.211.0.0/22"];

impl Blueprint {
    /// The strict check takes an instance out of the load balancing within ten seconds, the patient
    /// one replaces it only when that has gone on: a short weakness must not cost a machine.
    ///
    /// The patient one is also slower to believe in a new instance. By it the group decides that an old
    /// one can go, and by then the load balancer must have found the new one healthy; else there is a
    /// moment in a roll-out in which nobody serves.
    pub(super) fn checks(&self) -> Vec<Part> {
        let Front::Public(public) = &self.front else {
            let probe = json!({ "port": self.port, "requestPath": self.health_path });
            return vec![self.check(self.name.clone(), 5, 2, 2, probe)];
        };
        let serving = json!({
            "portSpecification": "USE_SERVING_PORT",
            "requestPath": self.health_path,
        });
        let fixed = json!({ "port": self.port, "requestPath": self.health_path });
        vec![
            self.check(self.named("serve"), 5, 2, 2, serving),
            self.check(self.named("heal"), 10, 3, 6, fixed),
            self.firewall(public),
        ]
    }

    fn check(&self, name: String, interval: u32, good: u32, bad: u32, probe: Value) -> Part {
        let body = json!({
            "type": "HTTP",
            "checkIntervalSec": interval,
            "timeoutSec": 5,
            "healthyThreshold": good,
            "unhealthyThreshold": bad,
            "httpHealthCheck": probe,
        });
        self.global(Kind::HealthCheck, name, body)
    }

    fn firewall(&self, public: &Public) -> Part {
        let body = json!({
            "network": self.absolute(&Scope::Global, "networks", &public.network),
            "direction": "INGRESS",
            "priority": 1000,
            "sourceRanges": GOOGLES_RANGES,
            "targetTags": [self.name],
            "allowed": [{ "IPProtocol": "tcp", "ports": [self.port.to_string()] }],
        });
        self.global(Kind::Firewall, self.named("probes"), body)
    }

    /// From the backend service to the forwarding rules.
    pub(super) fn balancing(&self, found: &Inventory) -> Vec<Part> {
        let service = self.backend_service(found);
        let map = json!({ "defaultService": self.url_of(&service) });
        let map = self.global(Kind::UrlMap, self.named("site"), map);
        let access = self.access(&service);
        let mut parts = vec![service];
        parts.extend(access);
        match &self.front {
            Front::Local { port } => {
                let proxy = self.proxy(Kind::Proxy, "http", &map, json!({}));
                let rule = self.rule(self.name.clone(), *port, &proxy, None);
                parts.extend([map, proxy, rule]);
            }
            Front::Public(public) => parts.extend(self.public(public, map, found)),
        }
        parts
    }

    fn public(&self, public: &Public, map: Part, found: &Inventory) -> Vec<Part> {
        let address = json!({
            "addressType": "EXTERNAL",
            "ipVersion": "IPV4",
            "networkTier": "PREMIUM",
        });
        let address = self.global(Kind::Address, self.named("ip"), address);
        let mut parts = vec![map.clone()];
        let mut plain_map = map.clone();
        if let Some(domain) = &public.secure {
            let certificate = self.certificate(domain);
            let is_there = is_active(found.get(&certificate.id));
            let shown = self.certificates(&certificate, is_there, found);
            let more = json!({ "sslCertificates": shown });
            let proxy = self.proxy(Kind::SecureProxy, "https", &map, more);
            let rule = self.rule(self.named("443"), 443, &proxy, Some(&address));
            parts.extend([certificate, proxy, rule]);
            if public.redirect && is_there {
                plain_map = self.redirect();
                parts.push(plain_map.clone());
            }
        }
        let proxy = self.proxy(Kind::Proxy, "http", &plain_map, json!({}));
        let rule = self.rule(self.named("80"), 80, &proxy, Some(&address));
        let record = self.record(public, &address, found);
        parts.insert(0, address);
        parts.extend([proxy, rule]);
        parts.extend(record);
        parts
    }

    /// Leads the domain here, if that is in our hands. Before the address has digits its URL stands for
    /// them.
    fn record(&self, public: &Public, address: &Part, found: &Inventory) -> Option<Part> {
        let domain = public.domain.as_ref()?;
        let zone = found.zone(domain)?;
        let url = self.url_of(address);
        let digits = found.address(&address.id.name).unwrap_or(&url);
        let (id, body) = records::stated(domain, zone, digits);
        Some(self.global(id.kind, id.name, body))
    }

    /// Whom Identity-Aware Proxy lets in, where it stands before the site.
    fn access(&self, service: &Part) -> Option<Part> {
        let Front::Public(public) = &self.front else {
            return None;
        };
        let mut members = public.members.clone();
        members.sort_unstable();
        members.dedup();
        let body = json!({ SERVICE: self.url_of(service), MEMBERS: members });
        let is_asked_for = !members.is_empty();
        is_asked_for.then(|| self.global(Kind::Access, service.id.name.clone(), body))
    }

    /// How much each place gets is its owner's to say. Google sets a list as a whole, so that what is
    /// not as usual is stated too: a new region would otherwise fill one that was drained.
    fn backend_service(&self, found: &Inventory) -> Part {
        let before = found.get(&Id {
            kind: Kind::BackendService,
            scope: Scope::Global,
            name: self.named("site"),
        });
        let backends = self.locations.iter().map(|location| {
            let group = self.absolute(&location.scope(), "instanceGroups", &self.name);
            let scaler = before.and_then(|service| capacity(service, &group));
            let mut backend = json!({ "group": group, "balancingMode": "UTILIZATION" });
            if let Some(scaler) = scaler.filter(|scaler| scaler.as_f64() != Some(1.0)) {
                backend["capacityScaler"] = scaler.clone();
            }
            backend
        });
        let mut body = json!({
            "protocol": "HTTP",
            "portName": self.port_name,
            "timeoutSec": self.timeout_s,
            "loadBalancingScheme": "EXTERNAL_MANAGED",
            "connectionDraining": { "drainingTimeoutSec": self.draining_s },
            "healthChecks": [self.url(&Scope::Global, Kind::HealthCheck, &self.named("serve"))],
            "backends": backends.collect::<Vec<_>>(),
        });
        if let Front::Public(public) = &self.front {
            let was_guarded = before.is_some_and(|service| service["iap"]["enabled"] == true);
            if was_guarded || !public.members.is_empty() {
                body["iap"] = json!({ "enabled": !public.members.is_empty() });
            }
            body["logConfig"] = json!({ "enable": true, "sampleRate": 1.0 });
        }
        self.global(Kind::BackendService, self.named("site"), body)
    }

    /// Nothing of a certificate can be changed, so its name says what it is for.
    fn certificate(&self, domain: &str) -> Part {
        let body = json!({ "type": "MANAGED", "managed": { "domains": [domain] } });
        let digest = hash(&body);
        let name = self.named(&format!("cert-{}", &digest[..8]));
        self.global(Kind::Certificate, name, body)
    }

    /// What the proxy shows: until Google has issued the new certificate, the ones before it too.
    fn certificates(&self, new: &Part, is_there: bool, found: &Inventory) -> Vec<String> {
        let url = self.url_of(new);
        let mut shown = vec![url.clone()];
        let proxy = Id {
            kind: Kind::SecureProxy,
            scope: Scope::Global,
            name: self.named("https"),
        };
        if is_there {
            return shown;
        }
        let before = found.get(&proxy).map(|proxy| &proxy["sslCertificates"]);
        let before = before.and_then(Value::as_array).into_iter().flatten();
        let others = before
            .filter_map(Value::as_str)
            .filter(|one| !is_same(one, &url));
        shown.extend(others.map(str::to_owned));
        shown
    }

    fn redirect(&self) -> Part {
        let body = json!({
            "defaultUrlRedirect": {
                "httpsRedirect": true,
                "stripQuery": false,
                "redirectResponseCode": "MOVED_PERMANENTLY_DEFAULT",
            },
        });
        self.global(Kind::UrlMap, self.named("redirect"), body)
    }

    fn proxy(&self, kind: Kind, suffix: &str, map: &Part, mut body: Value) -> Part {
        body["urlMap"] = self.url_of(map).into();
        self.global(kind, self.named(suffix), body)
    }

    fn rule(&self, name: String, port: u16, proxy: &Part, address: Option<&Part>) -> Part {
        let mut body = json!({
            "IPProtocol": "TCP",
            "portRange": format!("{port}-{port}"),
            "loadBalancingScheme": "EXTERNAL_MANAGED",
            "target": self.url_of(proxy),
        });
        if let Some(address) = address {
            body["IPAddress"] = self.url_of(address).into();
            body["networkTier"] = json!("PREMIUM");
        }
        self.global(Kind::ForwardingRule, name, body)
    }

    fn url_of(&self, part: &Part) -> String {
        self.url(&part.id.scope, part.id.kind, &part.id.name)
    }
}

/// The share of its capacity that a group gets requests for.
fn capacity<'a>(service: &'a Value, group: &str) -> Option<&'a Value> {
    let mut backends = service["backends"].as_array()?.iter();
    let is_of = |backend: &&Value| {
        backend["group"]
            .as_str()
            .is_some_and(|url| is_same(url, group))
    };
    backends.find(is_of)?.get("capacityScaler")
}

/// Whether Google has issued a certificate.
fn is_active(certificate: Option<&Value>) -> bool {
    certificate.is_some_and(|body| body["managed"]["status"] == "ACTIVE")
}
