//! What a group is to be, read from its resource.

use serde_json::Value;

use super::version::{UpdateAction, Version};
use crate::resource::{Resource, Scope, last_segment};

/// A group as it should be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Desired {
    pub(super) size: usize,
    /// At least one; exactly one has no size.
    pub(super) versions: Vec<Target>,
    pub(super) policy: Policy,
    /// Where its instances may be: one zone, or those of a regional group.
    pub(super) zones: Vec<String>,
    /// Whether instances are moved to even the zones out.
    pub(super) redistribute: bool,
}

/// A version, and how many instances are to have it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target {
    pub(super) version: Version,
    /// `None` for the version that gets all others.
    pub(super) size: Option<usize>,
}

/// Google's `updatePolicy`, with percentages turned into numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    /// Whether what is outdated is updated without being asked.
    pub(super) proactive: bool,
    /// Whether a replaced instance gets another name, so that the new one can come first.
    pub(super) substitute: bool,
    pub(super) minimal: UpdateAction,
    pub(super) most: UpdateAction,
    pub(super) surge: usize,
    pub(super) unavailable: usize,
}

impl Desired {
    pub(super) fn of(manager: &Resource) -> Self {
        let size = usize::try_from(manager.number("targetSize").unwrap_or(0)).unwrap_or(0);
        let zones = zones(manager);
        Self {
            size,
            versions: versions(manager, size),
            policy: Policy::of(manager, size, zones.len()),
            redistribute: zones.len() > 1 && redistributes(manager),
            zones,
        }
    }

    /// How many instances each version is to have, in their order.
    pub(super) fn counts(&self) -> Vec<usize> {
        let mut left = self.size;
        let mut counts: Vec<usize> = self
            .versions
            .iter()
            .map(|target| {
                let count = target.size.unwrap_or(0).min(left);
                left -= count;
                count
            })
            .collect();
        if let Some(rest) = self
            .versions
            .iter()
            .position(|target| target.size.is_none())
        {
            counts[rest] = left;
        }
        counts
    }
}

impl Policy {
    fn of(manager: &Resource, size: usize, zones: usize) -> Self {
        let text = |field: &str| manager.text(&format!("updatePolicy/{field}"));
        let action = |field: &str| text(field).and_then(UpdateAction::from_name);
        let count = |field: &str| {
            let given = manager.field(&format!("updatePolicy/{field}"));
            given
                .and_then(|given| fixed_or_percent(given, size))
                .unwrap_or(zones)
        };
        Self {
            proactive: text("type") == Some("PROACTIVE"),
            substitute: text("replacementMethod") != Some("RECREATE"),
            minimal: action("minimalAction").unwrap_or(UpdateAction::Replace),
            most: action("mostDisruptiveAllowedAction").unwrap_or(UpdateAction::Replace),
            surge: count("maxSurge"),
            unavailable: count("maxUnavailable"),
        }
    }
}

/// Google's `FixedOrPercent` of a size. A percentage is rounded up.
pub(crate) fn fixed_or_percent(value: &Value, of: usize) -> Option<usize> {
    if let Some(percent) = value.get("percent").and_then(Value::as_u64) {
        return Some((of * percent as usize).div_ceil(100));
    }
    let fixed = value.get("fixed")?.as_u64()?;
    usize::try_from(fixed).ok()
}

fn versions(manager: &Resource, size: usize) -> Vec<Target> {
    let given = manager.body.get("versions").and_then(Value::as_array);
    let target = |version: &Value| {
        Some(Target {
            version: Version {
                name: version
                    .get("name")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
                template: version.get("instanceTemplate")?.as_str()?.to_owned(),
            },
            size: version
                .get("targetSize")
                .and_then(|target| fixed_or_percent(target, size)),
        })
    };
    let versions: Vec<Target> = given.into_iter().flatten().filter_map(target).collect();
    if !versions.is_empty() {
        return versions;
    }
    let template = manager.text("instanceTemplate").unwrap_or_default();
    let version = Version {
        name: None,
        template: template.to_owned(),
    };
    vec![Target {
        version,
        size: None,
    }]
}

fn zones(manager: &Resource) -> Vec<String> {
    match &manager.key.scope {
        Scope::Zone(zone) => vec![zone.clone()],
        Scope::Region(_) => {
            let given = manager
                .field("distributionPolicy/zones")
                .and_then(Value::as_array);
            let zone = |zone: &Value| Some(last_segment(zone.get("zone")?.as_str()?).to_owned());
            given.into_iter().flatten().filter_map(zone).collect()
        }
        Scope::Global => Vec::new(),
    }
}

fn redistributes(manager: &Resource) -> bool {
    let shape = manager
        .text("distributionPolicy/targetShape")
        .unwrap_or("EVEN");
    let kind = manager.text("updatePolicy/instanceRedistributionType");
    shape == "EVEN" && kind.unwrap_or("PROACTIVE") == "PROACTIVE"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::{Key, Kind};

    fn desired(body: Value) -> Desired {
        let Value::Object(body) = body else {
            unreachable!("an object was written")
        };
        let key = Key::zonal(Kind::InstanceGroupManager, "z", "m");
        Desired::of(&Resource::new(key, body))
    }

    #[test]
    fn a_canary_gets_its_part_and_the_other_version_the_rest() {
        let versions = |canary: Value| {
            json!({"targetSize": 10, "versions": [
                {"instanceTemplate": "old"}, {"instanceTemplate": "new", "targetSize": canary}]})
        };
        for (canary, counts) in [
            (json!({"fixed": 3}), [7, 3]),
            (json!({"percent": 25}), [7, 3]),
            (json!({"fixed": 30}), [0, 10]),
            (json!({"percent": 0}), [10, 0]),
        ] {
            assert_eq!(
                desired(versions(canary.clone())).counts(),
                counts,
                "{canary}"
            );
        }
    }

    #[test]
    fn what_a_group_leaves_open_is_as_at_google() {
        let policy = desired(json!({"targetSize": 3, "instanceTemplate": "t"})).policy;
        let expected = Policy {
            proactive: false,
            substitute: true,
            minimal: UpdateAction::Replace,
            most: UpdateAction::Replace,
            surge: 1,
            unavailable: 1,
        };
        assert_eq!(policy, expected);
    }

    #[test]
    fn a_regional_group_has_the_zones_of_its_policy_and_as_much_surge() {
        let zones = json!([{"zone": "zones/r-a"}, {"zone": "https://any/zones/r-f"}]);
        let Value::Object(body) = json!({"distributionPolicy": {"zones": zones}}) else {
            unreachable!("an object was written")
        };
        let key = Key::new(Kind::InstanceGroupManager, Scope::Region("r".into()), "m");
        let desired = Desired::of(&Resource::new(key, body));
        assert_eq!(desired.zones, ["r-a", "r-f"]);
        assert_eq!((desired.policy.surge, desired.redistribute), (2, true));
    }
}
