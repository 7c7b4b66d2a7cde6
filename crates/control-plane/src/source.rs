//! One thing that is read from the cloud: at its pace, by one reader for all.

use std::error::Error as _;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use autoscaler::Timestamp;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::{Problem, time};

/// How long a reader waits for a first value.
const FIRST_PATIENCE: Duration = Duration::from_secs(10);
/// How long a reader waits for a newer value than there is: a slow source must not make slow pages.
const PATIENCE: Duration = Duration::from_secs(2);

/// A value that is read no more often than its age allows, however many want it.
///
/// The gather runs in a task of its own, so a reader who goes away takes nothing from the others, and
/// one who will not wait any longer gets what was read before.
#[derive(Debug)]
pub(crate) struct Source<T> {
    name: &'static str,
    max_age: Duration,
    client: gce::Client,
    shared: Arc<Shared<T>>,
}

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    finished: watch::Sender<()>,
}

#[derive(Debug)]
struct State<T> {
    value: Option<Arc<T>>,
    problem: Option<Problem>,
    /// When the last gather ended, well or badly.
    ended: Option<Instant>,
    running: bool,
    /// Counts the changes of ours: a gather that began before the last one does not show it.
    epoch: u64,
}

/// What there is, and what is wrong with it.
#[derive(Debug)]
pub(crate) struct Snapshot<T> {
    pub(crate) value: Option<Arc<T>>,
    pub(crate) problem: Option<Problem>,
}

impl<T: Send + Sync + 'static> Source<T> {
    pub(crate) fn new(name: &'static str, max_age: Duration, client: gce::Client) -> Self {
        let state = State {
            value: None,
            problem: None,
            ended: None,
            running: false,
            epoch: 0,
        };
        let shared = Shared {
            state: Mutex::new(state),
            finished: watch::Sender::new(()),
        };
        Self {
            name,
            max_age,
            client,
            shared: Arc::new(shared),
        }
    }

    /// What is read.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// The value: fresh if the source answers in time, else what was read before.
    pub(crate) async fn read<F>(&self, gather: impl Fn() -> F) -> Snapshot<T>
    where
        F: Future<Output = Result<T, gce::Error>> + Send + 'static,
    {
        let mut finished = self.shared.finished.subscribe();
        let patience = if self.lock().value.is_some() {
            PATIENCE
        } else {
            FIRST_PATIENCE
        };
        let deadline = Instant::now() + patience;
        while self.is_due(&gather) {
            if timeout_at(deadline, finished.changed()).await.is_err() {
                break;
            }
        }
        self.snapshot()
    }

    /// The next reader gathers anew, since we have just changed what is read.
    pub(crate) fn invalidate(&self) {
        let mut state = self.lock();
        state.epoch += 1;
        state.ended = None;
    }

    /// Whether the value is too old; starts a gather unless one is running.
    fn is_due<F>(&self, gather: impl Fn() -> F) -> bool
    where
        F: Future<Output = Result<T, gce::Error>> + Send + 'static,
    {
        let mut state = self.lock();
        if state
            .ended
            .is_some_and(|ended| ended.elapsed() < self.max_age)
        {
            return false;
        }
        if !state.running {
            state.running = true;
            let flight = Flight {
                shared: self.shared.clone(),
                epoch: state.epoch,
            };
            tokio::spawn(run(flight, self.name, self.client.clone(), gather()));
        }
        true
    }

    fn snapshot(&self) -> Snapshot<T> {
        let state = self.lock();
        let problem = state.problem.clone();
        let silent = || Problem {
            source: self.name.to_owned(),
            message: "there has been no answer yet".to_owned(),
            since: time::now(&self.client),
        };
        let problem = problem.or_else(|| state.value.is_none().then(silent));
        Snapshot {
            value: state.value.clone(),
            problem,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.shared.lock()
    }
}

impl<T> Shared<T> {
    /// The state is consistent between any two statements, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running gather. Dropping it, also by a panic or at the end of the runtime, ends it for all.
struct Flight<T> {
    shared: Arc<Shared<T>>,
    epoch: u64,
}

impl<T> Drop for Flight<T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.running = false;
        state.ended = (self.epoch == state.epoch).then(Instant::now);
        drop(state);
        self.shared.finished.send_replace(());
    }
}

async fn run<T>(
    flight: Flight<T>,
    name: &'static str,
    client: gce::Client,
    gather: impl Future<Output = Result<T, gce::Error>>,
) {
    let outcome = gather.await;
    let mut state = flight.shared.lock();
    match outcome {
        Ok(value) => {
            state.value = Some(Arc::new(value));
            state.problem = None;
        }
        Err(error) => {
            let message = explain(&error);
            let began = state.problem.as_ref().map(|problem| problem.since);
            if began.is_none() {
                tracing::warn!(source = name, message, "a source cannot be read");
            }
            let since: Timestamp = began.unwrap_or_else(|| time::now(&client));
            state.problem = Some(Problem {
                source: name.to_owned(),
                message,
                since,
            });
        }
    }
}

/// What helps against a permission that is missing.
pub(crate) fn lacks(permission: &str) -> String {
    format!(
        "the account of this program lacks the permission {permission}: give it a role that has it"
    )
}

/// An error with its causes, on one line, or the permission that is missing.
pub(crate) fn explain(error: &gce::Error) -> String {
    if let Some(permission) = error.missing_permission() {
        return lacks(permission);
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
