//! A deployment: what should exist, what does, and the steps between.
//!
//! ```text
//! Configuration ─ Blueprint ─┐
//!                            ├─ plan() → Plan ─ apply()
//!                 Inventory ─┘   pure    printable  acts
//! ```

mod after;
mod apply;
mod beside;
mod blueprint;
mod certificate;
mod changes;
mod cost;
mod drain;
mod expected;
mod export;
mod inventory;
mod lock;
mod mark;
mod matches;
mod order;
mod output;
mod part;
mod plan;
mod rollout;
mod sought;
mod step;
mod text;
mod versions;
mod visits;

pub use apply::{ApplyError, Progress, apply};
pub(crate) use beside::apis;
pub use beside::repositories::built_image;
pub use beside::secrets::{ConsoleSecrets, Values};
pub(crate) use blueprint::within_reason;
pub use blueprint::{Blueprint, Front, Identity, Public, Release, googles_registry};
pub use certificate::CertificateState;
pub use cost::{Cost, CostLine};
pub use drain::{DrainError, Flow, redirect};
pub use export::{Dialect, export};
pub use inventory::{InService, Inventory};
pub use lock::{Holder, Lock, LockError, Worker};
pub use mark::Mark;
pub use output::{News, Output, OutputError, OutputLine};
pub use part::{Id, Kind};
pub use plan::{Drift, Plan, Terms, plan, removal};
pub use rollout::{GroupProgress, Verdict, progress, verdict};
pub use sought::Sought;
pub use step::{Act, Step};
pub use versions::{Version, as_canary, switch};
pub use visits::Visits;
