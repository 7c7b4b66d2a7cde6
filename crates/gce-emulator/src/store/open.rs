//! Opening a state directory: take it alone, look at the file before touching it, then load it.

use std::{
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags};

use super::index::Index;
use crate::resource::{Key, Kind, Resource};

/// The name of the state file in its directory.
pub(crate) const FILE: &str = "state.sqlite";

/// Marks a SQLite file as ours ("FSCL"), so that a stranger's file is never written to.
const APPLICATION_ID: i32 = 0x4653_434c;

/// The version of the tables. A file of a later version is refused untouched.
const SCHEMA_VERSION: i32 = 1;

const SCHEMA: &str = "
    CREATE TABLE resources (
        kind TEXT NOT NULL, scope TEXT NOT NULL, name TEXT NOT NULL,
        id INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (kind, scope, name)
    ) WITHOUT ROWID;
    CREATE TABLE kv (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE logs (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL, log_name TEXT NOT NULL, insert_id TEXT NOT NULL, body TEXT NOT NULL,
        UNIQUE (log_name, at, insert_id)
    );
    CREATE INDEX logs_by_time ON logs (at, seq);
    CREATE TABLE series (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE
    );
    CREATE TABLE rollups (
        series INTEGER NOT NULL, minute INTEGER NOT NULL, value BLOB NOT NULL,
        PRIMARY KEY (series, minute)
    ) WITHOUT ROWID;
";

/// Why a state directory cannot be used. Each is one line that names the file, and nothing was
/// changed in it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the state directory {} cannot be used", path.display())]
    Directory { path: PathBuf, source: io::Error },
    #[error("the state directory {} is in use by another program", path.display())]
    InUse { path: PathBuf },
    #[error("the state file {} is damaged ({what}); it was left as it is", path.display())]
    Damaged { path: PathBuf, what: String },
    #[error("the state file {} is of a later version ({version})", path.display())]
    Newer { path: PathBuf, version: i32 },
    #[error("the state file {} cannot be opened", path.display())]
    Sqlite {
        path: PathBuf,
        source: rusqlite::Error,
    },
}

pub(super) struct Opened {
    pub(super) path: PathBuf,
    pub(super) lock: File,
    pub(super) writer: Connection,
    pub(super) reader: Connection,
    pub(super) index: Index,
}

pub(super) fn open(dir: &Path) -> Result<Opened, OpenError> {
    let lock = lock(dir)?;
    let path = dir.join(FILE);
    inspect(&path)?;
    let failed = |source| OpenError::Sqlite {
        path: path.clone(),
        source,
    };
    let writer = connect(&path).map_err(failed)?;
    let reader = connect(&path).map_err(failed)?;
    let index = load(&writer).map_err(|error| damaged(&path, &error))?;
    Ok(Opened {
        path,
        lock,
        writer,
        reader,
        index,
    })
}

/// Moves the state file of `dir` out of the way, so that the next start begins anew.
/// The new name of what was there.
pub fn set_aside(dir: &Path, suffix: &str) -> Result<Option<PathBuf>, OpenError> {
    let _lock = lock(dir)?;
    let unusable = |source| OpenError::Directory {
        path: dir.to_owned(),
        source,
    };
    let (from, to) = (dir.join(FILE), dir.join(format!("{FILE}.{suffix}")));
    if !from.exists() {
        return Ok(None);
    }
    // The write-ahead log goes along: without it the file may lack the last changes.
    for tail in ["-wal", "-shm", ""] {
        let name = |path: &Path| PathBuf::from(format!("{}{tail}", path.display()));
        match fs::rename(name(&from), name(&to)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unusable(error)),
            _ => {}
        }
    }
    Ok(Some(to))
}

/// Takes the directory for this process alone. The system lets go when the process ends, however.
fn lock(dir: &Path) -> Result<File, OpenError> {
    let unusable = |source| OpenError::Directory {
        path: dir.to_owned(),
        source,
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(unusable)?;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(unusable)?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(dir.join("lock"));
    let file = file.map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
            path: dir.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

/// Looks at an existing file without the right to write to it.
fn inspect(path: &Path) -> Result<(), OpenError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => {
            return Err(OpenError::Directory {
                path: path.to_owned(),
                source,
            });
        }
        Ok(_) => {}
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let look = || -> rusqlite::Result<(i32, i32, String)> {
        let connection = Connection::open_with_flags(path, flags)?;
        let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get(0));
        let check = connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
        Ok((number("application_id")?, number("user_version")?, check))
    };
    let (application, version, check) = look().map_err(|error| damaged(path, &error))?;
    let what = |what: &str| OpenError::Damaged {
        path: path.to_owned(),
        what: what.to_owned(),
    };
    match (application, version) {
        _ if check != "ok" => Err(what(check.lines().next().unwrap_or_default())),
        // A crash before the first commit leaves an empty file, which is as good as none.
        (0, 0) if fs::metadata(path).is_ok_and(|file| file.len() == 0) => Ok(()),
        (APPLICATION_ID, ..=SCHEMA_VERSION) => Ok(()),
        (APPLICATION_ID, version) => Err(OpenError::Newer {
            path: path.to_owned(),
            version,
        }),
        _ => Err(what("it is not a FlaskScale state file")),
    }
}

fn damaged(path: &Path, error: &rusqlite::Error) -> OpenError {
    OpenError::Damaged {
        path: path.to_owned(),
        what: error.to_string(),
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(64);
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == 0 {
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE; {SCHEMA}
             PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
        ))?;
    }
    Ok(connection)
}

fn load(connection: &Connection) -> rusqlite::Result<Index> {
    let mut index = Index::default();
    let mut resources = connection.prepare("SELECT kind, scope, name, id, body FROM resources")?;
    let mut rows = resources.query([])?;
    while let Some(row) = rows.next()? {
        let (kind, scope): (String, String) = (row.get(0)?, row.get(1)?);
        let (body, id): (String, i64) = (row.get(4)?, row.get(3)?);
        let (Some(kind), Ok(scope)) = (Kind::from_collection(&kind), scope.parse()) else {
            return Err(rusqlite::Error::InvalidColumnName(format!(
                "{scope}/{kind}"
            )));
        };
        let body = serde_json::from_str(&body).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(4, rusqlite::types::Type::Text, error.into())
        })?;
        let key = Key::new(kind, scope, row.get::<_, String>(2)?);
        index.put(
            Resource {
                key,
                id: id as u64,
                body,
            }
            .into(),
        );
    }
    let mut kv = connection.prepare("SELECT key, value FROM kv")?;
    let pairs = kv.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    index.kv = pairs.collect::<Result<_, _>>()?;
    Ok(index)
}
