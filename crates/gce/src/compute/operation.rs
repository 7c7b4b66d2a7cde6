use super::wire::wire_struct;
use crate::Resource;
use crate::open_enum::open_enum;

wire_struct! {
    /// What every mutation answers with.
    pub struct Operation {
        /// The name to wait for it by.
        pub name: String,
        /// A decimal uint64.
        pub id: Option<String>,
        /// `insert`, `patch`, `compute.instanceGroupManagers.resize`, …
        pub operation_type: Option<String>,
        /// How far it is.
        pub status: Option<OperationStatus>,
        /// 0 to 100.
        pub progress: Option<i32>,
        /// The resource it is about.
        pub target_link: Option<String>,
        /// Who asked for it.
        pub user: Option<String>,
        /// The URL of its zone, if it is zonal.
        pub zone: Option<String>,
        /// The URL of its region, if it is regional.
        pub region: Option<String>,
        /// RFC 3339.
        pub insert_time: Option<String>,
        /// RFC 3339.
        pub start_time: Option<String>,
        /// RFC 3339.
        pub end_time: Option<String>,
        /// What went wrong, once it is done.
        pub error: Option<OperationErrors>,
        /// The status that the request would have got, had Google known it at once.
        pub http_error_status_code: Option<u16>,
        /// The words of that status: `BAD REQUEST`.
        pub http_error_message: Option<String>,
        /// Its own URL.
        pub self_link: Option<String>,
    }
}

open_enum! {
    /// How far an operation is.
    pub enum OperationStatus {
        /// Not started.
        Pending = "PENDING",
        /// Started.
        Running = "RUNNING",
        /// Ended, well or badly.
        Done = "DONE",
    }
}

wire_struct! {
    /// The errors of a failed operation.
    pub struct OperationErrors {
        /// At least one.
        pub errors: Vec<OperationErrorItem>,
    }
}

wire_struct! {
    /// One error of a failed operation.
    pub struct OperationErrorItem {
        /// `QUOTA_EXCEEDED` and the like.
        pub code: String,
        /// Google's sentence.
        pub message: String,
    }
}

impl Resource for Operation {
    const COLLECTION: &'static str = "operations";
}
