//! Which permission a method needs, and which permissions a role has.

use crate::faults::matches;

/// The permission that Google asks for a method: `compute.instanceGroupManagers.update` for
/// `compute.instanceGroupManagers.resize`. `None` where it asks for none.
pub(super) fn permission(method: &str) -> Option<String> {
    let (resource, verb) = method.rsplit_once('.')?;
    if resource == "logging.entries" {
        let verb = if verb == "write" { "create" } else { verb };
        return Some(format!("logging.logEntries.{verb}"));
    }
    match method {
        "secretmanager.secrets.addVersion" => return Some("secretmanager.versions.add".into()),
        "orgpolicy.policies.getEffectivePolicy" => return Some("orgpolicy.policies.get".into()),
        // The permission and the method have different words for the resource.
        "orgpolicy.policies.create" | "orgpolicy.policies.patch" | "orgpolicy.policies.delete" => {
            return Some("orgpolicy.policy.set".into());
        }
        "billing.info.get" => return Some("resourcemanager.projects.get".into()),
        "billing.info.update" => {
            return Some("resourcemanager.projects.createBillingAssignment".into());
        }
        // Whoever may start an operation may ask for its end, and anybody what he may do.
        _ if verb == "testIamPermissions" || resource.ends_with(".operations") => return None,
        _ => {}
    }
    let own = [
        "access",
        "destroy",
        "disable",
        "enable",
        "getIamPolicy",
        "setIamPolicy",
        "setLabels",
        "setMetadata",
        "setSslPolicy",
        "setTags",
        "undelete",
    ];
    let verb = match verb {
        "get" | "list" | "create" | "update" | "delete" => verb,
        "batchEnable" => "enable",
        "patch" => "update",
        "aggregatedList" | "listInstances" => "list",
        "batchGet" | "wait" | "getHealth" | "listErrors" | "listManagedInstances" | "validate" => {
            "get"
        }
        "serialPort" => "getSerialPortOutput",
        "insert" => "create",
        verb if own.contains(&verb) => verb,
        _ if resource.starts_with("compute.") => "update",
        _ => "create",
    };
    Some(format!("{resource}.{verb}"))
}

/// Whether a text is the name of a permission of an API that this cloud knows.
pub(crate) fn is_permission(text: &str) -> bool {
    const SERVICES: [&str; 16] = [
        "artifactregistry",
        "certificatemanager",
        "cloudbuild",
        "compute",
        "dns",
        "iam",
        "iap",
        "logging",
        "monitoring",
        "orgpolicy",
        "resourcemanager",
        "secretmanager",
        "serviceusage",
        "storage",
        "oslogin",
        "billing",
    ];
    let parts: Vec<&str> = text.split('.').collect();
    let word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
    parts.len() == 3 && SERVICES.contains(&parts[0]) && parts.iter().all(word)
}

