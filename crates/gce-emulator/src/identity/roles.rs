//! Which permission a method needs, and which permissions a role has.

use crate::faults::matches;

/// The permission that Google asks for a method: `compute.instanceGroupManagers.update` for
/// `compute.instanceGroupManagers.resize`.
pub(super) fn permission(method: &str) -> String {
    let Some((resource, verb)) = method.rsplit_once('.') else {
        return method.to_owned();
    };
    if resource == "logging.entries" {
        let verb = if verb == "write" { "create" } else { verb };
        return format!("logging.logEntries.{verb}");
    }
    let own = [
        "getIamPolicy",
        "setIamPolicy",
        "setLabels",
        "setMetadata",
        "setTags",
    ];
    let verb = match verb {
        "get" | "list" | "create" | "update" | "delete" => verb,
        "aggregatedList" | "listInstances" => "list",
        "wait" | "getHealth" | "listErrors" | "listManagedInstances" | "validate" => "get",
        "serialPort" => "getSerialPortOutput",
        "insert" => "create",
        verb if own.contains(&verb) => verb,
        _ if resource.starts_with("compute.") => "update",
        _ => "create",
    };
    format!("{resource}.{verb}")
}

/// Roles and what they allow, as far as Google publishes it for what this cloud has.
const ROLES: [(&str, &[&str]); 12] = [
    ("roles/owner", &["*"]),
    ("roles/editor", &["compute.*", "monitoring.*", "logging.*"]),
    ("roles/viewer", &["*.get", "*.list"]),
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
            ("monitoring.timeSeries.list", "monitoring.timeSeries.list"),
            (
                "monitoring.timeSeries.insert",
                "monitoring.timeSeries.create",
            ),
        ] {
            assert_eq!(permission(method), expected, "{method}");
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
    }
}
