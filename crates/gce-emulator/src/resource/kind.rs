//! The sorts of resources, and their names.

use super::Scope;

/// A sort of resource. What Compute may do with each is a row of the table in `compute::table`; the
/// others belong to the APIs beside it, in `apis`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Address,
    Autoscaler,
    BackendService,
    Firewall,
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
    SslCertificate,
    SslPolicy,
    Subnetwork,
    TargetHttpProxy,
    TargetHttpsProxy,
    UrlMap,
    Zone,
    DnsChange,
    IamPolicy,
    LongRunning,
    ManagedZone,
    OrgPolicy,
    RecordSet,
    Repository,
    Role,
    Secret,
    SecretVersion,
    Service,
    ServiceAccount,
}

impl Kind {
    /// All kinds, in the order of the enum.
    pub const ALL: [Self; 34] = [
        Self::Address,
        Self::Autoscaler,
        Self::BackendService,
        Self::Firewall,
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
        Self::SslCertificate,
        Self::SslPolicy,
        Self::Subnetwork,
        Self::TargetHttpProxy,
        Self::TargetHttpsProxy,
        Self::UrlMap,
        Self::Zone,
        Self::DnsChange,
        Self::IamPolicy,
        Self::LongRunning,
        Self::ManagedZone,
        Self::OrgPolicy,
        Self::RecordSet,
        Self::Repository,
        Self::Role,
        Self::Secret,
        Self::SecretVersion,
        Self::Service,
        Self::ServiceAccount,
    ];

    /// The path segment, for example `instanceGroupManagers`.
    pub const fn collection(self) -> &'static str {
        self.names().0
    }

    /// The value of `kind` in Google's JSON, without its `compute#`.
    pub const fn json_kind(self) -> &'static str {
        self.names().1
    }

    /// What Google calls the methods on resources of the kind in a scope: `autoscalers` in a zone
    /// are `regionAutoscalers` in a region; addresses and forwarding rules name the global ones.
    pub fn method_group(self, scope: &Scope) -> String {
        let collection = self.collection();
        let prefix = match (self, scope) {
            (Self::Operation, Scope::Global) => return "globalOperations".to_owned(),
            (Self::Operation, Scope::Region(_)) => return "regionOperations".to_owned(),
            (Self::Operation, Scope::Zone(_)) => return "zoneOperations".to_owned(),
            (Self::Address | Self::ForwardingRule, Scope::Global) => "global",
            (Self::Address | Self::ForwardingRule | Self::Subnetwork, _) => {
                return collection.into();
            }
            (_, Scope::Region(_)) => "region",
            _ => return collection.into(),
        };
        let (head, tail) = collection.split_at(1);
        format!("{prefix}{}{tail}", head.to_uppercase())
    }

    /// The kind of a path segment.
    pub fn from_collection(segment: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.collection() == segment)
    }

    /// Whether it is a kind of Compute's.
    pub const fn is_of_compute(self) -> bool {
        !matches!(
            self,
            Self::DnsChange
                | Self::IamPolicy
                | Self::LongRunning
                | Self::ManagedZone
                | Self::OrgPolicy
                | Self::RecordSet
                | Self::Repository
                | Self::Role
                | Self::Secret
                | Self::SecretVersion
                | Self::Service
                | Self::ServiceAccount
        )
    }

    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Address => ("addresses", "address"),
            Self::Autoscaler => ("autoscalers", "autoscaler"),
            Self::BackendService => ("backendServices", "backendService"),
            Self::Firewall => ("firewalls", "firewall"),
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
            Self::SslCertificate => ("sslCertificates", "sslCertificate"),
            Self::SslPolicy => ("sslPolicies", "sslPolicy"),
            Self::Subnetwork => ("subnetworks", "subnetwork"),
            Self::TargetHttpProxy => ("targetHttpProxies", "targetHttpProxy"),
            Self::TargetHttpsProxy => ("targetHttpsProxies", "targetHttpsProxy"),
            Self::UrlMap => ("urlMaps", "urlMap"),
            Self::Zone => ("zones", "zone"),
            Self::DnsChange => ("changes", "change"),
            Self::IamPolicy => ("iamPolicies", "policy"),
            Self::LongRunning => ("longRunning", "operation"),
            Self::ManagedZone => ("managedZones", "managedZone"),
            Self::OrgPolicy => ("policies", "orgPolicy"),
            Self::RecordSet => ("rrsets", "resourceRecordSet"),
            Self::Repository => ("repositories", "repository"),
            Self::Role => ("roles", "role"),
            Self::Secret => ("secrets", "secret"),
            Self::SecretVersion => ("versions", "secretVersion"),
            Self::Service => ("services", "service"),
            Self::ServiceAccount => ("serviceAccounts", "serviceAccount"),
        }
    }
}
