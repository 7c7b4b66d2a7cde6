//! How much of its memory an instance uses.

use std::fs;

use gce::{Client, Scope};

use super::place::Place;

/// What counts as the instance's memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Memory {
    /// The machine's, or less where this program's control group may use less.
    Machine,
    /// The machine type's. An instance of a local cloud is a process, and shares the memory of the
    /// computer with all others.
    Process {
        /// How much a machine of the type has.
        bytes: f64,
    },
}

impl Memory {
    /// The memory of an instance of the local cloud. `None` if the cloud does not say how much the
    /// machine type has.
    pub(super) async fn of_process(client: &Client, place: &Place) -> Option<Self> {
        let machine_type = client
            .get_value(
                &Scope::Zone(place.zone.clone()),
                "machineTypes",
                &place.machine_type,
            )
            .await
            .inspect_err(|error| tracing::debug!(%error, "the machine type is not known"))
            .ok()?;
        let megabytes = machine_type["memoryMb"].as_f64()?;
        Some(Self::Process {
            bytes: megabytes * 1024.0 * 1024.0,
        })
    }

    /// The share that is in use; `None` where the system does not tell.
    pub(super) fn utilization(self) -> Option<f64> {
        match self {
            Self::Machine => of_control_group().or_else(of_machine),
            Self::Process { bytes } => {
                let status = fs::read_to_string("/proc/self/status").ok()?;
                Some(number(&status, "VmRSS:")? * 1024.0 / bytes)
            }
        }
    }
}

/// Without caches, which the system gives back when somebody needs the memory.
fn of_machine() -> Option<f64> {
    let info = fs::read_to_string("/proc/meminfo").ok()?;
    let (total, available) = (number(&info, "MemTotal:")?, number(&info, "MemAvailable:")?);
    (total > 0.0).then(|| 1.0 - available / total)
}

/// `None` without a limit, as for a container that may use all of the machine.
fn of_control_group() -> Option<f64> {
    let read = |name: &str| fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok();
    of_limit(
        &read("memory.max")?,
        &read("memory.current")?,
        &read("memory.stat")?,
    )
}

fn of_limit(max: &str, current: &str, stat: &str) -> Option<f64> {
    let limit: f64 = max.trim().parse().ok().filter(|limit| *limit > 0.0)?;
    let used: f64 = current.trim().parse().ok()?;
    let cached = number(stat, "inactive_file").unwrap_or(0.0);
    Some((used - cached).max(0.0) / limit)
}

/// The number behind a name at the beginning of a line.
fn number(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_the_control_group_is_the_memory_there_is() {
        let stat = "anon 100\ninactive_file 200\nactive_file 5\n";
        assert_eq!(of_limit("1000\n", "700\n", stat), Some(0.5));
        assert_eq!(of_limit("max\n", "700\n", stat), None);
    }

    #[test]
    fn caches_alone_are_not_in_use() {
        let stat = "inactive_file 900\n";
        assert_eq!(of_limit("1000", "700", stat), Some(0.0));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_and_this_process_use_a_part_of_their_memory() {
        let machine = of_machine();
        assert!(machine.is_some_and(|share| share > 0.0 && share < 1.0));
        let gigabyte = Memory::Process { bytes: 1e9 };
        assert!(gigabyte.utilization().is_some_and(|share| share > 0.0));
    }
}
