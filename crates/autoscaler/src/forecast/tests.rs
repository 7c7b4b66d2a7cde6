#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

const MINUTE: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE;
const LEAD: Duration = Duration::from_mins(10);

/// Noise of a fixed seed, evenly in -1..1.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

/// A day with a broad hump that peaks in the afternoon, 1 at night and 2.5 at its height.
fn office_day(at: i64) -> f64 {
    let hour = at.rem_euclid(DAY_MS) as f64 / (60 * MINUTE) as f64;
    1.0 + 1.5 * (-((hour - 14.0) / 4.0).powi(2)).exp()
}

fn is_weekend(at: i64) -> bool {
    // 1970-01-01 was a Thursday.
    matches!(at.div_euclid(DAY_MS).rem_euclid(7), 2 | 3)
}

/// Runs weeks of a load minute by minute: the mean absolute error of the forecast ten minutes
/// ahead, over the last week, as a share of the mean load.
fn error(days: i64, load: impl Fn(i64, &mut Noise) -> f64) -> f64 {
    let mut noise = Noise(7);
    let mut forecast = Forecast::new();
    let (mut errors, mut sum, mut count) = (0.0, 0.0, 0.0);
    let mut ahead = std::collections::VecDeque::new();
    for minute in 0..days * 24 * 60 {
        let at = minute * MINUTE;
        let demand = load(at, &mut noise);
        forecast.learn(Timestamp(at), demand);
        if minute < (days - 7) * 24 * 60 {
            continue;
        }
        // The forecast is of the instant `LEAD` ahead alone.
        let then = Timestamp(at).after(LEAD);
        ahead.push_back(forecast.peak(then, Duration::ZERO).unwrap());
        if ahead.len() as i64 > 10 {
            let expected: f64 = ahead.pop_front().unwrap();
            errors += (expected - demand).abs();
            sum += demand;
            count += 1.0;
        }
    }
    (errors / count) / (sum / count)
}

// A tenth of noise has a mean absolute error of 5 % by itself, so that is the least there can be.

#[test]
fn a_daily_pattern_is_found() {
    let error = error(10, |at, noise| office_day(at) * (1.0 + 0.1 * noise.next()));
    assert!(error < 0.06, "{error}");
}

#[test]
fn a_weekly_pattern_is_found() {
    let error = error(28, |at, noise| {
        let day = if is_weekend(at) { 0.4 } else { 1.0 };
        day * office_day(at) * (1.0 + 0.1 * noise.next())
    });
    assert!(error < 0.06, "{error}");
}

/// A level for every day, evenly within a quarter of 1.
fn level_of_day(at: i64) -> f64 {
    let mut noise = Noise(at.div_euclid(DAY_MS).unsigned_abs());
    noise.next();
    1.0 + 0.25 * noise.next()
}

#[test]
fn days_of_different_height_are_followed() {
    let error = error(28, |at, noise| {
        let day = if is_weekend(at) { 0.4 } else { 1.0 };
        day * level_of_day(at) * office_day(at) * (1.0 + 0.1 * noise.next())
    });
    assert!(error < 0.1, "{error}");
}

#[test]
fn a_load_that_grows_week_by_week_is_followed() {
    let error = error(28, |at, noise| {
        let growth = 1.0 + at as f64 / (28 * DAY_MS) as f64;
        growth * office_day(at) * (1.0 + 0.1 * noise.next())
    });
    assert!(error < 0.1, "{error}");
}

#[test]
fn three_days_of_history_are_needed() {
    let mut forecast = Forecast::new();
    let mut first = None;
    for minute in 0..5 * 24 * 60 {
        forecast.learn(Timestamp(minute * MINUTE), 2.0);
        if forecast.peak(Timestamp(minute * MINUTE), LEAD).is_some() {
            first.get_or_insert(minute);
        }
    }
    assert_eq!(first, Some(3 * 24 * 60));
}

#[test]
fn the_peak_of_the_lead_time_counts_and_lies_between_its_buckets() {
    let mut forecast = Forecast::new();
    // One instance's worth, and five in the ten minutes after each noon.
    let noon = |minute: i64| minute.rem_euclid(24 * 60) / 10 == 72;
    let days = 5 * 24 * 60 + 11 * 60 + 30;
    for minute in 0..days {
        forecast.learn(
            Timestamp(minute * MINUTE),
            if noon(minute) { 5.0 } else { 1.0 },
        );
    }
    let mut peak = |minute: i64, lead: u64| {
        let now = Timestamp((days + minute) * MINUTE);
        (forecast.peak(now, Duration::from_mins(lead)).unwrap() * 100.0).round() / 100.0
    };
    assert_eq!(peak(0, 10), 1.0);
    assert_eq!(peak(20, 10), 3.0, "half way up at noon");
    assert_eq!(peak(20, 15), 5.0);
    assert_eq!(peak(0, 120), 5.0);
    assert_eq!(peak(35, 0), 5.0);
    assert_eq!(peak(50, 60), 1.0);
}

#[test]
fn absurd_instants_do_no_harm() {
    let mut forecast = Forecast::new();
    for at in [0, i64::MIN, i64::MAX, -1, i64::MAX, 1 << 40] {
        forecast.learn(Timestamp(at), 1.0);
        let _ = forecast.peak(Timestamp(at), Duration::MAX);
    }
    forecast.learn(Timestamp(0), f64::NAN);
}
