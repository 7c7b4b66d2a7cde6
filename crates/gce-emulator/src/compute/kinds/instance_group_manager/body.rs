//! The body of a managed instance group, made whole.

use serde_json::{Map, Value, json};

use crate::{
    compute::{catalog, change::Change, fingerprint, image, kinds::instance_group},
    error::ApiError,
    resource::{Key, Kind, Resource, Scope},
};

/// Over how many zones Google spreads a regional group that does not say.
const SPREAD: usize = 3;

/// `instanceTemplate` and `versions` say the same twice; whichever the caller changed leads.
pub(super) fn align_template(
    old: Option<&Map<String, Value>>,
    body: &mut Map<String, Value>,
) -> Result<(), ApiError> {
    let old = |field: &str| old.and_then(|old| old.get(field));
    let template_changed = body.get("instanceTemplate") != old("instanceTemplate");
    let versions_changed = body.get("versions") != old("versions");
    let versions = body
        .get("versions")
        .and_then(Value::as_array)
        .filter(|list| !list.is_empty());
    if versions.is_none() || (template_changed && !versions_changed) {
        let template = body
            .get("instanceTemplate")
            .filter(|template| template.is_string());
        let template = template.ok_or_else(|| ApiError::required("resource.instanceTemplate"))?;
        let versions = json!([{"instanceTemplate": template}]);
        body.insert("versions".into(), versions);
        return Ok(());
    }
    let versions = versions.map_or(&[][..], Vec::as_slice);
    let without_size = versions
        .iter()
        .filter(|version| version.get("targetSize").is_none());
    let main: Vec<&Value> = without_size.collect();
    match main[..] {
        [version] => {
            let template = version.get("instanceTemplate").cloned();
            let template =
                template.ok_or_else(|| ApiError::required("resource.versions.instanceTemplate"))?;
            body.insert("instanceTemplate".into(), template);
            Ok(())
        }
        _ => Err(ApiError::invalid(
            "resource.versions",
            &versions.len().to_string(),
            "Exactly one version must have no target size.",
        )),
    }
}

pub(super) fn complete(change: &Change<'_, '_>, key: &Key, body: &mut Map<String, Value>) {
    body.insert(
        "instanceGroup".into(),
        json!(change.url(&instance_group::group(key))),
    );
    let zones = distribute(change, key, body);
    let policy = body.entry("updatePolicy").or_insert_with(|| json!({}));
    for field in ["maxSurge", "maxUnavailable"] {
        if policy.get(field).is_none() {
            policy[field] = json!({"fixed": zones, "calculated": zones});
        }
    }
    for (field, value) in [
        ("type", "OPPORTUNISTIC"),
        ("minimalAction", "REPLACE"),
        ("replacementMethod", "SUBSTITUTE"),
    ] {
        if policy.get(field).is_none() {
            policy[field] = json!(value);
        }
    }
    // gcloud clears autohealing with a list of one empty policy.
    let cleared = body
        .get("autoHealingPolicies")
        .is_some_and(|policies| *policies == json!([{}]));
    if cleared {
        body.remove("autoHealingPolicies");
    }
}

/// Where a regional group spreads: over three zones unless the caller says which. How many.
fn distribute(change: &Change<'_, '_>, key: &Key, body: &mut Map<String, Value>) -> usize {
    let Scope::Region(region) = &key.scope else {
        return 1;
    };
    let policy = body
        .entry("distributionPolicy")
        .or_insert_with(|| json!({}));
    if policy.get("zones").is_none() {
        let url = |zone: &String| change.url(&Key::global(Kind::Zone, zone));
        let zones: Vec<Value> = catalog::zones_of(region)
            .iter()
            .take(SPREAD)
            .map(|zone| json!({"zone": url(zone)}))
            .collect();
        policy["zones"] = Value::Array(zones);
    }
    if policy.get("targetShape").is_none() {
        policy["targetShape"] = json!("EVEN");
    }
    let zones = policy["zones"].as_array().map_or(0, Vec::len);
    let update = body.entry("updatePolicy").or_insert_with(|| json!({}));
    if update.get("instanceRedistributionType").is_none() {
        update["instanceRedistributionType"] = json!("PROACTIVE");
    }
    zones
}

pub(super) fn make_group(
    change: &mut Change<'_, '_>,
    manager: &Resource,
    key: Key,
    ports: Option<Value>,
) {
    let mut body = Map::new();
    body.insert(
        "creationTimestamp".into(),
        manager.body["creationTimestamp"].clone(),
    );
    body.insert("fingerprint".into(), fingerprint::fresh());
    body.insert(
        "description".into(),
        json!("This instance group is controlled by a manager."),
    );
    body.insert(
        "network".into(),
        json!(change.url(&Key::global(Kind::Network, "default"))),
    );
    body.extend(ports.map(|ports| ("namedPorts".to_owned(), ports)));
    let mut group = Resource::new(key, body);
    let mut body = std::mem::take(&mut group.body);
    image::complete(change.project, &group, &mut body);
    group.body = body;
    change.tx.put(group);
}
