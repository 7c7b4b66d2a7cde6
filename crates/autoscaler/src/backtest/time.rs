//! RFC 3339 in UTC, for files that people read and write.

use std::fmt;

use crate::Timestamp;
use crate::calendar::Date;

const DAY_MS: i64 = 86_400_000;

/// Displays an instant as `2026-11-25T14:28:00Z`, with milliseconds where there are any.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rfc3339(pub(crate) Timestamp);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, ms) = (self.0.0.div_euclid(DAY_MS), self.0.0.rem_euclid(DAY_MS));
        let Date { year, month, day } = Date::of_day(days);
        let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        if ms % 1000 != 0 {
            write!(f, ".{:03}", ms % 1000)?;
        }
        f.write_str("Z")
    }
}

/// Reads `2026-11-25T14:28:00Z`, also with a fraction of a second; `None` for anything else.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix(['Z', 'z'])?;
    let (date, clock) = text.split_once(['T', 't', ' '])?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days_until(year, month, day)?;
    let ms = milliseconds(fraction)?;
    Some(Timestamp(
        days * DAY_MS + (hour * 3600 + minute * 60 + second) * 1000 + ms,
    ))
}

fn numbers(text: &str, separator: char, widths: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let mut number = |width: usize| {
        let part = parts.next().filter(|part| part.len() == width)?;
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse().ok().filter(|_| digits)
    };
    let found = [number(widths[0])?, number(widths[1])?, number(widths[2])?];
    parts.next().is_none().then_some(found)
}

fn milliseconds(fraction: &str) -> Option<i64> {
    let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths: String = fraction.chars().chain("00".chars()).take(3).collect();
    thousandths
        .parse()
        .ok()
        .filter(|_| digits && !fraction.is_empty())
}

/// The days since the epoch; `None` for a date that the calendar lacks.
fn days_until(year: i64, month: i64, day: i64) -> Option<i64> {
    let date = Date {
        year,
        month: u32::try_from(month).ok()?,
        day: u32::try_from(day).ok()?,
    };
    let days = date.day_number();
    // The 31st of a short month comes back as another date.
    ((1..=12).contains(&month) && Date::of_day(days) == date).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_as_they_are_written() {
        let known = [
            (1_795_530_480_000, "2026-11-24T14:28:00Z"),
            (951_782_400_123, "2000-02-29T00:00:00.123Z"),
            (0, "1970-01-01T00:00:00Z"),
            (-1000, "1969-12-31T23:59:59Z"),
        ];
        for (ms, text) in known {
            assert_eq!(Rfc3339(Timestamp(ms)).to_string(), text);
            assert_eq!(parse(text), Some(Timestamp(ms)), "{text}");
        }
    }

    #[test]
    fn fractions_are_cut_to_milliseconds() {
        assert_eq!(parse("1970-01-01T00:00:00.5Z"), Some(Timestamp(500)));
        assert_eq!(parse("1970-01-01 00:00:00.123999z"), Some(Timestamp(123)));
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        let wrong = [
            "",
            "yesterday",
            "2026-11-24",
            "2026-11-24T14:28:00",
            "2026-11-24T14:28:00+01:00",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-11-31T00:00:00Z",
            "2026-11-24T24:00:00Z",
            "2026-11-24T14:60:00Z",
            "+026-11-24T14:28:00Z",
            "2026-11-24T14:28:00.Z",
        ];
        for text in wrong {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
