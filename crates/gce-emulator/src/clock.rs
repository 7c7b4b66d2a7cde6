//! The emulated clock: starts at wall time, runs `speed` times as fast, never goes back.
//!
//! Every timestamp the local cloud hands out comes from here. What it must survive is a `kill -9`:
//! a program that read a `Date` header a moment before must not read an earlier one after the
//! restart. So the state directory holds not the present instant but a *ceiling* that is a little
//! ahead of it, and a restart begins at the ceiling.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use autoscaler::Timestamp;

use crate::store::{Store, StoreError, Write};

/// The key under which the store keeps the ceiling, in milliseconds since the epoch.
const CEILING: &str = "clock.ceiling";

/// How often a running clock writes its ceiling, in real time.
const SAVE_EVERY: Duration = Duration::from_secs(2);

/// How far the ceiling lies ahead, in real time: three missed saves on a busy machine are harmless.
const AHEAD: Duration = Duration::from_secs(8);

/// The clock of one local cloud. Cheap to clone; all clones agree.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Origin>);

#[derive(Debug)]
struct Origin {
    emulated: Timestamp,
    real: Instant,
    speed: u32,
}

impl Clock {
    /// A clock that shows `start` now and runs `speed` times as fast as real time.
    pub fn starting_at(start: Timestamp, speed: u32) -> Self {
        Self(Arc::new(Origin {
            emulated: start,
            real: Instant::now(),
            speed: speed.max(1),
        }))
    }

    /// Continues the clock of a state directory: at wall time, or where it stopped if that is later.
    pub async fn resume(store: &Store, speed: u32) -> Result<Self, StoreError> {
        let wall = jiff::Timestamp::now().as_millisecond();
        let ceiling = store
            .kv(CEILING)
            .and_then(|text| text.parse().ok())
            .unwrap_or(i64::MIN);
        let clock = Self::starting_at(Timestamp(wall.max(ceiling)), speed);
        clock.save(store, AHEAD).await?;
        Ok(clock)
    }

    /// The emulated instant.
    pub fn now(&self) -> Timestamp {
        let elapsed = self.0.real.elapsed().as_millis() as i64;
        Timestamp(self.0.emulated.0 + elapsed * i64::from(self.0.speed))
    }

    /// How many emulated seconds pass in a real one (1 to 60).
    pub fn speed(&self) -> u32 {
        self.0.speed
    }

    /// The real time that an emulated duration takes.
    pub fn real(&self, emulated: Duration) -> Duration {
        emulated / self.0.speed
    }

    /// Sleeps until `emulated` has passed on this clock.
    pub async fn sleep_emulated(&self, emulated: Duration) {
        tokio::time::sleep(self.real(emulated)).await;
    }

    /// Keeps the stored ceiling ahead of the clock; runs until it is dropped or the store closes.
    pub async fn keep_saved(self, store: Store) {
        let mut ticks = tokio::time::interval(SAVE_EVERY);
        loop {
            ticks.tick().await;
            if let Err(error) = self.save(&store, AHEAD).await {
                tracing::error!(%error, "the clock could not be saved");
            }
        }
    }

    /// Writes the present instant, so that an orderly restart continues without a jump.
    pub async fn save_exactly(&self, store: &Store) -> Result<(), StoreError> {
        self.save(store, Duration::ZERO).await
    }

    async fn save(&self, store: &Store, ahead: Duration) -> Result<(), StoreError> {
        let ceiling = self.now().0 + ahead.as_millis() as i64 * i64::from(self.speed());
        store
            .commit_relaxed(vec![Write::kv(CEILING, ceiling.to_string())])
            .await
    }
}

/// An instant as Google's JSON has it: RFC 3339 in UTC with milliseconds and a final `Z`.
pub fn rfc3339(at: Timestamp) -> String {
    instant(at).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// An instant as the HTTP `Date` header has it.
pub fn http_date(at: Timestamp) -> String {
    instant(at)
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

/// Reads RFC 3339 with any offset; the fraction is cut to milliseconds.
pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>()
        .ok()
        .map(|at| Timestamp(at.as_millisecond()))
}

fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    #[test]
    fn timestamps_survive_a_round_trip() {
        let at = parse_rfc3339("2026-11-23T08:00:00.123-08:00").unwrap();
        assert_eq!(rfc3339(at), "2026-11-23T16:00:00.123Z");
        assert_eq!(http_date(at), "Mon, 23 Nov 2026 16:00:00 GMT");
        assert_eq!(parse_rfc3339(&rfc3339(at)), Some(at));
    }

    #[test]
    fn emulated_waits_are_divided_by_the_speed() {
        let clock = Clock::starting_at(Timestamp(0), 20);
        assert_eq!(clock.real(Duration::from_mins(1)), Duration::from_secs(3));
    }

    #[tokio::test]
    async fn a_restart_never_goes_back_also_at_a_lower_speed() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), "p").unwrap();
        let first = Clock::resume(&store, 60).await.unwrap();
        let seen = first.now();
        drop((first, store));
        let store = Store::open(dir.path(), "p").unwrap();
        let second = Clock::resume(&store, 1).await.unwrap();
        assert!(second.now() >= seen);
    }
}
