//! A mark in the environment of everything that the fleet starts, by which it is found again.
//!
//! The supervisors' pipes end every process of a fleet that is gone. The mark is for the cases in
//! which a supervisor was killed too, and for the certainty at the start that nothing of an earlier
//! run is left which could still hold a port or a file.

use std::{fs, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// The environment variable that carries the mark.
pub(super) const VARIABLE: &str = "FLASKSCALE_RUN";

/// The supervisors of an earlier run kill their own descendants, and know those better than we do.
/// They need milliseconds; this is for a machine that is very busy.
const SUPERVISORS_NEED: Duration = Duration::from_secs(5);

const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The run that a mark is of.
pub(super) fn run_of(mark: &str) -> &str {
    mark.split_once('/').map_or(mark, |(run, _)| run)
}

/// Waits until no process bears the mark, and kills those that stay.
pub(super) async fn wait_for_end(mark: &str) {
    let patient_until = tokio::time::Instant::now() + SUPERVISORS_NEED;
    loop {
        let marked = bearers(mark);
        if marked.is_empty() {
            return;
        }
        if tokio::time::Instant::now() >= patient_until {
            tracing::warn!(
                processes = marked.len(),
                "killing processes that an earlier run left"
            );
            kill_all(&marked);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Kills all processes that bear the mark, until none is left.
pub(super) async fn kill_bearers(mark: &str) {
    loop {
        let marked = bearers(mark);
        if marked.is_empty() {
            return;
        }
        kill_all(&marked);
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

fn kill_all(pids: &[i32]) {
    for pid in pids {
        kill(Pid::from_raw(*pid), Signal::SIGKILL).ok();
    }
}

/// The living processes whose environment begins a variable with the mark. `mark` is the value of
/// [`VARIABLE`] or a beginning of it that ends with a slash.
fn bearers(mark: &str) -> Vec<i32> {
    let wanted = format!("{VARIABLE}={mark}");
    let bears = |pid: &i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| {
            let rest = variable.strip_prefix(wanted.as_bytes());
            rest.is_some_and(|rest| rest.is_empty() || wanted.ends_with('/'))
        })
    };
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let names = processes.flatten().map(|entry| entry.file_name());
    names
        .filter_map(|name| name.to_str()?.parse().ok())
        .filter(bears)
        .collect()
}
