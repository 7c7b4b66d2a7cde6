#![doc = include_str!("../README.md")]

use autoscaler::{OffsetChange, Policy, Timestamp, ZoneTable, Zones};
use jiff::tz::TimeZone;

/// So many years of transitions lie ahead: schedules with a year end in 2036, and any other is
/// looked at again and again.
const YEARS_AHEAD: i64 = 12;

/// A schedule that is active now may have started so long ago.
const YEARS_BACK: i64 = 1;

const YEAR_MS: i64 = 366 * 24 * 3_600_000;

/// The transitions of every zone that the policy's schedules name, around `now`.
///
/// A name that the database does not have is left out, and the engine says so.
pub fn of_policy(policy: &Policy, now: Timestamp) -> Zones {
    let names = policy
        .schedules
        .values()
        .map(|schedule| &schedule.time_zone);
    names
        .filter_map(|name| Some((name.clone(), table(name, now)?)))
        .collect()
}

/// The transitions of one zone around `now`; `None` if the database does not have it.
pub fn table(name: &str, now: Timestamp) -> Option<ZoneTable> {
    let zone = TimeZone::get(name).ok()?;
    let first = instant(now.0.saturating_sub(YEARS_BACK * YEAR_MS));
    let last = instant(now.0.saturating_add(YEARS_AHEAD * YEAR_MS));
    let changes = zone
        .following(first)
        .take_while(|change| change.timestamp() <= last)
        .map(|change| OffsetChange {
            at: Timestamp(change.timestamp().as_millisecond()),
            offset_s: change.offset().seconds(),
        });
    Some(ZoneTable::new(zone.to_offset(first).seconds(), changes))
}

/// Whether the database has a zone of this name.
pub fn is_known(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

/// The nearest instant that the database can speak of.
fn instant(millis: i64) -> jiff::Timestamp {
    let nearest = if millis < 0 {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    };
    jiff::Timestamp::from_millisecond(millis).unwrap_or(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_or_not() {
        for name in ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"] {
            assert!(is_known(name), "{name}");
        }
        for name in ["Europe/Atlantis", "", "Berlin time"] {
            assert!(!is_known(name), "{name}");
            assert_eq!(table(name, Timestamp(0)), None);
        }
    }

    #[test]
    fn absurd_instants_have_a_table_too() {
        for now in [i64::MIN, 0, i64::MAX] {
            assert!(table("Europe/Berlin", Timestamp(now)).is_some());
        }
    }
}
