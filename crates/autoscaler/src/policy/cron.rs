//! A scaling schedule's cron expression.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::cron_field::{FIELDS, Field};
use crate::calendar::{Date, weekday};

/// When a schedule starts: minute, hour, day of the month, month, weekday, and a year if it shall
/// not start every year.
///
/// Google's dialect: where day of the month and weekday are both restricted, either is enough. No
/// crate has it exactly (years from 2000 to 2036, no seconds, `Fri-Sun`, and `0-7` refused), so it
/// is parsed here, into the bits of the numbers that fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    text: String,
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Counted from 2000; `None` without a year.
    years: Option<u64>,
}

/// What is wrong with a cron expression.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CronError {
    /// Too few fields, or too many.
    #[error("it has {0} fields, not 5, or 6 with a year")]
    Fields(usize),
    /// A field that does not fit.
    #[error("its {name} is {text}, not {allowed}")]
    Field {
        /// Which.
        name: &'static str,
        /// What stands there.
        text: String,
        /// What may stand there.
        allowed: &'static str,
    },
}

const MINUTES_A_DAY: i64 = 24 * 60;

/// February 29th comes after eight years at the latest (1896 and 1904), and every other day of a
/// month sooner; weekdays only ever add days.
const HORIZON_DAYS: i64 = 8 * 366;

const FIRST_YEAR: i64 = 2000;

impl Cron {
    /// The text that it was parsed from.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first match in `from..before`, in minutes of the wall clock since 1970-01-01 00:00.
    pub(crate) fn next(&self, from: i64, before: i64) -> Option<i64> {
        let mut day = from.div_euclid(MINUTES_A_DAY);
        let mut minute = from.rem_euclid(MINUTES_A_DAY);
        let last = match self.years {
            None => day.saturating_add(HORIZON_DAYS),
            Some(_) => i64::MAX,
        };
        let last = last.min((before.saturating_sub(1)).div_euclid(MINUTES_A_DAY));
        while day <= last {
            let next_day = match self.candidate(day)? {
                Candidate::Day => {
                    let start = day.saturating_mul(MINUTES_A_DAY);
                    let found = self
                        .next_in_day(minute)
                        .map(|minute| start.saturating_add(minute));
                    if let Some(found) = found {
                        return (found < before).then_some(found);
                    }
                    day + 1
                }
                Candidate::NotBefore(next_day) => next_day,
            };
            (day, minute) = (next_day, 0);
        }
        None
    }

    /// Whether a day fits; `None` when no later one does either.
    fn candidate(&self, day: i64) -> Option<Candidate> {
        let date = Date::of_day(day);
        if let Some(years) = self.years {
            let year = date.year - FIRST_YEAR;
            let ahead = years.checked_shr(year.max(0) as u32).unwrap_or(0);
            if ahead == 0 {
                return None;
            }
            if year < 0 || ahead & 1 == 0 {
                let wait = i64::from(ahead.trailing_zeros());
                let first = Date {
                    year: FIRST_YEAR + year.max(0) + wait,
                    month: 1,
                    day: 1,
                };
                return Some(Candidate::NotBefore(first.day_number()));
            }
        }
        if !has(self.months, date.month) {
            return Some(Candidate::NotBefore(date.next_month().day_number()));
        }
        let fits = self.fits_day(date.day, weekday(day));
        Some(if fits {
            Candidate::Day
        } else {
            Candidate::NotBefore(day + 1)
        })
    }

    /// Both restricted: either is enough. Otherwise the unrestricted one fits anyway.
    fn fits_day(&self, day: u32, weekday: u32) -> bool {
        let by_day = has(self.days, day);
        let by_weekday = has(self.weekdays, weekday);
        if self.days != Field::DAY.all() && self.weekdays != EVERY_WEEKDAY {
            by_day || by_weekday
        } else {
            by_day && by_weekday
        }
    }

    fn next_in_day(&self, from: i64) -> Option<i64> {
        let (hour, minute) = ((from / 60) as u32, (from % 60) as u32);
        if has(self.hours, hour)
            && let Some(minute) = first_from(self.minutes, minute)
        {
            return Some(i64::from(hour * 60 + minute));
        }
        let hour = first_from(self.hours, hour + 1)?;
        Some(i64::from(hour * 60 + first_from(self.minutes, 0)?))
    }
}

