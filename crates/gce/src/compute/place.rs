use super::quota::Quota;
use super::wire::wire_struct;
use crate::Resource;

wire_struct! {
    /// A zone.
    pub struct Zone {
        /// `us-central1-a`.
        pub name: String,
        /// The URL of its region.
        pub region: Option<String>,
        /// `UP` or `DOWN`.
        pub status: Option<String>,
    }
}

wire_struct! {
    /// A region.
    pub struct Region {
        /// `us-central1`.
        pub name: String,
        /// The URLs of its zones.
        pub zones: Vec<String>,
        /// What the project may have in it, and has.
        pub quotas: Vec<Quota>,
        /// `UP` or `DOWN`.
        pub status: Option<String>,
    }
}

impl Resource for Zone {
    const COLLECTION: &'static str = "zones";
}

impl Resource for Region {
    const COLLECTION: &'static str = "regions";
}
