//! The table: a row for each kind, and its small behaviour.

use super::{
    change::{Behaviour, Plain},
    kinds,
    references::{Reference, holds},
    schema::{Field, integer, list, number, object, one_of, text},
};
use crate::resource::{Kind, Scope};

/// Where resources of a kind live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Global,
    Zonal,
}

/// What may be done with a kind beyond reading it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowed {
    pub(crate) insert: bool,
    pub(crate) change: bool,
    pub(crate) delete: bool,
}

const READ_ONLY: Allowed = Allowed {
    insert: false,
    change: false,
    delete: false,
};
const DELETE_ONLY: Allowed = Allowed {
    insert: false,
    change: false,
    delete: true,
};
const IMMUTABLE: Allowed = Allowed {
    insert: true,
    change: false,
    delete: true,
};
const ALL: Allowed = Allowed {
    insert: true,
    change: true,
    delete: true,
};

/// What the engine knows about a kind.
pub(crate) struct Row {
    pub(crate) kind: Kind,
    /// What Google's refusals call it.
    pub(crate) noun: &'static str,
    pub(crate) place: Place,
    pub(crate) allowed: Allowed,
    pub(crate) required: &'static [&'static str],
    pub(crate) fields: &'static [Field],
    pub(crate) references: &'static [Reference],
    /// Fields that a change must leave as they are.
    pub(crate) immutable: &'static [&'static str],
    /// Fields that only the cloud writes; a caller's values for them are ignored.
    pub(crate) output_only: &'static [&'static str],
    pub(crate) fingerprint: bool,
    pub(crate) behaviour: &'static dyn Behaviour,
}

impl Row {
    pub(crate) fn is_global(&self) -> bool {
        self.place == Place::Global
    }

    /// Whether resources of the kind can live in a scope.
    pub(crate) fn lives_in(&self, scope: &Scope) -> bool {
        matches!(
            (self.place, scope),
            (Place::Global, Scope::Global) | (Place::Zonal, Scope::Zone(_))
        )
    }
}

/// The row of a kind. Catalogue kinds and operations have none.
pub(crate) fn row(kind: Kind) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.kind == kind)
}

const SCHEMES: &[&str] = &["EXTERNAL", "EXTERNAL_MANAGED", "INTERNAL_MANAGED"];

/// A row that says nothing: each kind below names only what is particular about it.
const BLANK: Row = Row {
    kind: Kind::Operation,
    noun: "resource",
    place: Place::Global,
    allowed: ALL,
    required: &["name"],
    fields: &[],
    references: &[],
    immutable: &[],
    output_only: &[],
    fingerprint: false,
    behaviour: &Plain,
};

