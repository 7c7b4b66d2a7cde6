//! What a field may hold: a reader, and the words for what it accepts.

use std::ops::RangeInclusive;

use serde_json::Value;

type Read<'a, T> = Box<dyn Fn(&Value) -> Option<T> + 'a>;

/// What a field must be, in words that complete "it must be", and how to read it.
pub(super) struct Rule<'a, T> {
    pub(super) expectation: String,
    pub(super) read: Read<'a, T>,
}

impl<'a, T> Rule<'a, T> {
    pub(super) fn new(
        expectation: impl Into<String>,
        read: impl Fn(&Value) -> Option<T> + 'a,
    ) -> Self {
        Self {
            expectation: expectation.into(),
            read: Box::new(read),
        }
    }
}

/// A whole number of the range; `6.0` counts, since some clients have only one number type.
pub(super) fn integer(range: RangeInclusive<i64>) -> Rule<'static, i64> {
    let expectation = match (*range.start(), *range.end()) {
        (start, end) if end == i64::from(i32::MAX) => format!("a whole number of at least {start}"),
        (start, end) => format!("a whole number from {start} to {end}"),
    };
    Rule::new(expectation, move |value| {
        whole(value).filter(|number| range.contains(number))
    })
}

/// [`integer`] for a number of instances.
pub(super) fn count(range: RangeInclusive<i64>) -> Rule<'static, u32> {
    let Rule { expectation, read } = integer(range);
    Rule::new(expectation, move |value| {
        read(value).and_then(|number| u32::try_from(number).ok())
    })
}

pub(super) fn fraction() -> Rule<'static, f64> {
    Rule::new("a number above 0 and at most 1", |value| {
        value
            .as_f64()
            .filter(|number| *number > 0.0 && *number <= 1.0)
    })
}

pub(super) fn positive() -> Rule<'static, f64> {
    Rule::new("a number above 0", |value| {
        value
            .as_f64()
            .filter(|number| number.is_finite() && *number > 0.0)
    })
}

pub(super) fn boolean() -> Rule<'static, bool> {
    Rule::new("true or false", Value::as_bool)
}

pub(super) fn text() -> Rule<'static, String> {
    Rule::new("a text", |value| value.as_str().map(str::to_owned))
}

pub(super) fn choice<'a, T: Copy>(
    expectation: &str,
    choices: &'a [(&'static str, T)],
) -> Rule<'a, T> {
    Rule::new(expectation, move |value| {
        let name = value.as_str()?;
        choices
            .iter()
            .find(|(choice, _)| *choice == name)
            .map(|(_, meaning)| *meaning)
    })
}

fn whole(value: &Value) -> Option<i64> {
    let float = || {
        value
            .as_f64()
            .filter(|number| number.fract() == 0.0 && number.abs() < 1e15)
    };
    value
        .as_i64()
        .or_else(|| float().map(|number| number as i64))
}
