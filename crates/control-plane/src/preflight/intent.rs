use std::collections::BTreeSet;

use crate::configuration::Configuration;
use crate::deployment::{Inventory, within_reason};

/// What a deployment is going to need.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is asked for by itself")]
pub struct Intent {
    /// The project's id.
    pub project: String,
    /// The project whose image instances boot.
    pub boot_project: String,
    /// The name of the machine type: `e2-small`.
    pub machine_type: String,
    /// The regions, each with the most instances that it can come to have.
    pub places: Vec<Place>,
    /// The subnetwork of the instances in each region; a network that makes its subnetworks itself gives
    /// them its own name.
    pub subnetwork: String,
    /// Whether each instance has an external address.
    pub external_ip: bool,
    /// Gigabytes of each boot disk.
    pub disk_gb: u32,
    /// Whom the instances are.
    pub account: Account,
    /// The host names under which it is reached, without dots at their ends.
    pub domains: Vec<String>,
    /// The address of the load balancer, once there is one.
    pub address: Option<String>,
    /// Whether the site is served by HTTPS.
    pub https: bool,
    /// Whether Identity-Aware Proxy stands before it.
    pub iap: bool,
    /// Whether images are pushed to a repository of the deployment's own.
    pub repository: bool,
    /// What instances have to do with secrets.
    pub secrets: Secrets,
    /// The versions of secrets that the app reads, and somebody else has made.
    pub versions: BTreeSet<(String, u64)>,
}

/// The account of a deployment's instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// This one, which has to be there.
    Named(String),
    /// One that is made for them.
    Own {
        /// Whether it does the work of a console.
        console: bool,
    },
}

/// What a deployment has to do with Secret Manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// Nothing.
    None,
    /// Instances read secrets that are there.
    Read,
    /// Some are made for its console.
    Made,
}

/// A region of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// `us-central1`.
    pub region: String,
    /// The policy's maximum and what a roll-out adds to it.
    pub instances: u32,
    /// Those of them that run already, and count as used.
    pub running: u32,
}

impl Intent {
    /// What a configuration asks of a project in which so much exists already.
    pub fn of(configuration: &Configuration, project: &str, found: &Inventory) -> Self {
        let Configuration {
            name,
            machine,
            site,
            app,
            ..
        } = configuration;
        let console = configuration.serves_console();
        Self {
            project: project.to_owned(),
            boot_project: boot_project(machine.boot_image.as_deref()).to_owned(),
            machine_type: machine.machine_type.clone(),
            places: places(configuration, found),
            subnetwork: machine
                .subnetwork
                .as_ref()
                .unwrap_or(&machine.network)
                .clone(),
            external_ip: machine.external_ip,
            disk_gb: machine.disk_gb,
            account: match &machine.service_account {
                Some(email) => Account::Named(email.clone()),
                None => Account::Own { console },
            },
            domains: configuration.domains().map(str::to_owned).collect(),
            address: found.address(&format!("{name}-ip")).map(str::to_owned),
            https: site.https,
            repository: app.dockerfile.is_some() && app.image.is_none(),
            iap: !site.iap_members.is_empty(),
            secrets: match (console, app.secrets.is_empty()) {
                (true, _) => Secrets::Made,
                (false, false) => Secrets::Read,
                (false, true) => Secrets::None,
            },
            versions: app
                .secrets
                .values()
                .map(|secret| (secret.name.clone(), secret.version))
                .collect(),
        }
    }
}

/// The project of `projects/P/global/images/…`, or that of the system which instances boot otherwise.
fn boot_project(image: Option<&str>) -> &str {
    let named = image.and_then(|image| image.strip_prefix("projects/")?.split('/').next());
    named.unwrap_or("cos-cloud")
}

/// One for each region: the groups of several zones of a region share its quotas.
fn places(configuration: &Configuration, found: &Inventory) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for location in &configuration.locations {
        let region = location.region();
        let surge = within_reason(configuration.update, location).surge;
        let instances = configuration.policy.max.saturating_add(surge);
        let running = found.size(&configuration.name, location);
        match places.iter_mut().find(|place| place.region == region) {
            Some(place) => {
                place.instances += instances;
                place.running += running;
            }
            None => places.push(Place {
                region: region.to_owned(),
                instances,
                running,
            }),
        }
    }
    places
}

impl Place {
    /// How many instances are still to come.
    pub(super) fn coming(&self) -> u32 {
        self.instances.saturating_sub(self.running)
    }
}
