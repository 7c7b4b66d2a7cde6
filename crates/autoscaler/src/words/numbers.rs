//! Numbers and spans as people write them.

use std::time::Duration;

/// `1 instance`, `3 instances`.
pub(crate) fn counted(count: u32, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// `last 10 minutes`, `last hour`.
pub(super) fn last(period: Duration) -> String {
    let span = span(period);
    format!("last {}", span.strip_prefix("1 ").unwrap_or(&span))
}

/// `10 minutes`, `90 seconds`, `1 hour`: the largest unit that gives a whole number.
pub(crate) fn span(duration: Duration) -> String {
    let seconds = u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
    match seconds {
        0 => "0 seconds".to_owned(),
        hours if hours % 3600 == 0 => counted(hours / 3600, "hour"),
        minutes if minutes % 60 == 0 => counted(minutes / 60, "minute"),
        seconds => counted(seconds, "second"),
    }
}

/// `50 %`, or `12.5 %` where a whole number would say something else.
pub(crate) fn percent(fraction: f64) -> String {
    let tenths = (fraction * 1000.0).round();
    if tenths % 10.0 == 0.0 {
        format!("{} %", tenths / 10.0)
    } else {
        format!("{:.1} %", tenths / 10.0)
    }
}

/// A measured value in whole percent, unless that would make it look like its target.
pub(crate) fn measured_percent(value: f64, target: f64) -> String {
    let whole = (value * 100.0).round();
    if value != target && whole == (target * 100.0).round() {
        return percent(value);
    }
    format!("{whole} %")
}

/// A measured number with three digits that count: `1234`, `12.3`, `0.0456`.
pub(crate) fn number(value: f64) -> String {
    if value == 0.0 || value.abs() >= 100.0 {
        return format!("{}", value.round());
    }
    let decimals = (2 - value.abs().log10().floor() as i32).clamp(0, 9) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_keep_three_digits() {
        for (value, words) in [
            (0.0, "0"),
            (1234.4, "1234"),
            (100.0, "100"),
            (99.96, "100"),
            (12.345, "12.3"),
            (5.0, "5"),
            (0.5, "0.5"),
            (0.045_67, "0.0457"),
            (1e-12, "0"),
        ] {
            assert_eq!(number(value), words, "{value}");
        }
    }
}
