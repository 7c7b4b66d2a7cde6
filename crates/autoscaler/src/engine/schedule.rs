//! One scaling schedule over time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::zone::{Span, ZoneTable, seconds};
use crate::{Cron, ScalingSchedule, Timestamp};

/// `scalingScheduleStatus` of one schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleStatus {
    /// What it does now.
    pub state: ScheduleState,
    /// When it became active last, as far as the engine has seen it.
    pub last_start: Option<Timestamp>,
    /// When it becomes active next.
    pub next_start: Option<Timestamp>,
}

/// `scalingScheduleStatus.state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ScheduleState {
    /// It asks for its instances.
    Active,
    /// It waits for its next start.
    Ready,
    /// It is switched off.
    Disabled,
    /// It never starts again.
    Obsolete,
}

impl ScheduleState {
    /// Google's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Ready => "READY",
            Self::Disabled => "DISABLED",
            Self::Obsolete => "OBSOLETE",
        }
    }
}

/// A schedule, and where it stands: looked at again only when that changes.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) min_required: u32,
    duration: Duration,
    is_disabled: bool,
    pub(super) is_active: bool,
    /// Its time zone is not known.
    pub(super) is_lost: bool,
    last_start: Option<Timestamp>,
    next_start: Option<Timestamp>,
    /// The instant from which on the above is no longer so.
    pub(super) changes_at: Timestamp,
}

impl Run {
    pub(super) fn new(schedule: &ScalingSchedule) -> Self {
        Self {
            min_required: schedule.min_required,
            duration: schedule.duration,
            is_disabled: schedule.disabled,
            is_active: false,
            is_lost: false,
            last_start: None,
            next_start: None,
            changes_at: Timestamp(i64::MIN),
        }
    }

    /// Finds out where the schedule stands.
    ///
    /// A start while it is active prolongs it: it is active for the full duration from every start.
    pub(super) fn look(&mut self, cron: &Cron, zone: Option<&ZoneTable>, now: Timestamp) {
        let Some(zone) = zone.filter(|_| !self.is_disabled) else {
            self.is_lost = !self.is_disabled;
            self.is_active = false;
            self.next_start = None;
            self.changes_at = Timestamp(i64::MAX);
            return;
        };
        let running = next_start(cron, zone, before(now, self.duration));
        let running = running.filter(|start| *start <= now);
        self.next_start = next_start(cron, zone, now);
        if let Some(start) = running.filter(|_| !self.is_active) {
            self.last_start = Some(start);
        }
        self.is_active = running.is_some();
        let end = running.map(|start| start.after(self.duration));
        let changes = [end, self.next_start].into_iter().flatten().min();
        self.changes_at = changes.unwrap_or(Timestamp(i64::MAX));
    }

    pub(super) fn status(&self) -> ScheduleStatus {
        let state = match (self.is_disabled, self.is_active, self.next_start) {
            (true, _, _) => ScheduleState::Disabled,
            (false, true, _) => ScheduleState::Active,
            (false, false, Some(_)) => ScheduleState::Ready,
            (false, false, None) => ScheduleState::Obsolete,
        };
        ScheduleStatus {
            state,
            last_start: self.last_start,
            next_start: self.next_start,
        }
    }
}

fn before(now: Timestamp, span: Duration) -> Timestamp {
    let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    Timestamp(now.0.saturating_sub(millis))
}

/// The first start after an instant.
///
/// A start that the clock skips in spring comes as much later as the clock skips; an hour that the
/// clock repeats in autumn starts nothing a second time.
pub(super) fn next_start(cron: &Cron, zone: &ZoneTable, after: Timestamp) -> Option<Timestamp> {
    let after = seconds(after).saturating_add(1);
    let found = zone.spans_from(after).find_map(|span| {
        let starts = [
            skipped_start(cron, span, after),
            usual_start(cron, span, after),
        ];
        starts.into_iter().flatten().min()
    });
    found.map(|seconds| Timestamp(seconds.saturating_mul(1000)))
}

/// The first start in a span that its clock shows for the first time.
fn usual_start(cron: &Cron, span: Span, after: i64) -> Option<i64> {
    let first = span
        .from
        .saturating_add(span.offset.max(span.offset_before))
        .max(after.saturating_add(span.offset));
    let end = span.until.saturating_add(span.offset);
    let minute = cron.next(minutes(first), minutes(end))?;
    Some(minute.saturating_mul(60).saturating_sub(span.offset))
}

/// The first start in what the clock skipped when the span began, by the clock of before.
fn skipped_start(cron: &Cron, span: Span, after: i64) -> Option<i64> {
    if span.offset <= span.offset_before {
        return None;
    }
    let first = span.from.max(after).saturating_add(span.offset_before);
    let end = span.from.saturating_add(span.offset);
    let minute = cron.next(minutes(first), minutes(end))?;
    Some(minute.saturating_mul(60).saturating_sub(span.offset_before))
}

/// The first whole minute that is not before so many seconds.
fn minutes(seconds: i64) -> i64 {
    seconds.div_euclid(60) + i64::from(seconds.rem_euclid(60) > 0)
}
