use std::collections::BTreeMap;

use autoscaler::Policy;
use gce::Scope;
use serde_json::{Map, Value, json};

use super::part::{Kind, Part};
use crate::json::hash;

/// What should exist: one web app in one managed instance group behind a load balancer.
///
/// Every resource bears the deployment's name; a template bears it with a hash of its content, since
/// templates never change.
#[derive(Clone, Debug, PartialEq)]
pub struct Blueprint {
    /// The name of all resources.
    pub name: String,
    /// The project's id.
    pub project: String,
    /// Where the group lives.
    pub zone: String,
    /// The name of the machine type: `e2-micro`.
    pub machine_type: String,
    /// What each instance finds in its metadata.
    pub metadata: BTreeMap<String, String>,
    /// Further properties of the template, which win over ours: `serviceAccounts`, `tags`, …
    pub properties: Map<String, Value>,
    /// The policy of a new autoscaler. An existing one keeps its own: it belongs to its owner.
    pub policy: Policy,
    /// The port of the app on each instance.
    pub port: u16,
    /// The name of that port for the load balancer.
    pub port_name: String,
    /// The path that answers 200 when the app can serve.
    pub health_path: String,
    /// Seconds for a whole request and its answer.
    pub timeout_s: u32,
    /// Seconds for running requests to end before an instance is stopped.
    pub draining_s: u32,
    /// The port of the forwarding rule.
    pub site_port: u16,
}

impl Blueprint {
    /// The deployment of the tutorial: two to six instances at 50 % CPU, port 5000, `/health`.
    pub fn tutorial(project: &str, zone: &str, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            project: project.to_owned(),
            zone: zone.to_owned(),
            machine_type: "e2-micro".to_owned(),
            metadata: BTreeMap::new(),
            properties: Map::new(),
            policy: Policy::default_for(2, 6, 0.5),
            port: 5000,
            port_name: "http".to_owned(),
            health_path: "/health".to_owned(),
            timeout_s: 30,
            draining_s: 10,
            site_port: 80,
        }
    }

    /// The name of the template with this content.
    pub fn template_name(&self) -> String {
        let digest = hash(&self.template_properties());
        format!("{}-{}", self.name, &digest[..8])
    }

    /// The zone as a scope.
    pub(super) fn zone(&self) -> Scope {
        Scope::Zone(self.zone.clone())
    }

    /// All parts, each after those it refers to.
    pub(super) fn parts(&self) -> Vec<Part> {
        vec![
            self.health_check(),
            self.template(),
            self.group(),
            self.autoscaler(),
            self.backend_service(),
            self.url_map(),
            self.proxy(),
            self.forwarding_rule(),
        ]
    }

    fn health_check(&self) -> Part {
        self.part(
            Kind::HealthCheck,
            json!({
                "type": "HTTP",
                "checkIntervalSec": 5,
                "timeoutSec": 5,
                "healthyThreshold": 2,
                "unhealthyThreshold": 2,
                "httpHealthCheck": { "port": self.port, "requestPath": self.health_path },
            }),
        )
    }

    fn template(&self) -> Part {
        let properties = self.template_properties();
        let name = self.template_name();
        self.part(
            Kind::Template,
            json!({ "name": name, "properties": properties }),
        )
    }

    fn template_properties(&self) -> Value {
        let items = self
            .metadata
            .iter()
            .map(|(key, value)| json!({ "key": key, "value": value }));
        let mut properties = json!({
            "machineType": self.machine_type,
            "metadata": { "items": items.collect::<Vec<_>>() },
            "disks": [{
                "boot": true,
                "autoDelete": true,
                "initializeParams": {
                    "sourceImage": "projects/cos-cloud/global/images/family/cos-stable",
                },
            }],
            "networkInterfaces": [{ "network": "global/networks/default" }],
        });
        if let Value::Object(ours) = &mut properties {
            ours.extend(self.properties.clone());
        }
        properties
    }

    fn group(&self) -> Part {
        let template = self.url(&Scope::Global, Kind::Template, &self.template_name());
        self.part(
            Kind::Group,
            json!({
                "baseInstanceName": self.name,
                "instanceTemplate": template,
                "versions": [{ "instanceTemplate": template }],
                "namedPorts": [{ "name": self.port_name, "port": self.port }],
                "targetSize": self.policy.min,
                "updatePolicy": { "type": "PROACTIVE", "minimalAction": "REPLACE" },
                "autoHealingPolicies": [{
                    "healthCheck": self.url(&Scope::Global, Kind::HealthCheck, &self.name),
                    "initialDelaySec": self.policy.cool_down.as_secs(),
                }],
            }),
        )
    }

    fn autoscaler(&self) -> Part {
        self.part(
            Kind::Autoscaler,
            json!({
                "target": self.url(&self.zone(), Kind::Group, &self.name),
                "autoscalingPolicy": self.policy.to_value(),
            }),
        )
    }

    fn backend_service(&self) -> Part {
        self.part(
            Kind::BackendService,
            json!({
                "protocol": "HTTP",
                "portName": self.port_name,
                "timeoutSec": self.timeout_s,
                "loadBalancingScheme": "EXTERNAL_MANAGED",
                "connectionDraining": { "drainingTimeoutSec": self.draining_s },
                "healthChecks": [self.url(&Scope::Global, Kind::HealthCheck, &self.name)],
                "backends": [{
                    "group": self.absolute(&self.zone(), "instanceGroups", &self.name),
                    "balancingMode": "UTILIZATION",
                }],
            }),
        )
    }

    fn url_map(&self) -> Part {
        let service = self.url(&Scope::Global, Kind::BackendService, &self.name);
        self.part(Kind::UrlMap, json!({ "defaultService": service }))
    }

    fn proxy(&self) -> Part {
        let map = self.url(&Scope::Global, Kind::UrlMap, &self.name);
        self.part(Kind::Proxy, json!({ "urlMap": map }))
    }

    fn forwarding_rule(&self) -> Part {
        self.part(
            Kind::ForwardingRule,
            json!({
                "IPProtocol": "TCP",
                "portRange": format!("{0}-{0}", self.site_port),
                "loadBalancingScheme": "EXTERNAL_MANAGED",
                "target": self.url(&Scope::Global, Kind::Proxy, &self.name),
            }),
        )
    }

    fn part(&self, kind: Kind, mut body: Value) -> Part {
        let name = body["name"].as_str().unwrap_or(&self.name).to_owned();
        body["name"] = Value::from(name.as_str());
        let scope = if kind.is_zonal() {
            self.zone()
        } else {
            Scope::Global
        };
        Part {
            kind,
            scope,
            name,
            body,
        }
    }

    fn url(&self, scope: &Scope, kind: Kind, name: &str) -> String {
        self.absolute(scope, kind.collection(), name)
    }

    /// A backend's group must be a full URL; the others may be.
    fn absolute(&self, scope: &Scope, collection: &str, name: &str) -> String {
        let base = "https://www.googleapis.com/compute/v1/projects";
        format!("{base}/{}/{scope}/{collection}/{name}", self.project)
    }
}
