//! How long work that is ready waits until a thread of the program takes it.
//!
//! A thread of its own hands the runtime an empty task ten times a second, as the network hands it a
//! request, and the task notes when it was begun. Timers would not do: they are a millisecond late
//! even where nothing waits, and they wake on a worker that is free anyway.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, sync::watch};

use super::window::Window;

const BETWEEN: Duration = Duration::from_millis(100);

/// Notes in `waits` how long each task waited, until the program stops.
pub(super) fn watch(waits: Arc<Window>, shutdown: watch::Receiver<bool>) {
    let runtime = Handle::current();
    let probing = thread::Builder::new()
        .name("queue-time".to_owned())
        .spawn(move || probe(&runtime, &waits, &shutdown));
    if let Err(error) = probing {
        tracing::warn!(%error, "cannot measure the queue time");
    }
}

fn probe(runtime: &Handle, waits: &Arc<Window>, shutdown: &watch::Receiver<bool>) {
    while !*shutdown.borrow() && shutdown.has_changed().is_ok() {
        let (waits, ready) = (waits.clone(), Instant::now());
        drop(runtime.spawn(async move {
            let begun = Instant::now();
            waits.record(begun, begun - ready);
        }));
        thread::sleep(BETWEEN);
    }
}
