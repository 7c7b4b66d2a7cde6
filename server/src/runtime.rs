//! The program's one Tokio runtime.

use std::{future::Future, num::NonZero, process::ExitCode};

use crate::failure::Failure;

/// A machine with one core still gets several workers: rendering blocks for a moment now and then,
/// and a health probe must not wait behind it.
const LEAST_WORKERS: usize = 4;

/// Runs one command to its end.
pub(crate) fn block_on(
    command: impl Future<Output = Result<ExitCode, Failure>>,
) -> Result<ExitCode, Failure> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.max(LEAST_WORKERS))
        .enable_all()
        .build()
        .map_err(|error| Failure::broken_because("cannot start the runtime", &error))?;
    runtime.block_on(command)
}
