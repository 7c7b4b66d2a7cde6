//! Values of a body by their paths: keys joined by `/`, and `*` for every element of a list.

use serde_json::{Map, Value};

use crate::error::ApiError;

/// What is done with a value; an error ends the visit.
pub(crate) type Visit<'v> = &'v mut dyn FnMut(&mut Value) -> Result<(), ApiError>;

/// Visits every value at a path; what is absent is not visited.
pub(crate) fn each(
    body: &mut Map<String, Value>,
    path: &str,
    visit: Visit<'_>,
) -> Result<(), ApiError> {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    match (body.get_mut(first), rest.strip_prefix("*/"), rest) {
        (None | Some(Value::Null), ..) => Ok(()),
        (Some(value), _, "") => visit(value),
        (Some(Value::Array(elements)), None, "*") => elements.iter_mut().try_for_each(visit),
        (Some(Value::Array(elements)), Some(rest), _) => elements
            .iter_mut()
            .filter_map(Value::as_object_mut)
            .try_for_each(|element| each(element, rest, &mut *visit)),
        (Some(Value::Object(inner)), None, rest) => each(inner, rest, visit),
        _ => Ok(()),
    }
}

/// All values at a path.
pub(crate) fn all<'a>(body: &'a Map<String, Value>, path: &str) -> Vec<&'a Value> {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let Some(value) = body.get(first).filter(|value| !value.is_null()) else {
        return Vec::new();
    };
    match (value, rest.strip_prefix("*/"), rest) {
        (value, _, "") => vec![value],
        (Value::Array(elements), None, "*") => elements.iter().collect(),
        (Value::Array(elements), Some(rest), _) => elements
            .iter()
            .filter_map(Value::as_object)
            .flat_map(|element| all(element, rest))
            .collect(),
        (Value::Object(inner), None, rest) => all(inner, rest),
        _ => Vec::new(),
    }
}

/// Removes what is at a path of keys.
pub(crate) fn remove(body: &mut Map<String, Value>, path: &str) -> Option<Value> {
    match path.rsplit_once('/') {
        None => body.remove(path),
        Some((around, name)) => at_mut(body, around)?.as_object_mut()?.remove(name),
    }
}

/// Removes every field that is `null`, which means absent.
pub(crate) fn drop_nulls(body: &mut Map<String, Value>) {
    body.retain(|_, value| !value.is_null());
    for inner in body.values_mut().filter_map(Value::as_object_mut) {
        drop_nulls(inner);
    }
}

/// The value at a path of keys.
pub(crate) fn at<'a>(body: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let value = body.get(first)?;
    if rest.is_empty() {
        Some(value)
    } else {
        value.pointer(&format!("/{rest}"))
    }
}

/// The value at a path of keys, to be changed.
pub(crate) fn at_mut<'a>(body: &'a mut Map<String, Value>, path: &str) -> Option<&'a mut Value> {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let value = body.get_mut(first)?;
    if rest.is_empty() {
        Some(value)
    } else {
        value.pointer_mut(&format!("/{rest}"))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
    use serde_json::json;

    use super::*;

    fn body() -> Map<String, Value> {
        let body = json!({"l": [{"x": 1}, {"y": 2}, {"x": 3}], "o": {"p": [4, 5]}});
        body.as_object().unwrap().clone()
    }

    #[test]
    fn a_star_stands_for_every_element() {
        assert_eq!(all(&body(), "l/*/x"), [&json!(1), &json!(3)]);
        assert_eq!(all(&body(), "o/p/*"), [&json!(4), &json!(5)]);
        assert!(all(&body(), "o/q/*/r").is_empty());
    }

    #[test]
    fn every_value_can_be_changed_and_one_removed() {
        let mut changed = body();
        let double = &mut |value: &mut Value| {
            *value = json!(value.as_i64().unwrap() * 2);
            Ok(())
        };
        each(&mut changed, "l/*/x", double).unwrap();
        assert_eq!(all(&changed, "l/*/x"), [&json!(2), &json!(6)]);
        assert_eq!(remove(&mut changed, "o/p"), Some(json!([4, 5])));
        assert_eq!(at(&changed, "o"), Some(&json!({})));
    }
}
