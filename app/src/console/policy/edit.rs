//! From what was typed to a policy that can be judged.

use autoscaler::{Policy, set_metric_target};
use serde_json::{Map, Value, json};

use crate::OwnMetric;

use super::{Field, Fields, fields::OFF};

/// The problems of what was typed: by field, and those that belong to no field of the form.
///
/// A field that is no number keeps its old value while the others are judged, so that one typing
/// error does not hide the next.
pub(super) fn problems(
    policy: &Value,
    current: &Fields,
    typed: &Fields,
) -> (Vec<(Field, String)>, Vec<String>) {
    let crossed = crossed_bounds(current, typed);
    let (candidate, unread) = written(policy, current, typed);
    let mut errors: Vec<_> = crossed.iter().cloned().chain(unread).collect();
    let mut others = Vec::new();
    for violation in autoscaler::validate(&Value::Object(candidate.clone()))
        .err()
        .unwrap_or_default()
    {
        match place(&candidate, &violation.field) {
            Some(Field::Minimum | Field::Maximum) if crossed.is_some() => {}
            Some(field) if errors.iter().any(|(known, _)| *known == field) => {}
            Some(field) => errors.push((field, violation.message)),
            None => others.push(violation.message),
        }
    }
    (errors, others)
}

/// The field that a violation is about. Validation counts the entries of a list.
fn place(candidate: &Map<String, Value>, path: &str) -> Option<Field> {
    let path = path.strip_prefix("autoscalingPolicy.").unwrap_or(path);
    let Some((list, rest)) = path.split_once('[') else {
        return Field::of_pointer(path);
    };
    let (index, rest) = rest.split_once(']')?;
    let metric = &candidate.get(list)?[index.parse::<usize>().ok()?]["metric"];
    Field::of_pointer(&format!("{list}[{}]{rest}", metric.as_str()?))
}

/// The policy that was typed, if it is one.
pub(super) fn candidate(policy: &Value, current: &Fields, typed: &Fields) -> Option<Policy> {
    let (candidate, unread) = written(policy, current, typed);
    if unread.is_empty() {
        autoscaler::validate(&Value::Object(candidate)).ok()
    } else {
        None
    }
}

/// The policy with what was typed written over it, and the fields that hold no value at all.
fn written(
    policy: &Value,
    current: &Fields,
    typed: &Fields,
) -> (Map<String, Value>, Vec<(Field, String)>) {
    let mut candidate = policy.as_object().cloned().unwrap_or_default();
    let mut unread = Vec::new();
    for field in Field::ALL {
        let text = typed.get(field).trim();
        if text == current.get(field) {
            continue;
        }
        match value(field, text) {
            Ok(value) => put(&mut candidate, field, value),
            Err(message) => unread.push((field, message)),
        }
    }
    (candidate, unread)
}

/// A minimum above the maximum, told at the bound that was changed, which need not be the one that
/// validation would name.
fn crossed_bounds(current: &Fields, typed: &Fields) -> Option<(Field, String)> {
    let min: i64 = typed.min.trim().parse().ok()?;
    let max: i64 = typed.max.trim().parse().ok()?;
    if min <= max {
        return None;
    }
    Some(if typed.max.trim() == current.max {
        let message = format!("Minimum is {min}; it has to be at most the maximum, {max}.");
        (Field::Minimum, message)
    } else {
        let message = format!("Maximum is {max}; it has to be at least the minimum, {min}.");
        (Field::Maximum, message)
    })
}

/// The value of a field in Google's policy, or a sentence that says what it has to be; `null` for a
/// metric that is not followed.
pub(super) fn value(field: Field, text: &str) -> Result<Value, String> {
    match field {
        Field::Mode => Ok(json!(text)),
        Field::Own(_) if text.is_empty() || text.eq_ignore_ascii_case(OFF) => Ok(Value::Null),
        Field::Own(metric) => positive(text)
            .map(|number| match metric {
                OwnMetric::Memory => json!(number / 100.0),
                _ => json!(number),
            })
            .ok_or_else(|| {
                format!(
                    "{} is “{text}”; it has to be a number above 0, or empty.",
                    field.label()
                )
            }),
        Field::CpuTarget => text
            .parse()
            .ok()
            .filter(|percent: &f64| percent.is_finite())
            .map(|percent| json!(percent / 100.0))
            .ok_or_else(|| format!("CPU target is “{text}”; it has to be a number from 1 to 100.")),
        _ => text.parse::<i64>().map(|whole| json!(whole)).map_err(|_| {
            format!(
                "{} is “{text}”; it has to be a whole number.",
                field.label()
            )
        }),
    }
}

fn positive(text: &str) -> Option<f64> {
    text.parse()
        .ok()
        .filter(|number: &f64| number.is_finite() && *number > 0.0)
}

fn put(policy: &mut Map<String, Value>, field: Field, value: Value) {
    if let Field::Own(metric) = field {
        let target = Some(value).filter(|value| !value.is_null());
        return set_metric_target(policy, metric.metric_type(), target);
    }
    let pointer = field.pointer();
    match pointer.split_once('.') {
        None => {
            policy.insert(pointer, value);
        }
        Some((parent, child)) => {
            let parent = policy.entry(parent).or_insert_with(|| json!({}));
            if let Some(parent) = parent.as_object_mut() {
                parent.insert(child.to_owned(), value);
            }
        }
    }
}
