//! Minutes in the state file.

use std::{collections::HashMap, sync::Arc};

use autoscaler::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Aggregate, Point, SeriesKey, ValueType, series::Series};

/// A minute in milliseconds.
pub(super) const MINUTE: i64 = 60_000;

/// The minutes of one series that are to be written.
pub(super) struct Changed {
    pub(super) key: Arc<SeriesKey>,
    pub(super) row: Option<i64>,
    pub(super) value_type: ValueType,
    pub(super) minutes: Vec<(i64, Aggregate)>,
}

/// A series as its row holds it.
#[derive(Serialize, Deserialize)]
struct Stored<K> {
    key: K,
    value_type: ValueType,
}

/// All series of the file, each with its last minute.
pub(super) fn load(connection: &Connection) -> rusqlite::Result<HashMap<Arc<SeriesKey>, Series>> {
    let mut rows = connection.prepare(
        "SELECT s.id, s.key, r.minute, r.value FROM series s JOIN rollups r ON r.series = s.id
         WHERE r.minute = (SELECT max(minute) FROM rollups WHERE series = s.id)",
    )?;
    let series = rows.query_map([], |row| {
        let stored: Stored<SeriesKey> = parse(&row.get::<_, String>(1)?)?;
        let last = (row.get(2)?, parse(&row.get::<_, String>(3)?)?);
        Ok((
            Arc::new(stored.key),
            Series::stored(stored.value_type, row.get(0)?, last),
        ))
    })?;
    series.collect()
}

/// Writes minutes and drops those before `oldest`. Where each series is stored.
pub(super) fn write(
    connection: &Connection,
    batch: &[Changed],
    oldest: i64,
) -> rusqlite::Result<Vec<(Arc<SeriesKey>, i64)>> {
    let mut rows = Vec::new();
    let mut put = connection.prepare_cached(
        "INSERT OR REPLACE INTO rollups (series, minute, value) VALUES (?1, ?2, ?3)",
    )?;
    for changed in batch {
        let row = match changed.row {
            Some(row) => row,
            None => insert_series(connection, changed)?,
        };
        for (minute, value) in &changed.minutes {
            put.execute(params![row, minute, text(value)?])?;
        }
        rows.push((Arc::clone(&changed.key), row));
    }
    prune(connection, oldest)?;
    Ok(rows)
}

/// The stored minutes that end in `(from, to]`, for each asked series in turn.
pub(super) fn read(
    connection: &Connection,
    asked: &[(Option<i64>, Timestamp, Timestamp)],
) -> rusqlite::Result<Vec<Vec<Point>>> {
    let mut minutes = connection.prepare_cached(
        "SELECT minute, value FROM rollups WHERE series = ?1 AND minute > ?2 AND minute <= ?3
         ORDER BY minute",
    )?;
    let mut found = Vec::with_capacity(asked.len());
    for (row, from, to) in asked {
        let Some(row) = row else {
            found.push(Vec::new());
            continue;
        };
        let bounds = params![row, from.0.div_euclid(MINUTE), to.0.div_euclid(MINUTE)];
        let points = minutes.query_map(bounds, |row| {
            let end: i64 = row.get::<_, i64>(0)? * MINUTE;
            let value = parse(&row.get::<_, String>(1)?)?;
            Ok(Point {
                start: Timestamp(end - MINUTE),
                end: Timestamp(end),
                value,
            })
        })?;
        found.push(points.collect::<Result<_, _>>()?);
    }
    Ok(found)
}

fn insert_series(connection: &Connection, changed: &Changed) -> rusqlite::Result<i64> {
    let key = text(&Stored {
        key: &*changed.key,
        value_type: changed.value_type,
    })?;
    // A flush that failed half-way in an earlier attempt may have left the row.
    let known = connection
        .query_row("SELECT id FROM series WHERE key = ?1", [&key], |row| {
            row.get(0)
        })
        .optional()?;
    if let Some(row) = known {
        return Ok(row);
    }
    connection.execute("INSERT INTO series (key) VALUES (?1)", [&key])?;
    Ok(connection.last_insert_rowid())
}

fn prune(connection: &Connection, oldest: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM rollups WHERE minute < ?1 AND series IN (SELECT id FROM series)",
        )?
        .execute([oldest])?;
    connection
        .prepare_cached(
            "DELETE FROM series WHERE NOT EXISTS (SELECT 1 FROM rollups WHERE series = series.id)",
        )?
        .execute([])?;
    Ok(())
}

fn text<T: Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn parse<T: DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into())
    })
}
