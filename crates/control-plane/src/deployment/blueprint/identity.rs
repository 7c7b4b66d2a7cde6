//! Whom the instances are, where the configuration names nobody: an account of the deployment's own,
//! with a role for each thing that it does and for nothing else.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Blueprint;
use crate::configuration::Configuration;
use crate::deployment::ConsoleSecrets;
use crate::deployment::beside::secrets::FILLED;
use crate::deployment::beside::{accounts, grants, roles};
use crate::deployment::mark::LABEL;
use crate::deployment::part::{Kind, Part};

/// The account of a deployment's instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `web-vm@P.iam.gserviceaccount.com`.
    pub email: String,
    /// What it may do: a role each, on what a path names.
    pub grants: Vec<(String, String)>,
    /// Whether it does the work of a console, for which no role of Google's is small enough.
    pub console: bool,
}

/// What a console does: look at everything, change a policy, and set the metadata of an instance for a
/// drill (Compute v1, Monitoring v3 and Logging v2 as this program calls them). In Google's order.
const CONSOLES_WORK: [&str; 21] = [
    "compute.autoscalers.get",
    "compute.autoscalers.list",
    "compute.autoscalers.update",
    "compute.backendServices.get",
    "compute.backendServices.list",
    "compute.globalOperations.get",
    "compute.healthChecks.get",
    "compute.instanceGroupManagers.get",
    "compute.instanceGroupManagers.list",
    "compute.instanceGroupManagers.use",
    "compute.instanceGroups.get",
    "compute.instanceGroups.list",
    "compute.instanceTemplates.get",
    "compute.instances.get",
    "compute.instances.list",
    "compute.instances.setMetadata",
    "compute.regionOperations.get",
    "compute.zoneOperations.get",
    "logging.logEntries.list",
    "monitoring.metricDescriptors.list",
    "monitoring.timeSeries.list",
];

impl Identity {
    /// `None` where the configuration names an account.
    pub(super) fn of(configuration: &Configuration, project: &str, image: &str) -> Option<Self> {
        let Configuration { name, machine, .. } = configuration;
        let console = configuration.serves_console();
        if machine.service_account.is_some() {
            return None;
        }
        let email = format!("{}@{}", accounts::id_of(name), domain(project));
        let whole = format!("projects/{project}");
        let mut grants = vec![
            (grants::WRITE_LOGS.to_owned(), whole.clone()),
            (grants::WRITE_METRICS.to_owned(), whole.clone()),
        ];
        if console {
            grants.push((
                format!("{whole}/roles/{}", roles::id_of(name)),
                whole.clone(),
            ));
            // To set the metadata of an instance is to act as its account.
            let itself = format!("{whole}/serviceAccounts/{email}");
            grants.push((grants::ACT_AS.to_owned(), itself));
        }
        for secret in configuration.secrets() {
            grants.push((
                grants::READ_SECRET.to_owned(),
                format!("{whole}/secrets/{secret}"),
            ));
        }
        let beside = configuration.console.as_ref();
        let images = [Some(image), beside.map(|console| &*console.image)];
        let images = images.into_iter().flatten();
        let repositories: BTreeSet<String> = images
            .filter_map(|image| repository(image, project))
            .collect();
        let whole = &whole;
        grants.extend(repositories.iter().map(|repository| {
            let role = grants::READ_IMAGES.to_owned();
            (role, format!("{whole}/{repository}"))
        }));
        Some(Self {
            email,
            grants,
            console,
        })
    }
}

/// What follows the `@`. A project of an organisation's domain has it in its id: `example.com:web-1`.
fn domain(project: &str) -> String {
    let project = match project.split_once(':') {
        Some((domain, project)) => format!("{project}.{domain}"),
        None => project.to_owned(),
    };
    format!("{project}.iam.gserviceaccount.com")
}

/// The repository that an image is in, below its project, if that is this one: of
/// `us-central1-docker.pkg.dev/P/R/app:1` it is `locations/us-central1/repositories/R`.
pub(in crate::deployment) fn repository(image: &str, project: &str) -> Option<String> {
    let (host, rest) = image.split_once('/')?;
    let location = host.strip_suffix("-docker.pkg.dev")?;
    let rest = rest
        .strip_prefix(&project.replacen(':', "/", 1))?
        .strip_prefix('/')?;
    let (name, _image) = rest.split_once('/')?;
    Some(format!("locations/{location}/repositories/{name}"))
}

impl Blueprint {
    /// What a console's instances share.
    pub(super) fn secrets(&self) -> Vec<Part> {
        let ours = ConsoleSecrets::of(&self.name);
        let names = ours.names().into_iter().filter(|_| self.console);
        let secret = |name: &str| {
            let labels = json!({ LABEL: self.name });
            let body = json!({ "labels": labels, FILLED: true });
            self.global(Kind::Secret, name.to_owned(), body)
        };
        names.map(secret).collect()
    }

    /// The account, its custom role, and what it is granted.
    pub(super) fn identity(&self) -> Vec<Part> {
        let Some(identity) = &self.identity else {
            return Vec::new();
        };
        let account = json!({
            "email": identity.email,
            "displayName": format!("Instances of {}", self.name),
        });
        let account = self.global(Kind::ServiceAccount, accounts::id_of(&self.name), account);
        let description = account.body["description"].as_str().unwrap_or_default();
        let grants = identity.grants.iter();
        let grants = grants.map(|(role, of)| grants::part(role, of, &identity.email, description));
        let grants: Vec<Part> = grants.collect();
        let mut parts = vec![account];
        if identity.console {
            let permissions: Vec<Value> = CONSOLES_WORK.map(Value::from).into();
            let role = json!({
                "title": format!("Console of {}", self.name),
                "stage": "GA",
                "includedPermissions": permissions,
            });
            parts.push(self.global(Kind::Role, roles::id_of(&self.name), role));
        }
        parts.extend(grants);
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_that_of_an_image_in_the_same_project() {
        for (image, project, expected) in [
            (
                "us-central1-docker.pkg.dev/p/web/app@sha256:1",
                "p",
                Some("locations/us-central1/repositories/web"),
            ),
            (
                "us-docker.pkg.dev/example.com/p/web/deep/app:1",
                "example.com:p",
                Some("locations/us/repositories/web"),
            ),
            ("us-docker.pkg.dev/other/web/app:1", "p", None),
            ("us-docker.pkg.dev/p2/web/app:1", "p", None),
            ("docker.io/library/app:1", "p", None),
        ] {
            assert_eq!(repository(image, project).as_deref(), expected, "{image}");
        }
    }
}
