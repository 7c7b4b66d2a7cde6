//! Times on the cloud's clock, in milliseconds since the Unix epoch, and always shown in UTC.
//!
//! A calendar crate would be the heaviest thing the browser loads, for one conversion.

use super::units::NBSP;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

struct Civil {
    year: i64,
    month: i64,
    day: i64,
    ms_of_day: i64,
}

/// Howard Hinnant's `civil_from_days`: years begin in March, so that the leap day is the last one.
fn civil(at: i64) -> Civil {
    let days = at.div_euclid(DAY) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    Civil {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month,
        day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
        ms_of_day: at.rem_euclid(DAY),
    }
}

/// `2026-11-24T14:28:05Z`, for machines.
pub fn rfc3339(at: i64) -> String {
    let Civil {
        year, month, day, ..
    } = civil(at);
    format!("{year:04}-{month:02}-{day:02}T{}Z", clock(at))
}

/// `14:28:05`.
fn clock(at: i64) -> String {
    let ms = civil(at).ms_of_day;
    format!(
        "{:02}:{:02}:{:02}",
        ms / HOUR,
        ms / MINUTE % 60,
        ms / SECOND % 60
    )
}

/// `14:28:05 UTC`.
pub fn clock_time(at: i64) -> String {
    format!("{} UTC", clock(at))
}

/// `24 Nov 2026, 14:28:05 UTC`.
pub fn date_time(at: i64) -> String {
    let Civil {
        year, month, day, ..
    } = civil(at);
    let month = MONTHS[(month - 1).rem_euclid(12) as usize];
    format!("{day} {month} {year}, {}", clock_time(at))
}

/// A span in its largest whole unit: `45 s`, `4 min`, `3 h`, `12 d`.
pub fn duration(ms: i64) -> String {
    match ms.max(0) {
        ms if ms < MINUTE => format!("{}{NBSP}s", ms / SECOND),
        ms if ms < HOUR => format!("{}{NBSP}min", ms / MINUTE),
        ms if ms < 2 * DAY => format!("{}{NBSP}h", ms / HOUR),
        ms => format!("{}{NBSP}d", ms / DAY),
    }
}

/// How long ago `at` was: `just now`, `4 min ago`.
pub fn age(now: i64, at: i64) -> String {
    if now - at < 5 * SECOND {
        "just now".to_owned()
    } else {
        format!("{} ago", duration(now - at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_as_rfc_3339() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(1_795_530_485_999), "2026-11-24T14:28:05Z");
        assert_eq!(rfc3339(-1), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn people_read_the_day_and_the_zone() {
        assert_eq!(date_time(1_795_530_485_000), "24 Nov 2026, 14:28:05 UTC");
        assert_eq!(clock_time(1_795_530_485_000), "14:28:05 UTC");
    }

    #[test]
    fn a_span_is_shown_in_its_largest_unit() {
        assert_eq!(duration(59_999), "59\u{202f}s");
        assert_eq!(duration(4 * 60_000), "4\u{202f}min");
        assert_eq!(duration(47 * 3_600_000), "47\u{202f}h");
        assert_eq!(duration(12 * 86_400_000), "12\u{202f}d");
    }

    #[test]
    fn a_clock_that_runs_behind_makes_no_negative_age() {
        assert_eq!(age(1_000, 9_000), "just now");
        assert_eq!(age(70_000, 9_000), "1\u{202f}min ago");
    }
}
