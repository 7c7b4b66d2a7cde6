//! The engine's schedules against the calendar of a zone database, around every kind of transition.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use autoscaler::{Engine, Policy, Sample, Timestamp, validate};
use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use proptest::prelude::*;
use serde_json::json;

/// Zones, each with a day about which its clock changes: by an hour, by half an hour, in Ramadan,
/// and not at all; and one that left out a whole day.
const PLACES: [(&str, DateTime); 8] = [
    ("Europe/Berlin", date(2026, 3, 29).at(0, 0, 0, 0)),
    ("Europe/Berlin", date(2026, 10, 25).at(0, 0, 0, 0)),
    ("America/New_York", date(2026, 11, 1).at(0, 0, 0, 0)),
    ("Australia/Lord_Howe", date(2026, 10, 4).at(0, 0, 0, 0)),
    ("Australia/Lord_Howe", date(2026, 4, 5).at(0, 0, 0, 0)),
    ("Africa/Casablanca", date(2026, 2, 15).at(0, 0, 0, 0)),
    ("Asia/Kolkata", date(2026, 3, 29).at(0, 0, 0, 0)),
    ("Pacific/Apia", date(2011, 12, 30).at(0, 0, 0, 0)),
];

/// A cron expression as the sets of numbers that it means; `None` is a star.
#[derive(Clone, Debug)]
struct Wanted {
    minutes: BTreeSet<i8>,
    hours: Option<BTreeSet<i8>>,
    days: Option<BTreeSet<i8>>,
    weekdays: Option<BTreeSet<i8>>,
}

impl Wanted {
    fn text(&self) -> String {
        let list = |set: &BTreeSet<i8>| {
            let numbers: Vec<String> = set.iter().map(i8::to_string).collect();
            numbers.join(",")
        };
        let star = |set: &Option<BTreeSet<i8>>| set.as_ref().map_or_else(|| "*".to_owned(), list);
        format!(
            "{} {} {} * {}",
            list(&self.minutes),
            star(&self.hours),
            star(&self.days),
            star(&self.weekdays)
        )
    }

    fn fits(&self, time: DateTime) -> bool {
        let day = |set: &BTreeSet<i8>| set.contains(&time.day());
        let weekday = |set: &BTreeSet<i8>| set.contains(&time.weekday().to_sunday_zero_offset());
        let fits_day = match (&self.days, &self.weekdays) {
            (Some(days), Some(weekdays)) => day(days) || weekday(weekdays),
            (Some(days), None) => day(days),
            (None, Some(weekdays)) => weekday(weekdays),
            (None, None) => true,
        };
        let hours = self.hours.as_ref();
        fits_day
            && hours.is_none_or(|hours| hours.contains(&time.hour()))
            && self.minutes.contains(&time.minute())
    }
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let set = |range: std::ops::Range<i8>, most| proptest::collection::btree_set(range, 1..most);
    (
        set(0..60, 4),
        proptest::option::of(set(0..5, 4)),
        proptest::option::of(set(1..32, 5)),
        proptest::option::of(set(0..6, 4)),
    )
        .prop_map(|(minutes, hours, days, weekdays)| Wanted {
            minutes,
            hours,
            days,
            weekdays,
        })
}

fn policy(cron: &str, zone: &str) -> Policy {
    validate(&json!({
        "minNumReplicas": 1, "maxNumReplicas": 9,
        "scalingSchedules": { "s": {
            "minRequiredReplicas": 5, "schedule": cron, "durationSec": 300, "timeZone": zone,
        } },
    }))
    .unwrap()
}

fn instant(time: DateTime, zone: &TimeZone) -> Timestamp {
    // jiff's "compatible": a skipped time comes later by the gap, a repeated one means the first.
    Timestamp(zone.to_timestamp(time).unwrap().as_millisecond())
}

/// The next starts in `(from, to]`, one after the other, as the engine tells them.
fn starts(policy: Policy, zone: &str, from: Timestamp, to: Timestamp) -> BTreeSet<Timestamp> {
    let zones = [(zone.to_owned(), zones::table(zone, from).unwrap())]
        .into_iter()
        .collect();
    let mut engine = Engine::new(policy, from, 1).with_zones(zones);
    let mut now = from;
    let mut starts = BTreeSet::new();
    loop {
        engine.observe(now, Sample::default());
        let next = engine.schedules().next().unwrap().1.next_start;
        match next.filter(|next| *next <= to) {
            Some(next) => {
                assert!(next > now);
                starts.insert(next);
                now = next;
            }
            None => return starts,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_start_is_where_the_calendar_has_it(wanted in wanted(), place in 0..PLACES.len()) {
        let (name, day) = PLACES[place];
        let zone = TimeZone::get(name).unwrap();
        let window: Span = 3.days();
        let (first, last) = (day - window, day + window);
        let (from, to) = (instant(first, &zone), instant(last, &zone));
        let expected: BTreeSet<Timestamp> = first
            .series(1.minute())
            .take_while(|time| *time <= last)
            .filter(|time| wanted.fits(*time))
            .map(|time| instant(time, &zone))
            .filter(|at| *at > from && *at <= to)
            .collect();
        let found = starts(policy(&wanted.text(), name), name, from, to);
        prop_assert_eq!(found, expected, "{} in {}", wanted.text(), name);
    }
}

#[test]
fn the_full_duration_is_kept_in_the_night_that_is_an_hour_short() {
    // 3 hours from 01:00 on the night that is one hour short in Berlin: until 05:00 there.
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let mut policy = policy("0 1 29 3 *", "Europe/Berlin");
    let schedule = policy.schedules.get_mut("s").unwrap();
    schedule.duration = std::time::Duration::from_hours(3);
    let start = instant(date(2026, 3, 29).at(1, 0, 0, 0), &zone);
    let end = instant(date(2026, 3, 29).at(5, 0, 0, 0), &zone);
    let zones = zones::of_policy(&policy, start);
    let mut engine = Engine::new(policy, start, 1).with_zones(zones);
    let mut is_active = |at: i64| {
        engine.observe(Timestamp(at), Sample::default());
        engine.schedules().next().unwrap().1.state.as_str() == "ACTIVE"
    };
    assert!(!is_active(start.0 - 1));
    assert!(is_active(start.0));
    assert!(is_active(end.0 - 1));
    assert!(!is_active(end.0));
}
