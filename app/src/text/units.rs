//! Numbers with their units.

/// The space between a number and its unit: narrow, and never a line break.
pub const NBSP: char = '\u{202f}';

/// A share of one in percent: `0.47` is `47 %`.
pub fn percent(share: f64) -> String {
    format!("{:.0}{NBSP}%", share * 100.0)
}

/// A whole number with thin spaces between its thousands.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push(NBSP);
        }
        out.push(digit);
    }
    out
}

/// A number with one decimal where that says something: below ten.
pub fn decimal(number: f64) -> String {
    let tenths = (number * 10.0).round();
    if number >= 10.0 || tenths % 10.0 == 0.0 {
        count(number.round().max(0.0) as u64)
    } else {
        format!("{number:.1}")
    }
}

/// Requests per second.
pub fn rate(per_second: f64) -> String {
    format!("{}{NBSP}req/s", decimal(per_second))
}

/// A span in milliseconds, in seconds from ten thousand on.
pub fn milliseconds(ms: f64) -> String {
    if ms >= 10_000.0 {
        format!("{:.1}{NBSP}s", ms / 1_000.0)
    } else {
        format!("{}{NBSP}ms", decimal(ms))
    }
}

/// A range with an en dash, or the one number that it is.
pub fn range(low: u32, high: u32) -> String {
    if low == high {
        low.to_string()
    } else {
        format!("{low}–{high}")
    }
}

/// `1 instance`, `3 instances`.
pub fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_reads_as_percent_with_a_thin_space() {
        assert_eq!(percent(0.468), "47\u{202f}%");
        assert_eq!(percent(2.2), "220\u{202f}%");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(count(7), "7");
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
    }

    #[test]
    fn small_numbers_keep_a_decimal_and_large_ones_do_not() {
        assert_eq!(decimal(0.0), "0");
        assert_eq!(decimal(0.42), "0.4");
        assert_eq!(decimal(5.04), "5");
        assert_eq!(decimal(41.7), "42");
    }

    #[test]
    fn a_range_of_one_is_one_number() {
        assert_eq!(range(2, 6), "2–6");
        assert_eq!(range(3, 3), "3");
    }

    #[test]
    fn one_of_a_thing_is_singular() {
        assert_eq!(plural(1, "instance", "instances"), "1 instance");
        assert_eq!(plural(0, "instance", "instances"), "0 instances");
    }

    #[test]
    fn long_latencies_are_in_seconds() {
        assert_eq!(milliseconds(4.2), "4.2\u{202f}ms");
        assert_eq!(milliseconds(12_500.0), "12.5\u{202f}s");
    }
}
