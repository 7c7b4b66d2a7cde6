//! How the system asks a program to stop.

use crate::failure::Failure;

/// Ends at the first interrupt or termination.
///
/// Registered before it is awaited for the first time, so no signal between start and wait is lost.
#[cfg(unix)]
pub(crate) fn stop_asked() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| {
        signal(kind).map_err(|error| Failure::broken_because("cannot listen for signals", &error))
    };
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ends at the first interrupt.
#[cfg(not(unix))]
pub(crate) fn stop_asked() -> Result<impl Future<Output = ()>, Failure> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    })
}
