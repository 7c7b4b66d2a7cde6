//! Whether visitors get worse from a new version than from what was there before.

use std::time::{Duration, Instant};

use control_plane::deployment::{Verdict, Visits};
use gce::Client;

/// A version's trial before its visitors.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    client: &'a Client,
    deployment: &'a str,
    /// What they got from the version before.
    before: Visits,
    /// The cloud's time of the first step, in milliseconds since the Unix epoch.
    since: i64,
    /// For how long it is watched once all instances serve, on the cloud's clock.
    bake: Duration,
    /// Since when all instances serve, on the cloud's clock.
    served: Option<i64>,
    /// What they got so far.
    now: Visits,
    /// When they were last looked at, on this machine's clock.
    looked: Option<Instant>,
}

/// What is compared with.
const BEFORE: Duration = Duration::from_mins(10);
/// Two queries each time.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Google shows a measurement up to four minutes after it was made.
const LATE: Duration = Duration::from_mins(4);

impl<'a> Watch<'a> {
    /// Looks at what visitors get now. `None` where that cannot be read, which stops no release.
    pub(super) async fn begin(
        client: &'a Client,
        deployment: &'a str,
        bake: Duration,
    ) -> Option<Self> {
        let since = client.server_now()?;
        let from = since - millis(BEFORE);
        match Visits::between(client, deployment, from, since).await {
            Ok(before) => Some(Self {
                client,
                deployment,
                before,
                since,
                bake,
                served: None,
                now: Visits::default(),
                looked: None,
            }),
            Err(error) => {
                tracing::warn!(%error, "what visitors get is not compared");
                None
            }
        }
    }

    /// Judges what they got so far. Latency counts only once all instances serve, since one that starts
    /// is slow for a moment.
    pub(super) async fn judge(&mut self, all_serve: bool) -> Verdict {
        if self.looked.is_some_and(|at| at.elapsed() < LOOK_EVERY) {
            return Verdict::Waiting;
        }
        let Some(now) = self.client.server_now() else {
            return Verdict::Waiting;
        };
        if all_serve {
            self.served.get_or_insert(now);
        }
        self.look(now).await;
        let slower = || {
            self.served
                .and_then(|_| self.now.are_slower_than(&self.before))
        };
        if let Some(why) = self.now.fail_more_than(&self.before).or_else(slower) {
            return Verdict::Failed(why);
        }
        match self.served {
            Some(served) if self.is_over(served, now) => Verdict::Done,
            _ => Verdict::Waiting,
        }
    }

    async fn look(&mut self, now: i64) {
        self.looked = Some(Instant::now());
        let from = self.served.unwrap_or(self.since);
        match Visits::between(self.client, self.deployment, from, now).await {
            Ok(visits) => self.now = visits,
            Err(error) => tracing::warn!(%error, "what visitors get cannot be read for now"),
        }
    }

    /// Whether enough was measured since `served`, or will not be. Where nobody came before, nobody is
    /// waited for.
    fn is_over(&self, served: i64, now: i64) -> bool {
        let end = served + millis(self.bake);
        let is_measured = self.now.until.is_some_and(|until| until >= end);
        let nobody_comes = !self.before.are_enough() && !self.now.are_enough();
        self.bake.is_zero() || nobody_comes || is_measured || now >= end + millis(LATE)
    }
}

/// What is said of a version that stays.
impl std::fmt::Display for Watch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.now.are_enough() {
            write!(f, "visitors: {} (before: {})", self.now, self.before)
        } else {
            f.write_str("visitors: too few to compare what they get with what they got before")
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
