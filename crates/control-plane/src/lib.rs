#![doc = include_str!("../README.md")]

mod backtest;
mod change;
mod charts;
pub mod configuration;
mod control;
pub mod deployment;
mod drawn;
mod drill;
mod error;
mod fleet;
mod gather;
mod history;
mod id;
mod json;
mod keyed;
mod marks;
pub mod preflight;
mod settings;
mod source;
mod time;
mod url;

pub use backtest::{MAX_RECORDING_DAYS, Recording};
pub use change::{Author, ChangeError, FieldChange, PolicyChange, PolicyEdit};
pub use charts::{Charts, MAX_POINTS, Series, UnknownWindow, Window};
pub use control::ControlPlane;
pub use drill::{DRILL_KEY, Drill, DrillRequest};
pub use error::Error;
pub use fleet::{AutoscalerView, Fleet, Group, Instance, Problem, Reading};
pub use history::{
    HistoryEntry, HistoryKind, HistoryPage, HistoryQuery, Signal, UnknownKind, short_name,
};
pub use id::{GroupId, InvalidGroupId, Location};
pub use settings::{Pace, Settings};
