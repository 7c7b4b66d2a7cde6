//! How full a subnetwork is, for those who ask for it.

use serde_json::{Value, json};

use super::catalog;
use crate::{
    api::Cloud,
    resource::{Key, Kind},
};

/// Addresses of each subnetwork that Google keeps for itself.
const RESERVED: u64 = 4;

/// Adds it to what is shown of a subnetwork: all instances of its region are in it.
pub(super) fn tell(cloud: &Cloud, key: &Key, shown: &mut Value) {
    let prefix = shown["ipCidrRange"]
        .as_str()
        .and_then(|range| range.split_once('/'));
    let prefix = prefix.and_then(|(_, prefix)| prefix.parse::<u32>().ok());
    let all = 1_u64 << 32_u32.saturating_sub(prefix.unwrap_or(32));
    let region = catalog::region_of(&key.scope);
    let instances = cloud.store().list(Kind::Instance, None).into_iter();
    let here = instances.filter(|it| catalog::region_of(&it.key.scope) == region);
    let taken = (here.count() as u64 + RESERVED).min(all);
    shown["utilizationDetails"] = json!({"ipv4Utilizations": [{
        "rangeName": "",
        "totalAllocatedIp": taken.to_string(),
        "totalFreeIp": (all - taken).to_string(),
    }]});
}
