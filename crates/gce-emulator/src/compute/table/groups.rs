//! Templates, groups, autoscalers, instances.

use super::{
    BLANK, DELETE_ONLY, GLOBAL_OR_REGIONAL, IMMUTABLE, READ_ONLY, Row, ZONAL, ZONAL_OR_REGIONAL,
};
use crate::{
    compute::{
        kinds,
        references::holds,
        schema::{Field, flag, integer, list, object, one_of, text},
    },
    resource::Kind,
};

pub(super) const INSTANCE_TEMPLATE: Row = Row {
    kind: Kind::InstanceTemplate,
    noun: "instance_template",
    places: GLOBAL_OR_REGIONAL,
    allowed: IMMUTABLE,
    required: &["name", "properties"],
    fields: &[
        text("description"),
        object("properties"),
        text("properties/machineType"),
        text("properties/description"),
        flag("properties/canIpForward"),
        list("properties/metadata/items"),
        list("properties/tags/items"),
        list("properties/disks"),
        flag("properties/disks/*/boot"),
        flag("properties/disks/*/autoDelete"),
        one_of("properties/disks/*/mode", &["READ_ONLY", "READ_WRITE"]),
        one_of("properties/disks/*/type", &["PERSISTENT", "SCRATCH"]),
        text("properties/disks/*/initializeParams/sourceImage"),
        list("properties/networkInterfaces"),
        text("properties/networkInterfaces/*/network"),
        list("properties/serviceAccounts"),
        text("properties/serviceAccounts/*/email"),
        list("properties/serviceAccounts/*/scopes"),
        flag("properties/scheduling/automaticRestart"),
        flag("properties/scheduling/preemptible"),
        one_of(
            "properties/scheduling/onHostMaintenance",
            &["MIGRATE", "TERMINATE"],
        ),
        one_of(
            "properties/scheduling/provisioningModel",
            &["STANDARD", "SPOT", "RESERVATION_BOUND", "FLEX_START"],
        ),
        object("properties/labels"),
    ],
    behaviour: &kinds::InstanceTemplate,
    ..BLANK
};

const ACTIONS: &[&str] = &["NONE", "REFRESH", "RESTART", "REPLACE"];

/// The fields of a fleet of machines under one manager.
const GROUP_FIELDS: &[Field] = &[
    integer("targetSize", 0..=2000),
    text("description"),
    text("baseInstanceName"),
    list("namedPorts"),
    list("versions"),
    text("versions/*/name"),
    integer("versions/*/targetSize/fixed", 0..=2000),
    integer("versions/*/targetSize/percent", 0..=100),
    list("autoHealingPolicies"),
    integer("autoHealingPolicies/*/initialDelaySec", 0..=3600),
    object("updatePolicy"),
    one_of("updatePolicy/type", &["OPPORTUNISTIC", "PROACTIVE"]).or_word("OPPORTUNISTIC"),
    one_of("updatePolicy/minimalAction", ACTIONS).or_word("REPLACE"),
    one_of("updatePolicy/mostDisruptiveAllowedAction", ACTIONS),
    one_of(
        "updatePolicy/replacementMethod",
        &["SUBSTITUTE", "RECREATE"],
    )
    .or_word("SUBSTITUTE"),
    one_of(
        "updatePolicy/instanceRedistributionType",
        &["PROACTIVE", "NONE"],
    ),
    integer("updatePolicy/maxSurge/fixed", 0..=2000),
    integer("updatePolicy/maxSurge/percent", 0..=100),
    integer("updatePolicy/maxUnavailable/fixed", 0..=2000),
    integer("updatePolicy/maxUnavailable/percent", 0..=100),
    object("distributionPolicy"),
    list("distributionPolicy/zones"),
    one_of(
        "distributionPolicy/targetShape",
        &["EVEN", "BALANCED", "ANY", "ANY_SINGLE_ZONE"],
    ),
    one_of(
        "instanceLifecyclePolicy/defaultActionOnFailure",
        &["REPAIR", "DO_NOTHING"],
    ),
    one_of(
        "instanceLifecyclePolicy/onFailedHealthCheck",
        &["DEFAULT_ACTION", "REPAIR", "DO_NOTHING"],
    ),
    one_of(
        "instanceLifecyclePolicy/forceUpdateOnRepair",
        &["NO", "YES"],
    ),
    one_of("listManagedInstancesResults", &["PAGELESS", "PAGINATED"]).or_word("PAGELESS"),
];

pub(super) const INSTANCE_GROUP_MANAGER: Row = Row {
    kind: Kind::InstanceGroupManager,
    noun: "instance_group_manager",
    places: ZONAL_OR_REGIONAL,
    required: &["name", "targetSize"],
    fields: GROUP_FIELDS,
    references: &[
        holds("instanceTemplate", Kind::InstanceTemplate),
        holds("versions/*/instanceTemplate", Kind::InstanceTemplate),
        holds("autoHealingPolicies/*/healthCheck", Kind::HealthCheck),
        holds("distributionPolicy/zones/*/zone", Kind::Zone),
    ],
    immutable: &["baseInstanceName"],
    output_only: &["instanceGroup", "status", "currentActions"],
    fingerprint: true,
    behaviour: &kinds::InstanceGroupManager,
    ..BLANK
};

pub(super) const INSTANCE_GROUP: Row = Row {
    kind: Kind::InstanceGroup,
    noun: "instance_group",
    places: ZONAL_OR_REGIONAL,
    allowed: READ_ONLY,
    fingerprint: true,
    behaviour: &kinds::InstanceGroup,
    ..BLANK
};

pub(super) const AUTOSCALER: Row = Row {
    kind: Kind::Autoscaler,
    noun: "autoscaler",
    places: ZONAL_OR_REGIONAL,
    required: &["name", "target", "autoscalingPolicy"],
    fields: &[
        text("description"),
        text("target"),
        object("autoscalingPolicy"),
    ],
    references: &[holds("target", Kind::InstanceGroupManager).at_home()],
    immutable: &["target"],
    output_only: &[
        "recommendedSize",
        "status",
        "statusDetails",
        "scalingScheduleStatus",
    ],
    behaviour: &kinds::Autoscaler,
    ..BLANK
};

pub(super) const INSTANCE: Row = Row {
    kind: Kind::Instance,
    noun: "instance",
    places: ZONAL,
    allowed: DELETE_ONLY,
    labels: true,
    behaviour: &kinds::Instance,
    ..BLANK
};
