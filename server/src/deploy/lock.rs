//! Nobody else changes a deployment meanwhile.

use std::{env, fs, process};

use control_plane::deployment::{Holder, Lock, LockError, Worker};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Target;
use crate::failure::Failure;

/// Does some work under the deployment's lock, or refuses and names who holds it. An address that is
/// still to be made is made as `new_address` says; without one there is nothing to lock.
pub(crate) async fn locked<T>(
    target: &Target,
    new_address: Option<&Value>,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let taken = Lock::take(
        &target.client,
        target.name(),
        worker(),
        new_address,
        is_gone,
    );
    let lock = taken.await.map_err(|error| refused(target, &error))?;
    let Some(lock) = lock else {
        return work.await;
    };
    let result = tokio::select! {
        result = work => result,
        // What was begun goes on by itself, and the next plan sees what became of it.
        lost = lock.keep() => {
            let about = format!("stopped, since the lock of {} was lost", target.name());
            return Err(Failure::broken_because(about, &lost));
        }
    };
    lock.release().await;
    result
}

fn refused(target: &Target, error: &LockError) -> Failure {
    let about = format!("{} is not changed", target.name());
    match error {
        LockError::Held(_) => Failure::input_because(about, error),
        LockError::Contended | LockError::Cloud(_) => Failure::broken_because(about, error),
    }
}

fn worker() -> Worker {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let user = ["USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .find_map(variable);
    Worker {
        user: user.unwrap_or_else(|| "somebody".to_owned()),
        host: host().unwrap_or_else(|| "an unnamed machine".to_owned()),
        process: this_process().unwrap_or_default(),
    }
}

/// Machine, number and start of this process, by which the same machine knows whether it has ended.
fn this_process() -> Option<String> {
    let (machine, id) = (machine()?, process::id().to_string());
    Some(format!("{machine}-{id}-{}", started(&id)?))
}

fn host() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| env::var("HOSTNAME").ok())?;
    Some(name.trim().to_owned())
}

/// Tells in which space process ids are unique: this machine since it booted, and the container. `None`
/// where the system does not say.
fn machine() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space = fs::read_link("/proc/self/ns/pid").ok()?;
    let digest = Sha256::digest(format!("{boot}{}", space.display()));
    let head = digest.first_chunk().copied()?;
    Some(format!("{:016x}", u64::from_be_bytes(head)))
}

/// A process that runs, by the instant of its start: a number of clock ticks since the machine booted
/// (proc(5), field 22 of `stat`). What has ended and waits for its parent to notice runs no longer.
fn started(process: &str) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name of the program stands in brackets, and may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    let start = fields.nth(18)?;
    (!matches!(state, "Z" | "X")).then(|| start.to_owned())
}

/// Whether the holder ran on this machine and has ended. Of others only the end of the lease is known.
fn is_gone(holder: &Holder) -> bool {
    let mut parts = holder.worker.process.split('-');
    let (Some(on), Some(process), Some(start)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    machine().as_deref() == Some(on) && started(process).as_deref() != Some(start)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::{
        process::{Command, Stdio},
        thread,
        time::{Duration, Instant},
    };

    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_has_ended_is_gone_although_nobody_has_noticed() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let id = child.id().to_string();
        let start = started(&id).unwrap();
        assert_eq!(started(&id).as_ref(), Some(&start));
        drop(child.stdin.take());
        // It ends, and stays a zombie until it is waited for.
        let begun = Instant::now();
        while started(&id).is_some() {
            assert!(begun.elapsed() < Duration::from_mins(2), "it does not end");
            thread::sleep(Duration::from_millis(5));
        }
        assert!(fs::exists(format!("/proc/{id}")).unwrap());
        child.wait().unwrap();
        assert!(this_process().unwrap().contains(&process::id().to_string()));
    }
}