/// What a day is to a cron expression.
enum Candidate {
    Day,
    /// It does not fit, and no day before this one does.
    NotBefore(i64),
}

const EVERY_WEEKDAY: u64 = 0b111_1111;

fn has(bits: u64, number: u32) -> bool {
    bits >> number & 1 == 1
}

/// The smallest number of the set that is not below `from`.
fn first_from(bits: u64, from: u32) -> Option<u32> {
    let ahead = bits.checked_shr(from).unwrap_or(0);
    (ahead != 0).then(|| from + ahead.trailing_zeros())
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Cron {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        let parts: Vec<&str> = text.split_whitespace().collect();
        if !(5..=6).contains(&parts.len()) {
            return Err(CronError::Fields(parts.len()));
        }
        let mut bits = [0_u64; 6];
        for ((bits, field), part) in bits.iter_mut().zip(FIELDS).zip(&parts) {
            *bits = field.read(part).ok_or_else(|| CronError::Field {
                name: field.name,
                text: (*part).to_owned(),
                allowed: field.allowed,
            })?;
        }
        let [minutes, hours, days, months, weekdays, years] = bits;
        Ok(Self {
            text: text.to_owned(),
            minutes,
            hours,
            days,
            months,
            // Sunday is 0 and 7.
            weekdays: (weekdays | weekdays >> 7) & EVERY_WEEKDAY,
            years: (parts.len() == 6).then_some(years),
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    /// Minutes since 1970-01-01 00:00.
    fn at(year: i64, month: u32, day: u32, hour: i64, minute: i64) -> i64 {
        Date { year, month, day }.day_number() * MINUTES_A_DAY + hour * 60 + minute
    }

    /// The next matches from the beginning of 2026 on, which is a Thursday.
    fn matches(cron: &str, count: usize) -> Vec<i64> {
        let cron: Cron = cron.parse().unwrap();
        let mut from = at(2026, 1, 1, 0, 0);
        let next = || {
            let found = cron.next(from, i64::MAX)?;
            from = found + 1;
            Some(found)
        };
        std::iter::from_fn(next).take(count).collect()
    }

    #[test]
    fn ordinary_expressions_are_read() {
        for cron in [
            "0 8 * * *",
            "30 6 * * Mon-Fri",
            "*/15 0-6,22,23 1,15 Jan-Mar 1-7",
            "0 0 30 1 * 2030",
            "0 12 * * Fri-Sun",
            "0 12 * dec SUN",
        ] {
            assert_eq!(cron.parse::<Cron>().unwrap().to_string(), cron);
        }
    }

    #[test]
    fn what_google_refuses_is_refused() {
        for cron in [
            "",
            "0 8 * *",
            "0 8 * * * 2030 x",
            "60 8 * * *",
            "0 24 * * *",
            "0 8 0 * *",
            "0 8 * 13 *",
            "0 8 * * 8",
            "0 8 * * 0-7",
            "0 8 * * Sun-Sun",
            "0 8 * * * 1999",
            "0 8 * * * 2037",
            "9-5 8 * * *",
            "*/0 8 * * *",
            "1, 8 * * *",
            "+1 8 * * *",
            "every day at noon please",
        ] {
            assert!(cron.parse::<Cron>().is_err(), "{cron}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |cron: &str| cron.parse::<Cron>().unwrap_err().to_string();
        assert_eq!(error("0 8 * *"), "it has 4 fields, not 5, or 6 with a year");
        assert_eq!(
            error("0 25 * * *"),
            "its hour is 25, not numbers from 0 to 23 or *, with lists, ranges and steps"
        );
        assert!(error("0 8 * * 0-7").starts_with("its weekday is 0-7, not names or numbers"));
    }

    #[test]
    fn minutes_and_hours_are_found_in_their_order() {
        assert_eq!(
            matches("*/20 9,17 * * *", 7),
            [
                at(2026, 1, 1, 9, 0),
                at(2026, 1, 1, 9, 20),
                at(2026, 1, 1, 9, 40),
                at(2026, 1, 1, 17, 0),
                at(2026, 1, 1, 17, 20),
                at(2026, 1, 1, 17, 40),
                at(2026, 1, 2, 9, 0),
            ]
        );
        assert_eq!(
            matches("5-10/3 0 * * *", 3),
            [
                at(2026, 1, 1, 0, 5),
                at(2026, 1, 1, 0, 8),
                at(2026, 1, 2, 0, 5)
            ]
        );
        assert_eq!(matches("50/5 0 1 1 *", 2)[1], at(2026, 1, 1, 0, 55));
    }

    #[test]
    fn weekdays_have_names_and_two_sundays() {
        let fridays_to_sundays = [
            at(2026, 1, 2, 12, 0),
            at(2026, 1, 3, 12, 0),
            at(2026, 1, 4, 12, 0),
        ];
        for cron in ["0 12 * * Fri-Sun", "0 12 * * 5-7", "0 12 * * fri,6,0"] {
            assert_eq!(matches(cron, 3), fridays_to_sundays, "{cron}");
        }
        assert_eq!(matches("0 12 * * 7", 1), [at(2026, 1, 4, 12, 0)]);
        assert_eq!(matches("0 12 * * 1-7", 1), [at(2026, 1, 1, 12, 0)]);
    }

    #[test]
    fn a_day_of_the_month_and_a_weekday_are_joined() {
        // The 5th is a Monday; the 2nd is a Friday.
        assert_eq!(
            matches("0 0 5 1 Fri", 6),
            [
                at(2026, 1, 2, 0, 0),
                at(2026, 1, 5, 0, 0),
                at(2026, 1, 9, 0, 0),
                at(2026, 1, 16, 0, 0),
                at(2026, 1, 23, 0, 0),
                at(2026, 1, 30, 0, 0),
            ]
        );
    }

    #[test]
    fn a_list_of_every_day_is_no_restriction() {
        assert_eq!(
            matches("0 0 1-31 * Mon", 2),
            [at(2026, 1, 5, 0, 0), at(2026, 1, 12, 0, 0)]
        );
        assert_eq!(
            matches("0 0 10 * 0-6", 2),
            [at(2026, 1, 10, 0, 0), at(2026, 2, 10, 0, 0)]
        );
    }

    #[test]
    fn a_year_makes_it_start_once() {
        assert_eq!(matches("0 0 30 1 * 2030", 5), [at(2030, 1, 30, 0, 0)]);
        assert!(matches("0 0 1 1 * 2025", 5).is_empty());
        assert_eq!(matches("0 0 1 1 * 2020-2030/4", 5), [at(2028, 1, 1, 0, 0)]);
        let cron: Cron = "0 0 1 1 * 2000,2036".parse().unwrap();
        let from = at(1970, 1, 1, 0, 0);
        assert_eq!(cron.next(from, i64::MAX), Some(at(2000, 1, 1, 0, 0)));
        assert_eq!(cron.next(at(2036, 1, 1, 0, 1), i64::MAX), None);
    }

    #[test]
    fn rare_days_are_found_and_impossible_ones_given_up() {
        assert_eq!(
            matches("0 0 29 2 *", 2),
            [at(2028, 2, 29, 0, 0), at(2032, 2, 29, 0, 0)]
        );
        let cron: Cron = "0 0 29 2 *".parse().unwrap();
        let found = cron.next(at(2096, 3, 1, 0, 0), i64::MAX);
        assert_eq!(found, Some(at(2104, 2, 29, 0, 0)));
        assert!(matches("0 0 30 2 *", 1).is_empty());
    }

    #[test]
    fn a_match_at_the_end_of_the_range_is_outside() {
        let cron: Cron = "0 8 * * *".parse().unwrap();
        let eight = at(2026, 1, 1, 8, 0);
        assert_eq!(cron.next(eight, eight), None);
        assert_eq!(cron.next(eight, eight + 1), Some(eight));
        for from in [i64::MIN, i64::MIN / 60, i64::MAX / 60] {
            let _ = cron.next(from, i64::MAX);
        }
    }
}