pub(crate) const ROWS: &[Row] = &[
    Row {
        kind: Kind::InstanceTemplate,
        noun: "instance_template",
        allowed: IMMUTABLE,
        required: &["name", "properties"],
        fields: &[
            text("description"),
            object("properties"),
            text("properties/machineType"),
            list("properties/metadata/items"),
            list("properties/disks"),
            object("properties/labels"),
        ],
        behaviour: &kinds::InstanceTemplate,
        ..BLANK
    },
    Row {
        kind: Kind::InstanceGroupManager,
        noun: "instance_group_manager",
        place: Place::Zonal,
        required: &["name", "targetSize"],
        fields: &[
            integer("targetSize", 0..=1000),
            text("baseInstanceName"),
            list("namedPorts"),
            list("versions"),
            list("autoHealingPolicies"),
            object("updatePolicy"),
            one_of("updatePolicy/type", &["OPPORTUNISTIC", "PROACTIVE"]).or_word("OPPORTUNISTIC"),
            one_of(
                "updatePolicy/minimalAction",
                &["NONE", "REFRESH", "RESTART", "REPLACE"],
            )
            .or_word("REPLACE"),
            one_of(
                "updatePolicy/replacementMethod",
                &["SUBSTITUTE", "RECREATE"],
            )
            .or_word("SUBSTITUTE"),
        ],
        references: &[
            holds("instanceTemplate", Kind::InstanceTemplate),
            holds("versions/*/instanceTemplate", Kind::InstanceTemplate),
            holds("autoHealingPolicies/*/healthCheck", Kind::HealthCheck),
        ],
        immutable: &["baseInstanceName"],
        output_only: &["instanceGroup", "status", "currentActions"],
        fingerprint: true,
        behaviour: &kinds::InstanceGroupManager,
        ..BLANK
    },
    Row {
        kind: Kind::InstanceGroup,
        noun: "instance_group",
        place: Place::Zonal,
        allowed: READ_ONLY,
        fingerprint: true,
        behaviour: &kinds::InstanceGroup,
        ..BLANK
    },
    Row {
        kind: Kind::Autoscaler,
        noun: "autoscaler",
        place: Place::Zonal,
        required: &["name", "target", "autoscalingPolicy"],
        fields: &[
            text("description"),
            text("target"),
            object("autoscalingPolicy"),
        ],
        references: &[holds("target", Kind::InstanceGroupManager)],
        immutable: &["target"],
        output_only: &[
            "recommendedSize",
            "status",
            "statusDetails",
            "scalingScheduleStatus",
        ],
        behaviour: &kinds::Autoscaler,
        ..BLANK
    },
    Row {
        kind: Kind::Instance,
        noun: "instance",
        place: Place::Zonal,
        allowed: DELETE_ONLY,
        behaviour: &kinds::Instance,
        ..BLANK
    },
    Row {
        kind: Kind::HealthCheck,
        noun: "health_check",
        required: &["name", "type"],
        fields: &[
            one_of("type", &["HTTP", "HTTPS", "HTTP2", "TCP", "SSL", "GRPC"]),
            integer("checkIntervalSec", 1..=300).or(5),
            integer("timeoutSec", 1..=300).or(5),
            integer("healthyThreshold", 1..=10).or(2),
            integer("unhealthyThreshold", 1..=10).or(2),
            object("httpHealthCheck"),
            integer("httpHealthCheck/port", 1..=65_535),
            text("httpHealthCheck/host"),
            text("httpHealthCheck/requestPath").or_word("/"),
            one_of(
                "httpHealthCheck/portSpecification",
                &["USE_FIXED_PORT", "USE_NAMED_PORT", "USE_SERVING_PORT"],
            ),
        ],
        immutable: &["type"],
        behaviour: &kinds::HealthCheck,
        ..BLANK
    },
    Row {
        kind: Kind::BackendService,
        noun: "backend_service",
        fields: &[
            one_of("loadBalancingScheme", SCHEMES).or_word("EXTERNAL"),
            one_of(
                "protocol",
                &["HTTP", "HTTPS", "HTTP2", "TCP", "SSL", "GRPC"],
            )
            .or_word("HTTP"),
            text("portName").or_word("http"),
            integer("timeoutSec", 1..=2_147_483_647).or(30),
            integer("connectionDraining/drainingTimeoutSec", 0..=3600),
            one_of(
                "sessionAffinity",
                &[
                    "NONE",
                    "CLIENT_IP",
                    "GENERATED_COOKIE",
                    "HEADER_FIELD",
                    "HTTP_COOKIE",
                ],
            )
            .or_word("NONE"),
            list("backends"),
            list("healthChecks"),
        ],
        references: &[
            holds("healthChecks/*", Kind::HealthCheck),
            holds("backends/*/group", Kind::InstanceGroup),
        ],
        immutable: &["loadBalancingScheme"],
        fingerprint: true,
        behaviour: &kinds::BackendService,
        ..BLANK
    },
    Row {
        kind: Kind::UrlMap,
        noun: "url_map",
        fields: &[
            text("defaultService"),
            list("hostRules"),
            list("pathMatchers"),
            number(
                "defaultRouteAction/faultInjectionPolicy/abort/percentage",
                0.0..=100.0,
            ),
        ],
        references: &[
            holds("defaultService", Kind::BackendService),
            holds("pathMatchers/*/defaultService", Kind::BackendService),
            holds("pathMatchers/*/pathRules/*/service", Kind::BackendService),
        ],
        fingerprint: true,
        behaviour: &kinds::UrlMap,
        ..BLANK
    },
    Row {
        kind: Kind::TargetHttpProxy,
        noun: "target_http_proxy",
        required: &["name", "urlMap"],
        fields: &[text("urlMap"), integer("httpKeepAliveTimeoutSec", 5..=1200)],
        references: &[holds("urlMap", Kind::UrlMap)],
        fingerprint: true,
        behaviour: &kinds::TargetHttpProxy,
        ..BLANK
    },
    Row {
        kind: Kind::ForwardingRule,
        noun: "forwarding_rule",
        required: &["name", "target"],
        fields: &[
            one_of("loadBalancingScheme", SCHEMES).or_word("EXTERNAL"),
            one_of("IPProtocol", &["TCP"]).or_word("TCP"),
            one_of("networkTier", &["PREMIUM", "STANDARD"]).or_word("PREMIUM"),
            text("portRange"),
            text("IPAddress"),
            object("labels"),
        ],
        references: &[holds("target", Kind::TargetHttpProxy)],
        immutable: &[
            "IPAddress",
            "IPProtocol",
            "portRange",
            "loadBalancingScheme",
        ],
        fingerprint: true,
        behaviour: &kinds::ForwardingRule,
        ..BLANK
    },
];

/// Fields of every kind that only the cloud writes.
pub(crate) const ALWAYS_OUTPUT: [&str; 7] = [
    "kind",
    "id",
    "selfLink",
    "creationTimestamp",
    "zone",
    "region",
    "fingerprint",
];
