//! The control plane against a small cloud on port 0, which keeps an autoscaler, an instance and a log.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cloud;
mod drills;
mod policies;
mod reading;
mod recordings;

use control_plane::{Author, ControlPlane, GroupId, Pace, Settings};

fn group() -> GroupId {
    "us-central1-a/web".parse().unwrap()
}

fn admin() -> Author {
    Author {
        name: "admin".to_owned(),
        via: "console".to_owned(),
    }
}

/// At Google's pace, so that nothing is read twice within a test unless it has to be.
fn control(client: gce::Client) -> ControlPlane {
    ControlPlane::new(client, Settings { pace: Pace::Google })
}
