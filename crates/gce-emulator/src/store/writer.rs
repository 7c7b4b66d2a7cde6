//! The writer thread: jobs in, one SQLite transaction for all that wait, answers out.

use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, mpsc},
    thread::JoinHandle,
};

use rusqlite::{Connection, params};
use serde_json::{Map, Value};
use tokio::sync::{oneshot, watch};

use super::{StoreError, Write, index::Index, log};
use crate::resource::{Key, Kind, Resource, Scope};

/// How many waiting jobs share one transaction at most.
const GROUP: usize = 256;

/// What a job sees and collects: the state with all earlier jobs of its group, and its own writes.
#[derive(Debug)]
pub struct Transaction<'a> {
    index: &'a Index,
    group: &'a Overlay,
    own: Overlay,
    writes: Vec<Write>,
}

/// Resources that are decided but not committed; `None` is a deletion.
type Overlay = HashMap<Key, Option<Arc<Resource>>>;

impl Transaction<'_> {
    /// A resource as this job left it.
    pub fn get(&self, key: &Key) -> Option<Arc<Resource>> {
        match self.own.get(key).or_else(|| self.group.get(key)) {
            Some(decided) => decided.clone(),
            None => self.index.get(key),
        }
    }

    /// All resources of a kind as this job left them, by scope and name.
    pub fn list(&self, kind: Kind, scope: Option<&Scope>) -> Vec<Arc<Resource>> {
        let wanted = |key: &Key| key.kind == kind && scope.is_none_or(|scope| *scope == key.scope);
        let mut found: HashMap<Key, Arc<Resource>> = HashMap::new();
        for resource in self.index.list(kind, scope) {
            found.insert(resource.key.clone(), resource);
        }
        for (key, decided) in self
            .group
            .iter()
            .chain(&self.own)
            .filter(|(key, _)| wanted(key))
        {
            match decided {
                Some(resource) => _ = found.insert(key.clone(), Arc::clone(resource)),
                None => _ = found.remove(key),
            }
        }
        let mut found: Vec<_> = found.into_values().collect();
        found.sort_by(|a, b| a.key.cmp(&b.key));
        found
    }

    /// Inserts or replaces a resource.
    pub fn put(&mut self, resource: Resource) -> Arc<Resource> {
        let shared = Arc::new(resource.clone());
        self.own
            .insert(resource.key.clone(), Some(Arc::clone(&shared)));
        self.writes.push(Write::Put(resource));
        shared
    }

    /// Removes a resource.
    pub fn delete(&mut self, key: &Key) {
        self.own.insert(key.clone(), None);
        self.writes.push(Write::Delete(key.clone()));
    }

    /// Changes the body of a resource, if it is there.
    pub fn update(
        &mut self,
        key: &Key,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> Option<Arc<Resource>> {
        let mut resource = Resource::clone(&*self.get(key)?);
        change(&mut resource.body);
        Some(self.put(resource))
    }

    /// Appends a log entry.
    pub fn log(&mut self, entry: log::LogEntry) {
        self.writes.push(Write::Log(entry));
    }

    /// Adds writes as they are.
    pub fn extend(&mut self, writes: Vec<Write>) {
        for write in writes {
            match write {
                Write::Put(resource) => _ = self.put(resource),
                Write::Delete(key) => self.delete(&key),
                other => self.writes.push(other),
            }
        }
    }
}

type Decision = Box<dyn FnOnce(&mut Transaction<'_>) -> Decided + Send>;
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
type Sql = Box<dyn FnOnce(&Connection) -> rusqlite::Result<()> + Send>;

/// What became of a decision: whether its writes count, and how its caller is told.
struct Decided {
    accepted: bool,
    answer: Answer,
}

/// One unit of work of the writer.
pub(super) struct Job {
    durable: bool,
    work: Work,
}

enum Work {
    Decide(Decision),
    Sql(Sql, Answer),
}

impl Job {
    /// SQL beside the resources, without `fsync`.
    pub(super) fn sql(
        sql: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
        answer: oneshot::Sender<Result<(), StoreError>>,
    ) -> Self {
        let answer = Box::new(move |result| _ = answer.send(result));
        Self {
            durable: false,
            work: Work::Sql(Box::new(sql), answer),
        }
    }
}

/// A job that decides, and where its answer will come.
pub(super) fn job<T, E>(
    durable: bool,
    decide: impl FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
) -> (Job, oneshot::Receiver<Result<T, E>>)
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let (sender, receiver) = oneshot::channel();
    let decision: Decision = Box::new(move |transaction| {
        let result = decide(transaction);
        let accepted = result.is_ok();
        let answer: Answer = Box::new(move |stored| {
            // A caller that stopped waiting has dropped its end; the change stands all the same.
            _ = sender.send(result.and_then(|value| stored.map(|()| value).map_err(E::from)));
        });
        Decided { accepted, answer }
    });
    (
        Job {
            durable,
            work: Work::Decide(decision),
        },
        receiver,
    )
}

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
        let mut transaction = Transaction {
            index: &index,
            group,
            own: Overlay::new(),
            writes: Vec::new(),
        };
        let attempt = std::panic::AssertUnwindSafe(|| decision(&mut transaction));
        let decided = std::panic::catch_unwind(attempt)
            .map_err(|panic| report(&*panic))
            .ok();
        (decided, (transaction.own, transaction.writes))
    }

    fn store(&mut self, writes: &[Write], durable: bool) -> Result<(), StoreError> {
        if writes.is_empty() {
            return Ok(());
        }
        self.set_durable(durable)?;
        let transaction = self.connection.transaction()?;
        for write in writes {
            store(&transaction, write)?;
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

fn store(connection: &Connection, write: &Write) -> rusqlite::Result<()> {
    match write {
        Write::Put(resource) => {
            let key = &resource.key;
            let body = serde_json::to_string(&resource.body)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
            connection
                .prepare_cached(
                    "INSERT INTO resources (kind, scope, name, id, body) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (kind, scope, name) DO UPDATE SET id = ?4, body = ?5",
                )?
                .execute(params![
                    key.kind.collection(),
                    key.scope.to_string(),
                    key.name,
                    // SQLite's integers are signed; ours have sixty bits.
                    resource.id as i64,
                    body
                ])?;
        }
        Write::Delete(key) => {
            connection
                .prepare_cached(
                    "DELETE FROM resources WHERE kind = ?1 AND scope = ?2 AND name = ?3",
                )?
                .execute(params![
                    key.kind.collection(),
                    key.scope.to_string(),
                    key.name
                ])?;
        }
        Write::Log(entry) => log::append(connection, entry)?,
        Write::Kv {
            key,
            value: Some(value),
        } => {
            connection
                .prepare_cached("INSERT OR REPLACE INTO kv (key, value) VALUES (?1, ?2)")?
                .execute(params![key, value])?;
        }
        Write::Kv { key, value: None } => {
            connection
                .prepare_cached("DELETE FROM kv WHERE key = ?1")?
                .execute([key])?;
        }
    }
    Ok(())
}
