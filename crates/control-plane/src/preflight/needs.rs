//! Which APIs a deployment calls, and which permissions its caller needs for them.

use super::{Account, Intent, Secrets};
use crate::deployment::apis::{self, Uses};

/// The APIs that must be enabled, by their hosts: for the deployment, its console and its instances.
pub fn services(intent: &Intent) -> Vec<&'static str> {
    apis::needed(Uses {
        account: matches!(intent.account, Account::Own { .. }),
        repository: intent.repository,
        secrets: intent.secrets != Secrets::None,
        iap: intent.iap,
    })
}

/// The permissions that the caller must hold on the project, with the role that brings each. That to
/// enable APIs is needed only while one is off.
pub fn permissions(intent: &Intent) -> Vec<(&'static str, &'static str)> {
    let with = |role: &'static str| move |name: &&'static str| (*name, role);
    let mut needed: Vec<_> = COMPUTE.iter().map(with("roles/compute.admin")).collect();
    if intent.https {
        needed.extend(COMPUTE_TLS.iter().map(with("roles/compute.admin")));
    }
    // An instance acts as its account, be it the project's default one.
    needed.push((ACT_AS, "roles/iam.serviceAccountUser"));
    if let Account::Own { console } = intent.account {
        needed.extend(ACCOUNT);
        if console {
            needed.extend(ROLE.iter().map(with("roles/iam.roleAdmin")));
        }
    }
    if intent.repository {
        needed.extend(REPOSITORY.iter().map(with("roles/artifactregistry.admin")));
    }
    if intent.secrets == Secrets::Made {
        needed.extend(SECRETS.iter().map(with("roles/secretmanager.admin")));
    }
    if intent.iap {
        needed.extend(IAP.iter().map(with("roles/iap.admin")));
    }
    needed.push((ENABLE, "roles/serviceusage.serviceUsageAdmin"));
    needed
}

pub(super) const ENABLE: &str = "serviceusage.services.enable";
pub(super) const ACT_AS: &str = "iam.serviceAccounts.actAs";

/// For an account of the deployment's own, and what it may do.
const ACCOUNT: [(&str, &str); 5] = [
    (
        "iam.serviceAccounts.create",
        "roles/iam.serviceAccountAdmin",
    ),
    ("iam.serviceAccounts.get", "roles/iam.serviceAccountAdmin"),
    ("iam.serviceAccounts.list", "roles/iam.serviceAccountAdmin"),
    (
        "resourcemanager.projects.getIamPolicy",
        "roles/resourcemanager.projectIamAdmin",
    ),
    (
        "resourcemanager.projects.setIamPolicy",
        "roles/resourcemanager.projectIamAdmin",
    ),
];

const REPOSITORY: [&str; 6] = [
    "artifactregistry.repositories.create",
    "artifactregistry.repositories.downloadArtifacts",
    "artifactregistry.repositories.get",
    "artifactregistry.repositories.getIamPolicy",
    "artifactregistry.repositories.setIamPolicy",
    "artifactregistry.repositories.uploadArtifacts",
];

const SECRETS: [&str; 6] = [
    "secretmanager.secrets.create",
    "secretmanager.secrets.getIamPolicy",
    "secretmanager.secrets.list",
    "secretmanager.secrets.setIamPolicy",
    "secretmanager.versions.add",
    "secretmanager.versions.list",
];

const IAP: [&str; 2] = [
    "iap.webServices.getIamPolicy",
    "iap.webServices.setIamPolicy",
];

const ROLE: [&str; 4] = [
    "iam.roles.create",
    "iam.roles.get",
    "iam.roles.undelete",
    "iam.roles.update",
];

/// One for each kind that is made, changed and deleted; Google grants them together.
const COMPUTE: [&str; 16] = [
    "compute.autoscalers.create",
    "compute.backendServices.create",
    "compute.backendServices.use",
    "compute.firewalls.create",
    "compute.globalAddresses.create",
    "compute.globalForwardingRules.create",
    "compute.healthChecks.create",
    "compute.instanceGroupManagers.create",
    "compute.instanceGroupManagers.update",
    "compute.instanceTemplates.create",
    "compute.instances.create",
    "compute.networks.updatePolicy",
    "compute.regions.get",
    "compute.subnetworks.use",
    "compute.targetHttpProxies.create",
    "compute.urlMaps.create",
];

const COMPUTE_TLS: [&str; 2] = [
    "compute.sslCertificates.create",
    "compute.targetHttpsProxies.create",
];
