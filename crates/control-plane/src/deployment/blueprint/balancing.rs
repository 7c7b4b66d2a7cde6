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
        let mut parts = vec![
            self.check(self.named("serve"), 5, 2, 2, serving),
            self.check(self.named("heal"), 10, 3, 6, fixed),
        ];
        parts.extend(self.console_check());
        parts.push(self.firewall(public));
        parts
    }

    pub(super) fn check(
        &self,
        name: String,
        interval: u32,
        good: u32,
        bad: u32,
        probe: Value,
    ) -> Part {
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
        let console = self.beside.as_ref().map(|console| console.port);
        let ports = std::iter::once(self.port).chain(console);
        let ports: Vec<String> = ports.map(|port| port.to_string()).collect();
        let body = json!({
            "network": self.absolute(&Scope::Global, "networks", &public.network),
            "direction": "INGRESS",
            "priority": 1000,
            "sourceRanges": GOOGLES_RANGES,
            "targetTags": [self.name],
            "allowed": [{ "IPProtocol": "tcp", "ports": ports }],
        });
        self.global(Kind::Firewall, self.named("probes"), body)
    }

    /// From the backend service to the forwarding rules.
    pub(super) fn balancing(&self, found: &Inventory) -> Vec<Part> {
        let site = self.service("site", "serve", &self.port_name, found);
        let console = self.console_service(found);
        let mut map = match &console {
            Some(console) => self.console_rule(console),
            None => json!({}),
        };
        map["defaultService"] = self.url_of(&site).into();
        let map = self.global(Kind::UrlMap, self.named("site"), map);
        let services = std::iter::once(&site).chain(&console);
        let access: Vec<Part> = services.filter_map(|one| self.access(one)).collect();
        let front = match &self.front {
            Front::Local { port } => {
                let proxy = self.proxy(Kind::Proxy, "http", &map, json!({}));
                let rule = self.rule(self.name.clone(), *port, &proxy, None);
                vec![map, proxy, rule]
            }
            Front::Public(public) => self.public(public, &site, map, found),
        };
        let mut parts = vec![site];
        parts.extend(console);
        parts.extend(access);
        parts.extend(front);
        parts
    }

    fn public(&self, public: &Public, site: &Part, map: Part, found: &Inventory) -> Vec<Part> {
        let address = json!({
            "addressType": "EXTERNAL",
            "ipVersion": "IPV4",
            "networkTier": "PREMIUM",
        });
        let address = self.global(Kind::Address, self.named("ip"), address);
        let mut parts = vec![map.clone()];
        let mut plain = self.plain_map(public, site);
        if let Some(domain) = &public.secure {
            // One for each name: what is lacking for the one is nothing to the other.
            let certificates: Vec<Part> = std::iter::once(&**domain)
                .chain(self.console_domain())
                .map(|domain| self.certificate(domain))
                .collect();
            let is_there = |part: &Part| is_active(found.get(&part.id));
            if public.redirect && is_there(&certificates[0]) {
                plain = Some(self.redirect());
            }
            let shown = self.certificates(&certificates, found);
            let more = json!({ "sslCertificates": shown });
            let proxy = self.proxy(Kind::SecureProxy, "https", &map, more);
            let rule = self.rule(self.named("443"), 443, &proxy, Some(&address));
            parts.extend(certificates);
            parts.extend([proxy, rule]);
        }
        let proxy = self.proxy(
            Kind::Proxy,
            "http",
            plain.as_ref().unwrap_or(&map),
            json!({}),
        );
        let rule = self.rule(self.named("80"), 80, &proxy, Some(&address));
        let domains = public.domain.as_deref().into_iter();
        let domains = domains.chain(self.console_domain());
        let records: Vec<Part> = domains
            .filter_map(|domain| self.record(domain, &address, found))
            .collect();
        parts.insert(0, address);
        parts.extend(plain);
        parts.extend([proxy, rule]);
        parts.extend(records);
        parts
    }

    fn console_domain(&self) -> Option<&str> {
        self.beside.as_ref().map(|console| &*console.domain)
    }

    /// Leads a domain here, if that is in our hands. Before the address has digits its URL stands for
    /// them.
    fn record(&self, domain: &str, address: &Part, found: &Inventory) -> Option<Part> {
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

    /// A backend service, by the ends of its name and of its health check's, and the port that it looks
    /// for. How much each place gets is its owner's to say. Google sets a list as a whole, so that what
    /// is not as usual is stated too: a new region would otherwise fill one that was drained.
    pub(super) fn service(&self, name: &str, check: &str, port: &str, found: &Inventory) -> Part {
        let before = found.get(&Id {
            kind: Kind::BackendService,
            scope: Scope::Global,
            name: self.named(name),
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
            "portName": port,
            "timeoutSec": self.timeout_s,
            "loadBalancingScheme": "EXTERNAL_MANAGED",
            "connectionDraining": { "drainingTimeoutSec": self.draining_s },
            "healthChecks": [self.url(&Scope::Global, Kind::HealthCheck, &self.named(check))],
            "backends": backends.collect::<Vec<_>>(),
        });
        if let Front::Public(public) = &self.front {
            let was_guarded = before.is_some_and(|service| service["iap"]["enabled"] == true);
            if was_guarded || !public.members.is_empty() {
                body["iap"] = json!({ "enabled": !public.members.is_empty() });
            }
            body["logConfig"] = json!({ "enable": true, "sampleRate": 1.0 });
        }
        self.global(Kind::BackendService, self.named(name), body)
    }

    /// Nothing of a certificate can be changed, so its name says what it is for.
    fn certificate(&self, domain: &str) -> Part {
        let body = json!({ "type": "MANAGED", "managed": { "domains": [domain] } });
        let digest = hash(&body);
        let name = self.named(&format!("cert-{}", &digest[..8]));
        self.global(Kind::Certificate, name, body)
    }

    /// What the proxy shows: until Google has issued the site's new certificate, the ones before it too.
    fn certificates(&self, new: &[Part], found: &Inventory) -> Vec<String> {
        let mut shown: Vec<String> = new.iter().map(|part| self.url_of(part)).collect();
        let proxy = Id {
            kind: Kind::SecureProxy,
            scope: Scope::Global,
            name: self.named("https"),
        };
        if is_active(found.get(&new[0].id)) {
            return shown;
        }
        let before = found.get(&proxy).map(|proxy| &proxy["sslCertificates"]);
        let before = before.and_then(Value::as_array).into_iter().flatten();
        let is_new = |one: &&str| new.iter().any(|part| is_same(one, &self.url_of(part)));
        let others = before.filter_map(Value::as_str).filter(|one| !is_new(one));
        shown.extend(others.map(str::to_owned));
        shown
    }

    fn redirect(&self) -> Part {
        let body = json!({ "defaultUrlRedirect": to_https() });
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

    pub(super) fn url_of(&self, part: &Part) -> String {
        self.url(&part.id.scope, part.id.kind, &part.id.name)
    }
}

/// Leads to the same address with HTTPS.
pub(super) fn to_https() -> Value {
    json!({
        "httpsRedirect": true,
        "stripQuery": false,
        "redirectResponseCode": "MOVED_PERMANENTLY_DEFAULT",
    })
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
