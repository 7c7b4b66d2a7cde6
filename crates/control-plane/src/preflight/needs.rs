//! Which APIs a deployment calls, and which permissions its caller needs for them.

use super::Intent;

/// The APIs that must be enabled, by their hosts.
pub fn services(intent: &Intent) -> Vec<&'static str> {
    let mut services = vec![
        "cloudresourcemanager.googleapis.com",
        "compute.googleapis.com",
        "iam.googleapis.com",
        "logging.googleapis.com",
        "monitoring.googleapis.com",
    ];
    if intent.pushes_image {
        services.push("artifactregistry.googleapis.com");
    }
    if intent.secrets {
        services.push("secretmanager.googleapis.com");
    }
    if intent.domain.is_some() {
        services.push("dns.googleapis.com");
    }
    services
}

/// The permissions that the caller must hold on the project, with the role that brings each.
pub fn permissions(intent: &Intent) -> Vec<(&'static str, &'static str)> {
    let mut needed = Vec::new();
    let mut add = |role: &'static str, names: &[&'static str]| {
        needed.extend(names.iter().map(|name| (*name, role)));
    };
    add("roles/compute.admin", &COMPUTE);
    if intent.https {
        add("roles/compute.admin", &COMPUTE_TLS);
    }
    add(
        "roles/serviceusage.serviceUsageAdmin",
        &["serviceusage.services.get"],
    );
    if intent.service_account.is_some() {
        add(
            "roles/iam.serviceAccountUser",
            &["iam.serviceAccounts.actAs"],
        );
    } else {
        add(
            "roles/iam.serviceAccountAdmin",
            &["iam.serviceAccounts.create", "iam.serviceAccounts.get"],
        );
        add(
            "roles/resourcemanager.projectIamAdmin",
            &[
                "resourcemanager.projects.getIamPolicy",
                "resourcemanager.projects.setIamPolicy",
            ],
        );
    }
    if intent.secrets {
        add(
            "roles/secretmanager.admin",
            &[
                "secretmanager.secrets.create",
                "secretmanager.secrets.setIamPolicy",
                "secretmanager.versions.add",
            ],
        );
    }
    if intent.pushes_image {
        add(
            "roles/artifactregistry.admin",
            &[
                "artifactregistry.repositories.create",
                "artifactregistry.repositories.uploadArtifacts",
            ],
        );
    }
    if intent.domain.is_some() {
        add(
            "roles/dns.admin",
            &["dns.changes.create", "dns.managedZones.list"],
        );
    }
    needed
}

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

const COMPUTE_TLS: [&str; 3] = [
    "compute.sslCertificates.create",
    "compute.sslPolicies.create",
    "compute.targetHttpsProxies.create",
];
