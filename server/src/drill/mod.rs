//! Stress drills on this very instance: it watches its own metadata and burns CPU while a drill says so.

mod burner;
mod share;
mod watch;

pub(crate) use burner::Burner;
pub(crate) use watch::obey;
