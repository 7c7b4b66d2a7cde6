//! What runs: template, groups and autoscalers.

use serde_json::{Value, json};

use super::console::CONSOLE;
use super::{Blueprint, Front};
use crate::Location;
use crate::configuration::Update;
use crate::deployment::part::{Kind, Part, Upkeep};

/// Google spreads a regional group over three zones, and refuses to have fewer instances more or less
/// during a roll-out than it has zones, unless it is none.
const ZONES_OF_A_REGIONAL_GROUP: u32 = 3;
/// For a machine to boot and to fetch its image. The first good answer ends it, so that a long span
/// costs nothing; a short one would heal instances to death that were only starting.
const HEALING_DELAY_S: u64 = 300;

impl Blueprint {
    pub(super) fn template(&self) -> Part {
        let properties = self.template_properties();
        let body = json!({ "properties": properties });
        self.global(Kind::Template, self.template_name(), body)
    }

    pub(super) fn template_properties(&self) -> Value {
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

    pub(super) fn group(&self, location: &Location) -> Part {
        let template = self.url(&gce::Scope::Global, Kind::Template, &self.template_name());
        let delay = match self.front {
            Front::Local { .. } => self.policy.cool_down.as_secs(),
            Front::Public(_) => self.policy.cool_down.as_secs().max(HEALING_DELAY_S),
        };
        let mut body = json!({
            "baseInstanceName": self.name,
            "instanceTemplate": template,
            "versions": [{ "instanceTemplate": template }],
            "namedPorts": self.named_ports(),
            "targetSize": self.policy.min,
            "updatePolicy": { "type": "PROACTIVE", "minimalAction": "REPLACE" },
            "autoHealingPolicies": [{
                "healthCheck": self.url(&gce::Scope::Global, Kind::HealthCheck, &self.named("heal")),
                "initialDelaySec": delay,
            }],
        });
        if let Some(update) = self.update {
            let Update { surge, unavailable } = within_reason(update, location);
            body["updatePolicy"]["maxSurge"] = json!({ "fixed": surge });
            body["updatePolicy"]["maxUnavailable"] = json!({ "fixed": unavailable });
        }
        let mut part = self.part(Kind::Group, location.scope(), self.name.clone(), body);
        if self.update.is_some() {
            // The size stays out: it belongs to the autoscaler.
            part.upkeep = Upkeep::Only(&[
                "instanceTemplate",
                "versions",
                "namedPorts",
                "updatePolicy",
                "autoHealingPolicies",
                "description",
            ]);
        }
        part
    }

    fn named_ports(&self) -> Value {
        let app = json!({ "name": self.port_name, "port": self.port });
        let console = self.beside.iter();
        let console = console.map(|console| json!({ "name": CONSOLE, "port": console.port }));
        std::iter::once(app).chain(console).collect()
    }

    pub(super) fn autoscaler(&self, location: &Location) -> Part {
        let body = json!({
            "target": self.url(&location.scope(), Kind::Group, &self.name),
            "autoscalingPolicy": self.policy.to_value(),
        });
        self.part(Kind::Autoscaler, location.scope(), self.name.clone(), body)
    }
}

/// What Google takes in a place: in a region at least one for each zone, unless none.
pub(crate) fn within_reason(update: Update, location: &Location) -> Update {
    let least = match location {
        Location::Zone(_) => 1,
        Location::Region(_) => ZONES_OF_A_REGIONAL_GROUP,
    };
    let raised = |count: u32| if count == 0 { 0 } else { count.max(least) };
    Update {
        surge: raised(update.surge),
        unavailable: raised(update.unavailable),
    }
}