/// Roles and what they allow, as far as Google publishes it for what this cloud has.
const ROLES: &[(&str, &[&str])] = &[
    ("roles/owner", &["*"]),
    (
        "roles/editor",
        &[
            "compute.*",
            "monitoring.*",
            "logging.*",
            "artifactregistry.*",
            "dns.*",
            "iam.serviceAccounts.actAs",
            "iam.serviceAccounts.get",
            "iam.serviceAccounts.list",
            "resourcemanager.projects.get",
            "secretmanager.secrets.*",
            "serviceusage.*",
        ],
    ),
    ("roles/viewer", &["*.get", "*.list"]),
    ("roles/artifactregistry.admin", &["artifactregistry.*"]),
    (
        "roles/artifactregistry.reader",
        &[
            "artifactregistry.*.get",
            "artifactregistry.*.list",
            "artifactregistry.repositories.downloadArtifacts",
        ],
    ),
    (
        "roles/artifactregistry.writer",
        &[
            "artifactregistry.*.get",
            "artifactregistry.*.list",
            "artifactregistry.repositories.downloadArtifacts",
            "artifactregistry.repositories.uploadArtifacts",
        ],
    ),
    ("roles/dns.admin", &["dns.*"]),
    ("roles/dns.reader", &["dns.*.get", "dns.*.list"]),
    ("roles/iam.roleAdmin", &["iam.roles.*"]),
    ("roles/iam.serviceAccountAdmin", &["iam.serviceAccounts.*"]),
    (
        "roles/iam.serviceAccountUser",
        &[
            "iam.serviceAccounts.actAs",
            "iam.serviceAccounts.get",
            "iam.serviceAccounts.list",
        ],
    ),
    ("roles/iap.admin", &["iap.*"]),
    (
        "roles/iap.httpsResourceAccessor",
        &["iap.webServiceVersions.accessViaIAP"],
    ),
    (
        "roles/resourcemanager.projectIamAdmin",
        &[
            "resourcemanager.projects.get",
            "resourcemanager.projects.getIamPolicy",
            "resourcemanager.projects.setIamPolicy",
        ],
    ),
    ("roles/secretmanager.admin", &["secretmanager.*"]),
    (
        "roles/secretmanager.secretAccessor",
        &["secretmanager.versions.access"],
    ),
    (
        "roles/secretmanager.secretVersionAdder",
        &["secretmanager.versions.add"],
    ),
    (
        "roles/secretmanager.viewer",
        &["secretmanager.*.get", "secretmanager.*.list"],
    ),
    ("roles/serviceusage.serviceUsageAdmin", &["serviceusage.*"]),
    (
        "roles/serviceusage.serviceUsageConsumer",
        &[
            "serviceusage.services.get",
            "serviceusage.services.list",
            "serviceusage.services.use",
        ],
    ),
    ("roles/compute.admin", &["compute.*"]),
    ("roles/compute.viewer", &["compute.*.get", "compute.*.list"]),
    (
        "roles/compute.instanceAdmin.v1",
        &[
            "compute.*.get",
            "compute.*.list",
            "compute.autoscalers.*",
            "compute.instanceGroupManagers.*",
            "compute.instanceGroups.*",
            "compute.instanceTemplates.*",
            "compute.instances.*",
        ],
    ),
    ("roles/monitoring.admin", &["monitoring.*"]),
    (
        "roles/monitoring.viewer",
        &["monitoring.*.get", "monitoring.*.list"],
    ),
    (
        "roles/monitoring.metricWriter",
        &[
            "monitoring.timeSeries.create",
            "monitoring.metricDescriptors.*",
        ],
    ),
    ("roles/logging.admin", &["logging.*"]),
    ("roles/logging.viewer", &["logging.*.list"]),
    ("roles/logging.logWriter", &["logging.logEntries.create"]),
];

/// Whether there is such a role.
pub(super) fn exists(role: &str) -> bool {
    ROLES.iter().any(|(name, _)| *name == role)
}

/// Whether a role has a permission.
pub(super) fn has(role: &str, permission: &str) -> bool {
    // Editors change what is there, and not who may.
    if role == "roles/editor" && permission.ends_with(".setIamPolicy") {
        return false;
    }
    let found = ROLES.iter().find(|(name, _)| *name == role);
    found.is_some_and(|(_, patterns)| patterns.iter().any(|pattern| matches(pattern, permission)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_needs_the_permission_that_google_asks_for() {
        for (method, expected) in [
            ("compute.instances.aggregatedList", "compute.instances.list"),
            (
                "compute.instanceGroupManagers.insert",
                "compute.instanceGroupManagers.create",
            ),
            (
                "compute.instanceGroupManagers.resize",
                "compute.instanceGroupManagers.update",
            ),
            (
                "compute.instanceGroupManagers.listErrors",
                "compute.instanceGroupManagers.get",
            ),
            (
                "compute.instances.setMetadata",
                "compute.instances.setMetadata",
            ),
            ("logging.entries.write", "logging.logEntries.create"),
            (
                "secretmanager.secrets.addVersion",
                "secretmanager.versions.add",
            ),
            (
                "secretmanager.versions.access",
                "secretmanager.versions.access",
            ),
            (
                "serviceusage.services.batchEnable",
                "serviceusage.services.enable",
            ),
            ("iam.roles.patch", "iam.roles.update"),
            ("monitoring.timeSeries.list", "monitoring.timeSeries.list"),
            (
                "monitoring.timeSeries.insert",
                "monitoring.timeSeries.create",
            ),
        ] {
            assert_eq!(permission(method).as_deref(), Some(expected), "{method}");
        }
        for method in [
            "resourcemanager.projects.testIamPermissions",
            "serviceusage.operations.get",
        ] {
            assert_eq!(permission(method), None, "{method}");
        }
    }

    #[test]
    fn a_viewer_reads_and_a_writer_of_metrics_writes_them() {
        assert!(has("roles/compute.viewer", "compute.instances.list"));
        assert!(!has("roles/compute.viewer", "compute.instances.delete"));
        assert!(!has("roles/compute.viewer", "monitoring.timeSeries.list"));
        assert!(has(
            "roles/monitoring.metricWriter",
            "monitoring.timeSeries.create"
        ));
        assert!(!has("roles/nobody", "compute.instances.list"));
        assert!(has("roles/editor", "secretmanager.secrets.create"));
        assert!(!has("roles/editor", "secretmanager.secrets.setIamPolicy"));
    }
}
