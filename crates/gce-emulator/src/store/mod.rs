//! The state of the local cloud: one SQLite file for what must survive, and an index in memory
//! from which everything is read.
//!
//! All changes go through one writer thread. It runs the jobs that wait in one SQLite transaction
//! (so a hundred concurrent requests cost one `fsync`), then shows them in the index, and only then
//! answers. A reader therefore never sees what a crash could take back, and a job that reads before
//! it writes never loses somebody else's write.

mod index;
mod job;
mod log;
mod open;
mod rows;
mod transaction;
mod writer;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use serde_json::{Map, Value};
use tokio::sync::{oneshot, watch};

pub(crate) use self::log::prune as prune_logs;
use self::{index::Index, job::Job, writer::Writer};
pub use self::{
    log::{LogEntry, LogQuery},
    open::{OpenError, set_aside},
    transaction::Transaction,
};
use crate::resource::{Key, Kind, Resource, Scope};

/// Why a change was not stored. Nothing of it was.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the state file could not be written")]
    Sqlite(#[source] Arc<rusqlite::Error>),
    #[error("the store is closed")]
    Closed,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

/// Why [`Store::update`] changed nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub enum UpdateError {
    #[error("there is no such resource")]
    NotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One change of the state.
#[derive(Clone, Debug)]
pub enum Write {
    /// Inserts or replaces a resource.
    Put(Resource),
    /// Removes a resource, if it is there.
    Delete(Key),
    /// Appends a log entry.
    Log(LogEntry),
    /// Sets or removes a small value: clock, process ids.
    Kv { key: String, value: Option<String> },
}

impl Write {
    /// A [`Write::Kv`] that sets.
    pub fn kv(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self::Kv {
            key: key.into(),
            value: Some(value.into()),
        }
    }
}

/// The state of one local cloud. Cheap to clone. It closes when the last clone is dropped.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    project: String,
    path: PathBuf,
    index: Arc<RwLock<Index>>,
    changes: watch::Receiver<u64>,
    /// Log entries and metric roll-ups are read from here; WAL lets it run beside the writer.
    reader: Mutex<rusqlite::Connection>,
    // Fields drop in order: the writer must have ended before another program may take the lock.
    writer: Writer,
    _lock: std::fs::File,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("path", &self.0.path)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Opens or creates the state in `dir`, which this program then holds alone.
    pub fn open(dir: &Path, project: &str) -> Result<Self, OpenError> {
        let opened = open::open(dir)?;
        let index = Arc::new(RwLock::new(opened.index));
        let (changed, changes) = watch::channel(0);
        let writer = Writer::start(opened.writer, Arc::clone(&index), changed);
        let reader = Mutex::new(opened.reader);
        let project = project.to_owned();
        let (path, lock) = (opened.path, opened.lock);
        Ok(Self(Arc::new(Inner {
            project,
            path,
            index,
            changes,
            reader,
            writer,
            _lock: lock,
        })))
    }

    /// The project that all resources belong to.
    pub fn project(&self) -> &str {
        &self.0.project
    }

    /// The canonical URL of a key in this project.
    pub fn url(&self, key: &Key) -> String {
        key.url(&self.0.project)
    }

    /// A resource as it is now.
    pub fn get(&self, key: &Key) -> Option<Arc<Resource>> {
        self.index().get(key)
    }

    /// All resources of a kind, of one scope or of all, by scope and name.
    pub fn list(&self, kind: Kind, scope: Option<&Scope>) -> Vec<Arc<Resource>> {
        self.index().list(kind, scope)
    }

    /// A small value.
    pub fn kv(&self, key: &str) -> Option<String> {
        self.index().kv.get(key).cloned()
    }

    /// All small values whose key begins with `prefix`.
    pub fn kv_prefix(&self, prefix: &str) -> BTreeMap<String, String> {
        let index = self.index();
        let from = index.kv.range(prefix.to_owned()..);
        from.take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// Bumps after each commit that changed a resource, so that reconcilers wake up.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.clone()
    }

    /// Stores all of it or nothing. It is durable when this returns.
    pub async fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.transact(|transaction| {
            transaction.extend(writes);
            Ok(())
        })
        .await
    }

    /// Like [`Store::commit`] for what nobody was promised: it survives a crash of the program,
    /// but the last instants may be lost with the power. No `fsync`.
    pub async fn commit_relaxed(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        let (job, answer) = job::job(false, |transaction| {
            transaction.extend(writes);
            Ok::<_, StoreError>(())
        });
        self.run(job, answer).await
    }

    /// Reads, decides and writes in one step that nobody else's write can come between.
    /// An error of `decide` drops its writes. The effect is durable when this returns; it happens
    /// also when the caller stops waiting.
    pub async fn transact<T, E>(
        &self,
        decide: impl FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (job, answer) = job::job(true, decide);
        self.run(job, answer).await
    }

    /// Changes the body of one resource; the resource as it is afterwards.
    pub async fn update(
        &self,
        key: &Key,
        change: impl FnOnce(&mut Map<String, Value>) + Send + 'static,
    ) -> Result<Arc<Resource>, UpdateError> {
        let key = key.clone();
        self.transact(move |transaction| {
            transaction
                .update(&key, change)
                .ok_or(UpdateError::NotFound)
        })
        .await
    }

    /// The log entries that a query asks for, in its order.
    pub async fn logs(&self, query: LogQuery) -> Result<Vec<LogEntry>, StoreError> {
        self.read(move |connection| log::query(connection, &query))
            .await
    }

    /// Runs SQL that writes, without `fsync`: metric roll-ups and housekeeping.
    pub(crate) async fn write_sql(
        &self,
        sql: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        self.run(Job::sql(sql, answer), answered).await
    }

    /// Runs SQL that reads, off the async threads.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        sql: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.0);
        let read = tokio::task::spawn_blocking(move || {
            let connection = inner.reader.lock().unwrap_or_else(PoisonError::into_inner);
            sql(&connection).map_err(StoreError::from)
        });
        read.await.unwrap_or(Err(StoreError::Closed))
    }

    async fn run<T, E: From<StoreError>>(
        &self,
        job: Job,
        answer: oneshot::Receiver<Result<T, E>>,
    ) -> Result<T, E> {
        self.0.writer.send(job)?;
        answer
            .await
            .unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    fn index(&self) -> std::sync::RwLockReadGuard<'_, Index> {
        self.0.index.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
