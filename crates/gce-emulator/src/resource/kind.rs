//! The sorts of resources, and their names.

/// A sort of resource. What the API may do with each is a row of the table in `compute::table`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Autoscaler,
    BackendService,
    ForwardingRule,
    HealthCheck,
    Image,
    Instance,
    InstanceGroup,
    InstanceGroupManager,
    InstanceTemplate,
    MachineType,
    Network,
    Operation,
    Region,
    TargetHttpProxy,
    UrlMap,
    Zone,
}

impl Kind {
    /// All kinds, in the order of the enum.
    pub const ALL: [Self; 16] = [
        Self::Autoscaler,
        Self::BackendService,
        Self::ForwardingRule,
        Self::HealthCheck,
        Self::Image,
        Self::Instance,
        Self::InstanceGroup,
        Self::InstanceGroupManager,
        Self::InstanceTemplate,
        Self::MachineType,
        Self::Network,
        Self::Operation,
        Self::Region,
        Self::TargetHttpProxy,
        Self::UrlMap,
        Self::Zone,
    ];

    /// The path segment, for example `instanceGroupManagers`.
    pub const fn collection(self) -> &'static str {
        self.names().0
    }

    /// The value of `kind` in Google's JSON, without its `compute#`.
    pub const fn json_kind(self) -> &'static str {
        self.names().1
    }

    /// The kind of a path segment.
    pub fn from_collection(segment: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.collection() == segment)
    }

    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Autoscaler => ("autoscalers", "autoscaler"),
            Self::BackendService => ("backendServices", "backendService"),
            Self::ForwardingRule => ("forwardingRules", "forwardingRule"),
            Self::HealthCheck => ("healthChecks", "healthCheck"),
            Self::Image => ("images", "image"),
            Self::Instance => ("instances", "instance"),
            Self::InstanceGroup => ("instanceGroups", "instanceGroup"),
            Self::InstanceGroupManager => ("instanceGroupManagers", "instanceGroupManager"),
            Self::InstanceTemplate => ("instanceTemplates", "instanceTemplate"),
            Self::MachineType => ("machineTypes", "machineType"),
            Self::Network => ("networks", "network"),
            Self::Operation => ("operations", "operation"),
            Self::Region => ("regions", "region"),
            Self::TargetHttpProxy => ("targetHttpProxies", "targetHttpProxy"),
            Self::UrlMap => ("urlMaps", "urlMap"),
            Self::Zone => ("zones", "zone"),
        }
    }
}
