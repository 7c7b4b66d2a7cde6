//! The emulated clock: starts at wall time, runs `speed` times as fast, never goes back.
//!
//! Every timestamp the local cloud hands out comes from here. What it must survive is a `kill -9`:
//! a program that read a `Date` header a moment before must not read an earlier one after the
//! restart. So the state directory holds not the present instant but a *ceiling* that is a little
//! ahead of it, and a restart begins at the ceiling.

mod manual;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use autoscaler::Timestamp;

use self::manual::Manual;
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
enum Origin {
    Running {
        emulated: Timestamp,
        real: Instant,
        speed: u32,
    },
    /// It stands still until somebody advances it.
    Manual(Manual),
}

/// How the clock goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// So many times as fast as real time.
    Speed(u32),
    /// Only when somebody advances it.
    Manual,
}

impl Clock {
    /// A clock that shows `start` now and runs `speed` times as fast as real time.
    pub fn starting_at(start: Timestamp, speed: u32) -> Self {
        Self::paced(start, Pace::Speed(speed))
    }

    /// A clock that shows `start` now.
    pub fn paced(start: Timestamp, pace: Pace) -> Self {
        Self(Arc::new(match pace {
            Pace::Speed(speed) => Origin::Running {
                emulated: start,
                real: Instant::now(),
                speed: speed.max(1),
            },
            Pace::Manual => Origin::Manual(Manual::new(start)),
        }))
    }

    /// Continues the clock of a state directory: at wall time, or where it stopped if that is later.
    pub async fn resume(store: &Store, speed: u32) -> Result<Self, StoreError> {
        Self::resume_at(store, Pace::Speed(speed)).await
    }

    /// As [`Clock::resume`], at any pace.
    pub async fn resume_at(store: &Store, pace: Pace) -> Result<Self, StoreError> {
        let wall = jiff::Timestamp::now().as_millisecond();
        let ceiling = store
            .kv(CEILING)
            .and_then(|text| text.parse().ok())
            .unwrap_or(i64::MIN);
        let clock = Self::paced(Timestamp(wall.max(ceiling)), pace);
        clock.save(store, AHEAD).await?;
        Ok(clock)
    }

    /// The emulated instant.
    pub fn now(&self) -> Timestamp {
        match &*self.0 {
            Origin::Running {
                emulated,
                real,
                speed,
            } => {
                let elapsed = real.elapsed().as_millis() as i64;
                Timestamp(emulated.0 + elapsed * i64::from(*speed))
            }
            Origin::Manual(manual) => manual.now(),
        }
    }

    /// How many emulated seconds pass in a real one (1 to 60); 1 for a clock that stands still.
    pub fn speed(&self) -> u32 {
        match &*self.0 {
            Origin::Running { speed, .. } => *speed,
            Origin::Manual(_) => 1,
        }
    }

    /// How the clock goes.
    pub fn pace(&self) -> Pace {
        match &*self.0 {
            Origin::Running { speed, .. } => Pace::Speed(*speed),
            Origin::Manual(_) => Pace::Manual,
        }
    }

    /// The real time that an emulated duration takes while the clock runs.
    pub fn real(&self, emulated: Duration) -> Duration {
        emulated / self.speed()
    }

    /// A way to wait for this clock.
    pub fn timer(&self) -> Timer {
        let mut timer = Timer {
            clock: self.clone(),
            busy: false,
        };
        timer.work();
        timer
    }

    /// Advances a clock of [`Pace::Manual`], from one due instant to the next; `settle` is called
    /// before each to let happen at once what can. False, and nothing happens, for one that runs.
    pub async fn advance(&self, emulated: Duration, settle: impl Fn()) -> bool {
        match &*self.0 {
            Origin::Running { .. } => false,
            Origin::Manual(manual) => {
                manual.advance(emulated, settle).await;
                true
            }
        }
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

/// A way to wait for a clock. Under a clock that stands still it also tells whether its owner is
/// at work, which advancing the clock waits for.
#[derive(Debug)]
pub struct Timer {
    clock: Clock,
    busy: bool,
}

impl Timer {
    /// Waits until so much emulated time has passed.
    pub async fn sleep(&mut self, emulated: Duration) {
        self.wait(emulated, self.clock.real(emulated)).await;
    }

    /// Waits a real time that is the cloud's own and not its software's, however fast the clock
    /// runs; under a clock that stands still it is emulated time.
    pub async fn tick(&mut self, real: Duration) {
        self.wait(real, real).await;
    }

    async fn wait(&mut self, emulated: Duration, real: Duration) {
        match &*self.clock.0 {
            Origin::Running { .. } => tokio::time::sleep(real).await,
            Origin::Manual(manual) => {
                if !self.busy {
                    manual.begin();
                    self.busy = true;
                }
                manual.sleep(emulated).await;
            }
        }
    }

    /// Its owner is at work until it waits or rests.
    pub fn work(&mut self) {
        if let Origin::Manual(manual) = &*self.clock.0
            && !self.busy
        {
            manual.begin();
            self.busy = true;
        }
    }

    /// Its owner waits for something else than the clock.
    pub fn rest(&mut self) {
        if let Origin::Manual(manual) = &*self.clock.0
            && self.busy
        {
            manual.end();
            self.busy = false;
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.rest();
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
    async fn a_clock_by_hand_fires_what_is_due_in_order_and_at_its_instant() {
        let clock = Clock::paced(Timestamp(0), Pace::Manual);
        let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
        for (name, seconds) in [("b", 20), ("a", 15)] {
            let (clock, seen) = (clock.clone(), Arc::clone(&seen));
            let mut timer = clock.timer();
            tokio::spawn(async move {
                for _ in 0..3 {
                    timer.sleep(Duration::from_secs(seconds)).await;
                    // Others run here; the clock must not.
                    tokio::task::yield_now().await;
                    seen.lock().unwrap().push((name, clock.now().0 / 1000));
                }
            });
        }
        assert!(clock.advance(Duration::from_secs(44), || {}).await);
        assert_eq!(clock.now(), Timestamp(44_000));
        let so_far = [("a", 15), ("b", 20), ("a", 30), ("b", 40)];
        assert_eq!(*seen.lock().unwrap(), so_far);
        assert!(clock.advance(Duration::from_secs(16), || {}).await);
        assert_eq!(seen.lock().unwrap()[4..], [("a", 45), ("b", 60)]);
    }

    #[tokio::test]
    async fn whoever_gives_up_waiting_is_waited_for_until_it_rests() {
        let clock = Clock::paced(Timestamp(0), Pace::Manual);
        let mut timer = clock.timer();
        {
            let sleep = timer.sleep(Duration::from_secs(5));
            tokio::pin!(sleep);
            assert!(futures::poll!(sleep.as_mut()).is_pending());
        }
        let advancing = clock.clone();
        let advance =
            tokio::spawn(async move { advancing.advance(Duration::from_secs(9), || {}).await });
        tokio::task::yield_now().await;
        assert_eq!(clock.now(), Timestamp(0));
        timer.rest();
        advance.await.unwrap();
        assert_eq!(clock.now(), Timestamp(9000));
    }

    #[tokio::test]
    async fn a_running_clock_cannot_be_advanced() {
        let clock = Clock::starting_at(Timestamp(0), 1);
        assert!(!clock.advance(Duration::from_secs(100), || {}).await);
        assert!(clock.now() < Timestamp(100_000));
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
