use std::fmt;

use gce::{Resource, Scope, compute};
use serde_json::Value;

use super::beside::access::MEMBERS;
use super::beside::repositories::POLICIES;
use super::beside::secrets::FILLED;

/// Compute's host.
pub(super) const COMPUTE: &str = "compute.googleapis.com";

/// The kinds of resources in a deployment, each after those that it can refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An API that the project has enabled.
    Api,
    /// The account of the instances.
    ServiceAccount,
    /// A custom role.
    Role,
    /// A repository of images.
    Repository,
    /// A secret of Secret Manager.
    Secret,
    /// A role that the account has on something.
    Grant,
    /// A global address.
    Address,
    /// A firewall rule.
    Firewall,
    /// A health check.
    HealthCheck,
    /// An SSL certificate.
    Certificate,
    /// An instance template.
    Template,
    /// A managed instance group.
    Group,
    /// An autoscaler.
    Autoscaler,
    /// A backend service.
    BackendService,
    /// Whom Identity-Aware Proxy lets in to a backend service.
    Access,
    /// A URL map.
    UrlMap,
    /// A target HTTP proxy.
    Proxy,
    /// A target HTTPS proxy.
    SecureProxy,
    /// A forwarding rule.
    ForwardingRule,
    /// A DNS record.
    Record,
}

/// What differs from the blueprint may be changed, or is none of the blueprint's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Upkeep {
    /// Every field that the blueprint states is kept as stated.
    Stated,
    /// Only these fields; the others are set once, when it is created.
    Only(&'static [&'static str]),
    /// Every field, and none can be changed: it is made anew.
    Anew(&'static [&'static str]),
    /// Nothing: it is immutable, or belongs to its owner once it exists.
    Nothing,
}

impl Kind {
    /// All of them.
    pub(super) const ALL: [Self; 20] = [
        Self::Api,
        Self::ServiceAccount,
        Self::Role,
        Self::Repository,
        Self::Secret,
        Self::Grant,
        Self::Address,
        Self::Firewall,
        Self::HealthCheck,
        Self::Certificate,
        Self::Template,
        Self::Group,
        Self::Autoscaler,
        Self::BackendService,
        Self::Access,
        Self::UrlMap,
        Self::Proxy,
        Self::SecureProxy,
        Self::ForwardingRule,
        Self::Record,
    ];

    /// Those that are not Compute's, and can be looked for side by side once the APIs are known. Grants
    /// come later, since the versions in service say where to look.
    pub(super) const BESIDE: [Self; 4] = [
        Self::ServiceAccount,
        Self::Role,
        Self::Repository,
        Self::Secret,
    ];

