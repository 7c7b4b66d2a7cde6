mod balancing;
mod configured;
mod console;
mod identity;
mod machines;
mod user_data;

use std::collections::BTreeMap;

use autoscaler::Policy;
use gce::Scope;
use serde_json::{Map, Value};

use super::beside::{apis, repositories};
use super::part::{Id, Kind, Part};
use super::{Inventory, Mark};
use crate::Location;
use crate::configuration::{Console, Update};
use crate::json::hash;

pub use configured::Release;
pub use identity::Identity;
pub(super) use identity::repository;
pub(crate) use machines::within_reason;
pub use user_data::googles_registry;

/// What should exist: one web app in managed instance groups behind a load balancer.
///
/// Every resource's name begins with the deployment's; a template and a certificate bear a hash of
/// their content too, since they never change.
#[derive(Clone, Debug, PartialEq)]
pub struct Blueprint {
    /// The beginning of all names.
    pub name: String,
    /// The project's id.
    pub project: String,
    /// What tells our resources from others. Without one everything with the right name is ours, as
    /// in a cloud that was made for this deployment alone.
    pub mark: Option<Mark>,
    /// A group for each.
    pub locations: Vec<Location>,
    /// The name of the machine type: `e2-micro`.
    pub machine_type: String,
    /// The container's image, where the template names one.
    pub image: Option<String>,
    /// What each instance finds in its metadata.
    pub metadata: BTreeMap<String, String>,
    /// Further properties of the template, which win over ours: `serviceAccounts`, `tags`, …
    pub properties: Map<String, Value>,
    /// The policy of a new autoscaler. An existing one keeps its own: it belongs to its owner.
    pub policy: Policy,
    /// How many instances a roll-out has more or less, where the blueprint says so.
    pub update: Option<Update>,
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
    /// Where requests arrive.
    pub front: Front,
    /// Whom the instances are, unless somebody else's account is named.
    pub identity: Option<Identity>,
    /// Whether its images are its own, in a repository of its first region.
    pub repository: bool,
    /// Whether its instances serve a console, which has secrets.
    pub console: bool,
    /// The console that is a second container of each instance.
    pub beside: Option<Console>,
    /// The APIs that the project must have enabled, by their hosts.
    pub apis: Vec<String>,
}

/// Where requests arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Front {
    /// One forwarding rule, on a machine without a network to speak of.
    Local {
        /// The rule's port.
        port: u16,
    },
    /// An address of its own, through a network that lets nothing in by itself.
    Public(Public),
}

/// A public address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Public {
    /// The name of the network of the instances.
    pub network: String,
    /// The host name of the site.
    pub domain: Option<String>,
    /// The host name to serve HTTPS under.
    pub secure: Option<String>,
    /// Whether HTTP leads to HTTPS.
    pub redirect: bool,
    /// Whom Identity-Aware Proxy lets in; everybody where it names nobody.
    pub members: Vec<String>,
}

impl Blueprint {
    /// The deployment of the tutorial: two to six instances at 50 % CPU, port 5000, `/health`.
    pub fn tutorial(project: &str, zone: &str, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            project: project.to_owned(),
            mark: None,
            locations: vec![Location::Zone(zone.to_owned())],
            machine_type: "e2-micro".to_owned(),
            image: None,
            metadata: BTreeMap::new(),
            properties: Map::new(),
            policy: Policy::default_for(2, 6, 0.5),
            update: None,
            port: 5000,
            port_name: "http".to_owned(),
            health_path: "/health".to_owned(),
            timeout_s: 30,
            draining_s: 10,
            front: Front::Local { port: 80 },
            identity: None,
            repository: false,
            console: false,
            beside: None,
            apis: Vec::new(),
        }
    }

    /// The name of the template with this content.
    pub fn template_name(&self) -> String {
        let digest = hash(&self.template_properties());
        format!("{}-{}", self.name, &digest[..8])
    }

    /// All parts, each after those it refers to. Some depend on how far others have come: HTTP leads
    /// to HTTPS only once there is a certificate.
    pub(super) fn parts(&self, found: &Inventory) -> Vec<Part> {
        let apis = self.apis.iter().map(|host| apis::part(host));
        let mut parts: Vec<Part> = apis.collect();
        parts.extend(self.repository());
        parts.extend(self.secrets());
        parts.extend(self.identity());
        parts.extend(self.checks());
        parts.push(self.template());
        for location in &self.locations {
            parts.extend([self.group(location), self.autoscaler(location)]);
        }
        parts.extend(self.balancing(found));
        parts
    }

    /// The name of a part: all names are the same where each kind of resource is there once.
    pub(super) fn named(&self, suffix: &str) -> String {
        match &self.front {
            Front::Local { .. } => self.name.clone(),
            Front::Public(_) => format!("{}-{suffix}", self.name),
        }
    }

    fn repository(&self) -> Option<Part> {
        let location = self.locations.first().filter(|_| self.repository)?;
        let Id { kind, scope, name } = repositories::id(location.region(), &self.name);
        Some(self.part(kind, scope, name, repositories::body()))
    }

    fn global(&self, kind: Kind, name: String, body: Value) -> Part {
        self.part(kind, Scope::Global, name, body)
    }

    fn part(&self, kind: Kind, scope: Scope, name: String, mut body: Value) -> Part {
        body["name"] = Value::from(name.as_str());
        if let Some(mark) = &self.mark {
            body["description"] = match &self.image {
                Some(image) if kind == Kind::Template => {
                    format!("{};image={image}", mark.description()).into()
                }
                _ => mark.description().into(),
            };
        }
        Part {
            id: Id { kind, scope, name },
            upkeep: kind.upkeep(),
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
