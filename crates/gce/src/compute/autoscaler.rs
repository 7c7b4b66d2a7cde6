use serde_json::Value;

use super::wire::wire_struct;
use crate::Resource;

wire_struct! {
    /// The autoscaler of one managed instance group. It has no fingerprint: Google offers no
    /// optimistic locking on it.
    pub struct Autoscaler {
        /// Its name, often but not always the group's.
        pub name: String,
        /// A decimal uint64.
        pub id: Option<String>,
        /// The URL of the group.
        pub target: Option<String>,
        /// The policy, exactly as Google has it: its shape belongs to another crate.
        pub autoscaling_policy: Option<Value>,
        /// Computed in every mode, also OFF.
        pub recommended_size: Option<i32>,
        /// `PENDING`, `ACTIVE`, `ERROR`, `DELETING`.
        pub status: Option<String>,
        /// Warnings and errors.
        pub status_details: Vec<AutoscalerStatusDetail>,
        /// The URL of its zone, if it is zonal.
        pub zone: Option<String>,
        /// The URL of its region, if it is regional.
        pub region: Option<String>,
        /// RFC 3339.
        pub creation_timestamp: Option<String>,
        /// Its own URL.
        pub self_link: Option<String>,
    }
}

wire_struct! {
    /// A warning or an error of an autoscaler.
    pub struct AutoscalerStatusDetail {
        /// `CAPPED_AT_MAX_NUM_REPLICAS` and the like.
        #[serde(rename = "type")]
        pub kind: String,
        /// Google's sentence.
        pub message: String,
    }
}

impl Resource for Autoscaler {
    const COLLECTION: &'static str = "autoscalers";
}
