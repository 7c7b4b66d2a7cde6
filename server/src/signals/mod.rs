//! What this instance measures about itself, written to Monitoring for an autoscaler to follow.
//!
//! Rates and durations are in real time. On a laptop the cloud's clock runs faster than that: the
//! window is a minute of the cloud's clock, and at least five real seconds, since a share of fewer
//! requests would be chance.

mod memory;
mod place;
mod publish;
mod queue;
mod window;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use app::{CloudLabel, OwnMetric};
use tokio::sync::watch;

use crate::{clock, cloud::Connection};
use memory::Memory;
use place::Place;
use publish::Publisher;
pub(crate) use window::Window;

/// A minute, in milliseconds of the cloud's clock.
const WINDOW_MS: i64 = 60_000;
const SHORTEST_WINDOW: Duration = Duration::from_secs(5);

/// The window of a cloud whose clock runs `speed` times as fast as ours.
pub(crate) fn window(speed: u32) -> Window {
    let span = clock::real_wait(WINDOW_MS, speed).max(SHORTEST_WINDOW);
    Window::new(span, Instant::now())
}

/// Writes the signals of this instance until the program stops. Does nothing for a program that is
/// not an instance of a cloud.
pub(crate) async fn publish(
    connection: Connection,
    requests: Arc<Window>,
    mut shutdown: watch::Receiver<bool>,
) {
    let (Some(client), Some(metadata)) = (connection.client, connection.metadata) else {
        return;
    };
    let Some(place) = Place::learn(&metadata).await else {
        tracing::debug!("no signals are written: this is no instance");
        return;
    };
    let memory = match connection.label {
        CloudLabel::Local { .. } => Memory::of_process(&client, &place).await,
        _ => Some(Memory::Machine),
    };
    let waits = Arc::new(window(connection.speed));
    queue::watch(waits.clone(), shutdown.clone());
    let signals = Signals {
        memory,
        requests,
        waits,
    };
    let publisher = Publisher::new(client, metadata, place.resource());
    tokio::select! {
        () = publisher.run(&signals, connection.speed) => {}
        _ = shutdown.wait_for(|stopping| *stopping) => {}
    }
}

/// Where the values come from.
#[derive(Debug)]
struct Signals {
    memory: Option<Memory>,
    requests: Arc<Window>,
    waits: Arc<Window>,
}

impl Signals {
    /// The value of each metric that this system tells.
    fn read(&self) -> Vec<(OwnMetric, f64)> {
        let now = Instant::now();
        let (requests, waits) = (self.requests.read(now), self.waits.read(now));
        let memory = self.memory.and_then(Memory::utilization);
        let memory = memory.map(|share| (OwnMetric::Memory, share));
        let others = [
            (OwnMetric::Requests, requests.per_second),
            (OwnMetric::Latency, requests.p95_ms),
            (OwnMetric::QueueTime, waits.p95_ms),
        ];
        memory.into_iter().chain(others).collect()
    }
}