    /// As it stands in the path.
    pub fn collection(self) -> &'static str {
        match self {
            Self::Api => "services",
            Self::ServiceAccount => "serviceAccounts",
            Self::Role => "roles",
            Self::Repository => "repositories",
            Self::Secret => "secrets",
            Self::Grant => "bindings",
            Self::Address => "addresses",
            Self::Firewall => "firewalls",
            Self::HealthCheck => compute::HealthCheck::COLLECTION,
            Self::Certificate => "sslCertificates",
            Self::Template => compute::InstanceTemplate::COLLECTION,
            Self::Group => compute::InstanceGroupManager::COLLECTION,
            Self::Autoscaler => compute::Autoscaler::COLLECTION,
            Self::BackendService => compute::BackendService::COLLECTION,
            Self::Access => "iap_web",
            Self::UrlMap => compute::UrlMap::COLLECTION,
            Self::Proxy => compute::TargetHttpProxy::COLLECTION,
            Self::SecureProxy => "targetHttpsProxies",
            Self::ForwardingRule => compute::ForwardingRule::COLLECTION,
            Self::Record => "rrsets",
        }
    }

    /// The API that it is made with, by its host.
    pub fn api(self) -> &'static str {
        match self {
            Self::Api => "serviceusage.googleapis.com",
            Self::ServiceAccount | Self::Role => "iam.googleapis.com",
            Self::Repository => "artifactregistry.googleapis.com",
            Self::Secret => "secretmanager.googleapis.com",
            Self::Record => "dns.googleapis.com",
            Self::Access => "iap.googleapis.com",
            Self::Grant => "cloudresourcemanager.googleapis.com",
            _ => COMPUTE,
        }
    }

    /// Whether it is one of Compute's, which are all made, changed and deleted in the same way.
    pub(super) fn is_of_compute(self) -> bool {
        self.api() == COMPUTE
    }

    /// Whether it lives in a zone or a region.
    pub(super) fn is_local(self) -> bool {
        matches!(self, Self::Group | Self::Autoscaler)
    }

    /// Whether it can bear labels; the others are marked in their descriptions.
    pub(super) fn has_labels(self) -> bool {
        matches!(self, Self::Address | Self::ForwardingRule | Self::Secret)
    }

    /// Whether its name says what is in it, so that what bears the name is as stated.
    pub(super) fn is_named_by_content(self) -> bool {
        matches!(
            self,
            Self::Api | Self::Grant | Self::Template | Self::Certificate
        )
    }

    pub(super) fn upkeep(self) -> Upkeep {
        match self {
            Self::HealthCheck
            | Self::BackendService
            | Self::UrlMap
            | Self::Proxy
            | Self::SecureProxy => Upkeep::Stated,
            // Where it applies cannot be changed.
            Self::Firewall => Upkeep::Anew(&["network", "direction"]),
            Self::Role => Upkeep::Only(&["includedPermissions"]),
            Self::Repository => Upkeep::Only(&[POLICIES]),
            Self::Secret => Upkeep::Only(&[FILLED]),
            Self::Access => Upkeep::Only(&[MEMBERS]),
            Self::Record => Upkeep::Only(&["type", "rrdatas"]),
            // The size belongs to the autoscaler, and a rollout in progress to whoever started it.
            Self::Group => Upkeep::Only(&["instanceTemplate", "versions", "namedPorts"]),
            // A policy belongs to its owner, who changes it in the console. A template is immutable,
            // and its name says what is in it, as a certificate's does. A rule's address and port are
            // what people have written into their DNS. An API is on or off, and so is a
            // grant. Of an account only the name counts.
            Self::Autoscaler
            | Self::Api
            | Self::ServiceAccount
            | Self::Grant
            | Self::Template
            | Self::Certificate
            | Self::Address
            | Self::ForwardingRule => Upkeep::Nothing,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Api => "api",
            Self::ServiceAccount => "service account",
            Self::Role => "custom role",
            Self::Repository => "repository",
            Self::Secret => "secret",
            Self::Grant => "grant",
            Self::Address => "address",
            Self::Firewall => "firewall rule",
            Self::HealthCheck => "health check",
            Self::Certificate => "certificate",
            Self::Template => "instance template",
            Self::Group => "managed instance group",
            Self::Autoscaler => "autoscaler",
            Self::BackendService => "backend service",
            Self::Access => "access through IAP",
            Self::UrlMap => "URL map",
            Self::Proxy => "target HTTP proxy",
            Self::SecureProxy => "target HTTPS proxy",
            Self::ForwardingRule => "forwarding rule",
            Self::Record => "DNS record",
        })
    }
}

/// Which resource of the project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// What it is.
    pub kind: Kind,
    /// Where it lives.
    pub scope: Scope,
    /// Its name there.
    pub name: String,
}

impl Id {
    /// How other resources refer to it, below the project: `global/urlMaps/web`, `roles/web`.
    pub(super) fn path(&self) -> String {
        if let (Kind::Repository, Scope::Region(location)) = (self.kind, &self.scope) {
            return format!("locations/{location}/repositories/{}", self.name);
        }
        if !self.kind.is_of_compute() {
            return format!("{}/{}", self.kind.collection(), self.name);
        }
        format!("{}/{}/{}", self.scope, self.kind.collection(), self.name)
    }
}

impl fmt::Display for Id {
    /// `managed instance group web in us-central1`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)?;
        match &self.scope {
            Scope::Global => Ok(()),
            Scope::Zone(place) | Scope::Region(place) => write!(f, " in {place}"),
        }
    }
}

/// One resource that should exist.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) id: Id,
    pub(super) upkeep: Upkeep,
    /// Google's JSON, its name included.
    pub(super) body: Value,
}
