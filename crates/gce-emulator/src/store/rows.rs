//! A change as SQL.

use rusqlite::{Connection, params};

use super::{Write, log};

pub(super) fn store(connection: &Connection, write: &Write) -> rusqlite::Result<()> {
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
