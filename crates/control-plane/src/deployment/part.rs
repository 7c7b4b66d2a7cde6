use std::fmt;

use gce::{Resource, Scope, compute};
use serde_json::Value;

/// The kinds of resources in a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    HealthCheck,
    Template,
    Group,
    Autoscaler,
    BackendService,
    UrlMap,
    Proxy,
    ForwardingRule,
}

/// What differs from the blueprint may be changed, or is none of the blueprint's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Upkeep {
    /// Every field that the blueprint states is kept as stated.
    Stated,
    /// Only these fields; the others are set once, when it is created.
    Only(&'static [&'static str]),
    /// Nothing: it is immutable, or belongs to its owner once it exists.
    Nothing,
}

impl Kind {
    /// As it stands in the path.
    pub(super) fn collection(self) -> &'static str {
        match self {
            Self::HealthCheck => compute::HealthCheck::COLLECTION,
            Self::Template => compute::InstanceTemplate::COLLECTION,
            Self::Group => compute::InstanceGroupManager::COLLECTION,
            Self::Autoscaler => compute::Autoscaler::COLLECTION,
            Self::BackendService => compute::BackendService::COLLECTION,
            Self::UrlMap => compute::UrlMap::COLLECTION,
            Self::Proxy => compute::TargetHttpProxy::COLLECTION,
            Self::ForwardingRule => compute::ForwardingRule::COLLECTION,
        }
    }

    pub(super) fn is_zonal(self) -> bool {
        matches!(self, Self::Group | Self::Autoscaler)
    }

    pub(super) fn upkeep(self) -> Upkeep {
        match self {
            Self::HealthCheck | Self::BackendService | Self::UrlMap | Self::Proxy => Upkeep::Stated,
            // The size belongs to the autoscaler, and a rollout in progress to whoever started it.
            Self::Group => Upkeep::Only(&["instanceTemplate", "versions", "namedPorts"]),
            // A policy belongs to its owner, who changes it in the console. A template is immutable,
            // and its name says what is in it. A rule's address and port are what people have written
            // into their DNS.
            Self::Autoscaler | Self::Template | Self::ForwardingRule => Upkeep::Nothing,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HealthCheck => "health check",
            Self::Template => "instance template",
            Self::Group => "managed instance group",
            Self::Autoscaler => "autoscaler",
            Self::BackendService => "backend service",
            Self::UrlMap => "URL map",
            Self::Proxy => "target HTTP proxy",
            Self::ForwardingRule => "forwarding rule",
        })
    }
}

/// One resource that should exist.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) kind: Kind,
    pub(super) scope: Scope,
    pub(super) name: String,
    /// Google's JSON, its name included.
    pub(super) body: Value,
}
