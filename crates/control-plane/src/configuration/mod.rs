//! `flaskscale.toml`: what somebody wants to have deployed.
//!
//! ```text
//! text ─ Configuration::read ─┬─ Configuration ─ blueprint
//!                             └─ Faults: every one, with its line
//! ```

mod fault;
mod read;
mod reader;
mod rules;
mod sketch;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use autoscaler::Policy;

pub use fault::{Fault, Faults};
pub use rules::is_image;
pub use sketch::Sketch;

use crate::Location;
use crate::deployment::ConsoleSecrets;

/// A valid `flaskscale.toml`, its defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration {
    /// What every resource's name begins with.
    pub name: String,
    /// The project's id, if the file says it.
    pub project: Option<String>,
    /// A group for each. All are regions, or all are zones.
    pub locations: Vec<Location>,
    /// What runs.
    pub app: App,
    /// FlaskScale's console beside an app that is another.
    pub console: Option<Console>,
    /// What it runs on.
    pub machine: Machine,
    /// The policy of each new autoscaler.
    pub policy: Policy,
    /// How it is reached.
    pub site: Site,
    /// How a new version replaces an old one.
    pub update: Update,
}

impl Configuration {
    /// The names of all secrets that instances read.
    pub(crate) fn secrets(&self) -> BTreeSet<String> {
        let given = self.app.secrets.values().map(|secret| secret.name.clone());
        let ours = ConsoleSecrets::of(&self.name);
        let ours = [ours.session_key, ours.admin_password];
        let ours = ours.into_iter().filter(|_| self.serves_console());
        given.chain(ours).collect()
    }

    /// Whether its instances serve a console: the app's own, or one beside it.
    pub(crate) fn serves_console(&self) -> bool {
        self.app.console || self.console.is_some()
    }

    /// The host names under which it is reached, the site's first.
    pub fn domains(&self) -> impl Iterator<Item = &str> {
        let site = self.site.domain.as_deref();
        let console = self.console.as_ref().map(|console| &*console.domain);
        site.into_iter().chain(console)
    }
}

/// `[app]`: the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// Its image; without one the image in service stays, or is built.
    pub image: Option<String>,
    /// What its image is built from: the Dockerfile's path below the configuration's folder, which is
    /// what the build gets to see.
    pub dockerfile: Option<String>,
    /// Where it listens, on each instance.
    pub port: u16,
    /// The path that answers 200 when it can serve.
    pub health_path: String,
    /// Whether it is FlaskScale itself, whose console steers this deployment.
    pub console: bool,
    /// Seconds from SIGTERM to SIGKILL.
    pub stop_s: u32,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// Variables that are read from Secret Manager when it starts.
    pub secrets: BTreeMap<String, Secret>,
}

/// `[console]`: FlaskScale's console, as a second container of each instance and with a host name of its
/// own, since a stranger's pages must not share its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    /// FlaskScale's own image.
    pub image: String,
    /// Where it listens, on each instance.
    pub port: u16,
    /// Where it answers: `console.app.example.com`.
    pub domain: String,
}

/// A version of a secret in Secret Manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// The secret's name, never its value.
    pub name: String,
    /// Which version, from 1.
    pub version: u64,
}

/// `[machine]`: an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// `e2-small`.
    pub machine_type: String,
    /// Its boot disk, in GiB.
    pub disk_gb: u32,
    /// The image of the boot disk; without one, Container-Optimized OS.
    pub boot_image: Option<String>,
    /// Whom it is at Google; without one, an account of the deployment's own.
    pub service_account: Option<String>,
    /// The name of its network.
    pub network: String,
    /// The name of its subnetwork, where the network does not choose one by region.
    pub subnetwork: Option<String>,
    /// Whether it has an address of its own, without which it needs Cloud NAT to fetch its image.
    pub external_ip: bool,
    /// Labels of each instance.
    pub labels: BTreeMap<String, String>,
}

/// `[site]`: the load balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The host name.
    pub domain: Option<String>,
    /// Whether it serves HTTPS.
    pub https: bool,
    /// Whether HTTP leads to HTTPS.
    pub redirect: bool,
    /// Whom Identity-Aware Proxy lets in, as IAM spells them; everybody where it names nobody.
    pub iap_members: Vec<String>,
    /// Seconds for a whole request and its answer.
    pub timeout_s: u32,
    /// Seconds for running requests to end before an instance is stopped.
    pub draining_s: u32,
}

/// `[update]`: how many instances a roll-out has more or less than the group's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    /// Instances beyond the size.
    pub surge: u32,
    /// Instances that may be missing.
    pub unavailable: u32,
}
