//! Where a load balancer is reached, and what the network lets through.

use super::{
    BLANK, GLOBAL_OR_REGIONAL, IMMUTABLE, Row,
    balancing::{OTHER_SCHEMES, SCHEMES},
};
use crate::{
    compute::{
        kinds,
        references::holds,
        schema::{flag, integer, list, object, one_of, text},
    },
    resource::Kind,
};

/// The tiers of an address. The others are Google's own words for what it has changed itself.
const TIERS: &[&str] = &["PREMIUM", "STANDARD"];

pub(super) const FORWARDING_RULE: Row = Row {
    kind: Kind::ForwardingRule,
    noun: "forwarding_rule",
    places: GLOBAL_OR_REGIONAL,
    required: &["name", "target"],
    fields: &[
        text("description"),
        one_of("loadBalancingScheme", SCHEMES)
            .unlike(OTHER_SCHEMES)
            .or_word("EXTERNAL"),
        one_of("IPProtocol", &["TCP"])
            .unlike(&["UDP", "ESP", "AH", "SCTP", "ICMP", "L3_DEFAULT"])
            .or_word("TCP"),
        one_of("ipVersion", &["IPV4"]).unlike(&["IPV6"]),
        one_of("networkTier", TIERS).or_word("PREMIUM"),
        text("portRange"),
        text("IPAddress"),
        object("labels"),
    ],
    references: &[holds("target", Kind::TargetHttpProxy).or(Kind::TargetHttpsProxy)],
    immutable: &[
        "IPAddress",
        "IPProtocol",
        "portRange",
        "loadBalancingScheme",
    ],
    fingerprint: true,
    labels: true,
    behaviour: &kinds::ForwardingRule,
    ..BLANK
};

pub(super) const ADDRESS: Row = Row {
    kind: Kind::Address,
    noun: "address",
    places: GLOBAL_OR_REGIONAL,
    allowed: IMMUTABLE,
    fields: &[
        text("description"),
        text("address"),
        one_of("addressType", &["EXTERNAL"])
            .unlike(&["INTERNAL"])
            .or_word("EXTERNAL"),
        one_of("ipVersion", &["IPV4"])
            .unlike(&["IPV6"])
            .or_word("IPV4"),
        one_of("networkTier", TIERS).or_word("PREMIUM"),
        object("labels"),
    ],
    output_only: &["status", "users"],
    labels: true,
    behaviour: &kinds::Address,
    ..BLANK
};

pub(super) const FIREWALL: Row = Row {
    kind: Kind::Firewall,
    noun: "firewall",
    fields: &[
        text("description"),
        text("network").or_word("global/networks/default"),
        one_of("direction", &["INGRESS", "EGRESS"]).or_word("INGRESS"),
        integer("priority", 0..=65_535).or(1000),
        flag("disabled").or_flag(false),
        flag("logConfig/enable"),
        list("allowed"),
        text("allowed/*/IPProtocol"),
        list("allowed/*/ports"),
        list("denied"),
        text("denied/*/IPProtocol"),
        list("denied/*/ports"),
        list("sourceRanges"),
        list("destinationRanges"),
        list("sourceTags"),
        list("targetTags"),
    ],
    references: &[holds("network", Kind::Network)],
    immutable: &["network", "direction"],
    behaviour: &kinds::Firewall,
    ..BLANK
};
