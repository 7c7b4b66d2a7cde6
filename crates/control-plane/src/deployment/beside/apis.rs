//! Which APIs the project has enabled. They are the one part that several deployments share and that
//! none removes: who knows what else in the project calls them.

use gce::services::Service;
use gce::{Client, Error, Scope};
use serde_json::{Value, json};

use crate::deployment::part::{Part, Upkeep};
use crate::deployment::{Id, Kind, Step};

/// Every API that some deployment calls.
const ALL: [&str; 9] = [
    "artifactregistry.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "compute.googleapis.com",
    "dns.googleapis.com",
    "iam.googleapis.com",
    "iap.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "secretmanager.googleapis.com",
];

/// What of a configuration decides which APIs it needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is asked for by itself")]
pub(crate) struct Uses {
    /// Instances have an account of the deployment's own.
    pub(crate) account: bool,
    /// Images are pushed to a repository of the deployment's own.
    pub(crate) repository: bool,
    /// Secrets are read.
    pub(crate) secrets: bool,
    /// Identity-Aware Proxy stands before the site.
    pub(crate) iap: bool,
}

/// The APIs that must be enabled, by their hosts: for the deployment, its console and its instances.
pub(crate) fn needed(uses: Uses) -> Vec<&'static str> {
    let mut hosts = vec![
        "cloudresourcemanager.googleapis.com",
        "compute.googleapis.com",
        "logging.googleapis.com",
        "monitoring.googleapis.com",
    ];
    if uses.account {
        hosts.push("iam.googleapis.com");
    }
    if uses.iap {
        hosts.push("iap.googleapis.com");
    }
    if uses.repository {
        hosts.push("artifactregistry.googleapis.com");
    }
    if uses.secrets {
        hosts.push("secretmanager.googleapis.com");
    }
    hosts
}

/// An API that should be on.
pub(in crate::deployment) fn part(host: &str) -> Part {
    Part {
        id: id(host),
        upkeep: Upkeep::Nothing,
        body: json!({ "name": host }),
    }
}

/// Those that are on; all of them where the caller may not know, since a plan must not promise to
/// enable what may be on already.
pub(super) async fn find(client: &Client) -> Result<Vec<(Id, Value)>, Error> {
    let hosts: Vec<String> = match client.services(&ALL).await {
        Ok(services) => {
            let on = services.iter().filter(|service| service.is_enabled());
            on.map(Service::host).map(str::to_owned).collect()
        }
        Err(error) if error.status() == Some(403) => ALL.map(str::to_owned).into(),
        Err(error) => return Err(error),
    };
    let found = |host: String| (id(&host), json!({ "name": host }));
    Ok(hosts.into_iter().map(found).collect())
}

/// Enables them all at once: Google takes one activation at a time, and each takes a while.
pub(in crate::deployment) async fn enable(client: &Client, steps: &[&Step]) -> Result<(), Error> {
    let hosts: Vec<&str> = steps.iter().map(|step| step.id.name.as_str()).collect();
    client.enable_services(&hosts).await
}

fn id(host: &str) -> Id {
    Id {
        kind: Kind::Api,
        scope: Scope::Global,
        name: host.to_owned(),
    }
}
