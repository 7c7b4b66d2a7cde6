//! The writer thread: jobs in, one SQLite transaction for all that wait, answers out.

use std::{
    any::Any,
    sync::{Arc, PoisonError, RwLock, mpsc},
    thread::JoinHandle,
};

use rusqlite::Connection;
use tokio::sync::watch;

use super::{
    StoreError, Write,
    index::Index,
    job::{Decided, Decision, Job, Sql, Work},
    rows,
    transaction::{Overlay, Transaction},
};

/// How many waiting jobs share one transaction at most.
const GROUP: usize = 256;

/// The thread and the way to it. Dropping it lets the jobs that wait finish, then joins.
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        index: Arc<RwLock<Index>>,
        changed: watch::Sender<u64>,
    ) -> Self {
        let (sender, jobs) = mpsc::channel();
        let mut state = State {
            connection,
            index,
            changed,
            durable: true,
        };
        let thread = std::thread::spawn(move || {
            while let Ok(first) = jobs.recv() {
                let waiting = jobs.try_iter().take(GROUP - 1);
                state.run(std::iter::once(first).chain(waiting).collect());
            }
        });
        Self {
            jobs: Some(sender),
            thread: Some(thread),
        }
    }

    pub(super) fn send(&self, job: Job) -> Result<(), StoreError> {
        let jobs = self.jobs.as_ref().ok_or(StoreError::Closed)?;
        jobs.send(job).map_err(|_| StoreError::Closed)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

struct State {
    connection: Connection,
    index: Arc<RwLock<Index>>,
    changed: watch::Sender<u64>,
    /// What `PRAGMA synchronous` was set to last.
    durable: bool,
}

impl State {
    /// Runs a group: decide in memory, store in one transaction, show, answer.
    fn run(&mut self, jobs: Vec<Job>) {
        let durable = jobs.iter().any(|job| job.durable);
        let (mut decisions, mut sqls) = (Vec::new(), Vec::new());
        for job in jobs {
            match job.work {
                Work::Decide(decision) => decisions.push(decision),
                Work::Sql(sql, answer) => sqls.push((sql, answer)),
            }
        }
        self.decide(decisions, durable);
        for (sql, answer) in sqls {
            answer(self.store_sql(sql));
        }
    }

    fn decide(&mut self, decisions: Vec<Decision>, durable: bool) {
        let mut group = Overlay::new();
        let mut writes = Vec::new();
        let mut answers = Vec::new();
        for decision in decisions {
            let (decided, own) = self.try_decision(decision, &group);
            let Some(decided) = decided else { continue };
            if decided.accepted {
                group.extend(own.0);
                writes.extend(own.1);
            }
            answers.push(decided.answer);
        }
        let stored = self.store(&writes, durable);
        if stored.is_ok() {
            self.show(writes);
        }
        for answer in answers {
            answer(stored.clone());
        }
    }

    /// A panicking decision must not end the writer for everybody: its caller gets an error
    /// (its answer is dropped with it), and its writes do not count.
    fn try_decision(
        &self,
        decision: Decision,
        group: &Overlay,
    ) -> (Option<Decided>, (Overlay, Vec<Write>)) {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        let mut transaction = Transaction::new(&index, group);
        let attempt = std::panic::AssertUnwindSafe(|| decision(&mut transaction));
        let decided = std::panic::catch_unwind(attempt)
            .map_err(|panic| report(&*panic))
            .ok();
        (decided, transaction.into_parts())
    }

    fn store(&mut self, writes: &[Write], durable: bool) -> Result<(), StoreError> {
        if writes.is_empty() {
            return Ok(());
        }
        self.set_durable(durable)?;
        let transaction = self.connection.transaction()?;
        for write in writes {
            rows::store(&transaction, write)?;
        }
        Ok(transaction.commit()?)
    }

    fn store_sql(&mut self, sql: Sql) -> Result<(), StoreError> {
        self.set_durable(false)?;
        let transaction = self.connection.transaction()?;
        sql(&transaction)?;
        Ok(transaction.commit()?)
    }

    fn set_durable(&mut self, durable: bool) -> rusqlite::Result<()> {
        if self.durable != durable {
            let level = if durable { "FULL" } else { "NORMAL" };
            self.connection.pragma_update(None, "synchronous", level)?;
            self.durable = durable;
        }
        Ok(())
    }

    fn show(&self, writes: Vec<Write>) {
        let resources = writes
            .iter()
            .any(|write| matches!(write, Write::Put(_) | Write::Delete(_)));
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        for write in writes {
            index.apply(write);
        }
        drop(index);
        if resources {
            self.changed.send_modify(|count| *count += 1);
        }
    }
}

fn report(panic: &(dyn Any + Send)) {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(
        panic = text.unwrap_or("unknown"),
        "a change of the state panicked"
    );
}
