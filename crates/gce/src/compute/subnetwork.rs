use reqwest::Method;

use super::wire::wire_struct;
use crate::{Client, Error};

wire_struct! {
    /// A part of a network, in one region.
    pub struct Subnetwork {
        /// In a network that makes its subnetworks itself, the network's.
        pub name: String,
        /// `10.128.0.0/20`.
        pub ip_cidr_range: Option<String>,
        /// How full it is, where that was asked for.
        pub utilization_details: Option<SubnetworkUtilization>,
    }
}

wire_struct! {
    /// How full a subnetwork is (Compute v1, SubnetworkUtilizationDetails).
    pub struct SubnetworkUtilization {
        /// One for each of its ranges.
        pub ipv4_utilizations: Vec<RangeUtilization>,
    }
}

wire_struct! {
    /// How full a range of a subnetwork is.
    pub struct RangeUtilization {
        /// Empty for the range that instances get their addresses from.
        pub range_name: String,
        /// Addresses that nobody has.
        pub total_free_ip: Option<String>,
    }
}

/// Addresses of each subnetwork that Google keeps for itself.
const RESERVED: u64 = 4;

impl Subnetwork {
    /// How many instances more it can have; how many it could have at all where Google does not tell how
    /// full it is. `None` where it tells nothing.
    pub fn room(&self) -> Option<u64> {
        let ranges = self.utilization_details.iter();
        let mut ranges = ranges.flat_map(|details| &details.ipv4_utilizations);
        let free = ranges
            .find(|range| range.range_name.is_empty())
            .and_then(|range| range.total_free_ip.as_ref()?.parse().ok());
        free.or_else(|| {
            let prefix: u32 = self
                .ip_cidr_range
                .as_ref()?
                .split_once('/')?
                .1
                .parse()
                .ok()?;
            let addresses = 1_u64.checked_shl(32_u32.checked_sub(prefix)?)?;
            Some(addresses.saturating_sub(RESERVED))
        })
    }
}

impl Client {
    /// A subnetwork, and how full it is; 404 where there is none.
    pub async fn subnetwork(&self, region: &str, name: &str) -> Result<Subnetwork, Error> {
        let path = ["regions", region, "subnetworks", name];
        let request = self.compute_below_project(Method::GET, &path)?;
        self.send(&request.query("views", "WITH_UTILIZATION")).await
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
    use serde_json::json;

    use super::*;

    #[test]
    fn the_room_is_what_is_free_or_what_the_range_holds() {
        let full = json!({"ipv4Utilizations": [{"rangeName": "pods", "totalFreeIp": "9"},
            {"totalFreeIp": "3"}]});
        for (subnetwork, expected) in [
            (
                json!({"ipCidrRange": "10.0.0.0/20", "utilizationDetails": full}),
                Some(3),
            ),
            (json!({"ipCidrRange": "10.0.0.0/20"}), Some(4092)),
            (json!({"ipCidrRange": "10.0.0.0/31"}), Some(0)),
            (json!({"ipCidrRange": "10.0.0.0/64"}), None),
            (json!({}), None),
        ] {
            let told = subnetwork.to_string();
            let subnetwork: Subnetwork = serde_json::from_value(subnetwork).unwrap();
            assert_eq!(subnetwork.room(), expected, "{told}");
        }
    }
}
