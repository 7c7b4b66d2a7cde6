//! Faults on demand: what goes wrong because somebody wants to see it go wrong.
//!
//! A fault is asked for over `/_emulator/faults` or on the command line and lasts until its time
//! is over or somebody takes it back. They are kept in memory alone: a local cloud that was
//! restarted is a healthy one, apart from the faults of its command line.
//!
//! The parts of the cloud ask at few points: the API before it answers ([`api`]), an instance when
//! it boots, ten times a second while it runs, and when its CPU is measured.

pub(crate) mod api;
mod fault;
mod registry;

pub(crate) use self::fault::matches;
pub use self::{
    fault::{ApiFailure, Fault, Request, Target},
    registry::{Active, Faults},
};
