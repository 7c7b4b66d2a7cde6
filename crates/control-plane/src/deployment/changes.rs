//! What differs between what is stated and what is there, field by field.

use serde_json::Value;

use super::matches::matches;
use crate::FieldChange;
use crate::json::text;

/// Every stated field that is otherwise, by its path. Lists of the same length are entered, items of
/// metadata are known by their keys, and long texts are told by their lines.
pub(super) fn changes(stated: &Value, actual: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare("", stated, actual, &mut changes);
    changes
}

fn compare(path: &str, stated: &Value, actual: &Value, out: &mut Vec<FieldChange>) {
    if matches(stated, actual) {
        return;
    }
    match (stated, actual) {
        (Value::Object(stated), Value::Object(_)) => {
            for (key, stated) in stated {
                compare(&below(path, key), stated, &actual[key], out);
            }
        }
        (Value::Array(stated), Value::Array(actual)) if is_metadata(stated) => {
            items(path, stated, actual, out);
        }
        (Value::Array(stated), Value::Array(actual)) if stated.len() == actual.len() => {
            for (index, (stated, actual)) in stated.iter().zip(actual).enumerate() {
                compare(&format!("{path}[{index}]"), stated, actual, out);
            }
        }
        (Value::String(stated), Value::String(actual))
            if stated.contains('\n') || actual.contains('\n') =>
        {
            lines(path, stated, actual, out);
        }
        _ => out.push(FieldChange {
            field: path.to_owned(),
            before: (!actual.is_null()).then(|| text(actual)),
            after: Some(text(stated)),
        }),
    }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() {
        return key.to_owned();
    }
    format!("{path}.{key}")
}

fn is_metadata(items: &[Value]) -> bool {
    !items.is_empty() && items.iter().all(|item| item.get("key").is_some())
}

/// `{"key": …, "value": …}`: the order says nothing.
fn items(path: &str, stated: &[Value], actual: &[Value], out: &mut Vec<FieldChange>) {
    let value = |items: &[Value], key: &Value| {
        let item = items.iter().find(|item| item["key"] == *key);
        item.map_or(Value::Null, |item| item["value"].clone())
    };
    let keys = stated.iter().chain(actual).map(|item| &item["key"]);
    let mut seen: Vec<&Value> = Vec::new();
    for key in keys {
        if seen.contains(&key) {
            continue;
        }
        seen.push(key);
        let (stated, actual) = (value(stated, key), value(actual, key));
        let path = below(path.trim_end_matches(".items"), &text(key));
        if stated.is_null() {
            out.push(FieldChange {
                field: path,
                before: Some(text(&actual)),
                after: None,
            });
        } else {
            compare(&path, &stated, &actual, out);
        }
    }
}

/// The lines that are in one text only, in pairs as they come: a reader of a plan looks for the one
/// that was changed.
fn lines(path: &str, stated: &str, actual: &str, out: &mut Vec<FieldChange>) {
    let only = |of: &str, other: &str| -> Vec<String> {
        let mut rest: Vec<&str> = other.lines().collect();
        let lines = of.lines().filter(|line| {
            let found = rest.iter().position(|other| other == line);
            found.map(|at| rest.remove(at)).is_none()
        });
        lines.map(|line| line.trim().to_owned()).collect()
    };
    let (old, new) = (only(actual, stated), only(stated, actual));
    if old.is_empty() && new.is_empty() {
        out.push(FieldChange {
            field: format!("{path} (the order of its lines)"),
            before: None,
            after: None,
        });
    }
    for at in 0..old.len().max(new.len()) {
        out.push(FieldChange {
            field: path.to_owned(),
            before: old.get(at).cloned(),
            after: new.get(at).cloned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(stated: &Value, actual: &Value) -> Vec<String> {
        changes(stated, actual)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_field_is_told_by_its_path_with_its_old_and_new_value() {
        let actual = json!({"a": {"b": 1, "c": 2}, "list": [{"x": 1}, {"x": 2}], "other": true});
        assert_eq!(told(&json!({"a": {"b": 2}}), &actual), ["a.b from 1 to 2"]);
        assert_eq!(
            told(&json!({"list": [{"x": 1}, {"x": 3}]}), &actual),
            ["list[1].x from 2 to 3"]
        );
        assert_eq!(
            told(&json!({"list": [{"x": 1}]}), &actual),
            [r#"list from [{"x":1},{"x":2}] to [{"x":1}]"#]
        );
        assert_eq!(told(&json!({"new": 5}), &actual), ["new to 5"]);
        assert_eq!(told(&json!({"a": {"c": 2}}), &actual), [""; 0]);
    }

    #[test]
    fn metadata_is_told_by_its_keys_and_a_long_text_by_its_lines() {
        let item = |key: &str, value: &str| json!({"key": key, "value": value});
        let actual = json!({"metadata": {"items": [item("gone", "x"), item("user-data", "one\n two=2\nthree\n")]}});
        let stated = json!({"metadata": {"items": [item("user-data", "one\n two=3\nthree\nfour\n"), item("new", "y")]}});
        assert_eq!(
            told(&stated, &actual),
            [
                "metadata.user-data from two=2 to two=3",
                "metadata.user-data to four",
                "metadata.new to y",
                "metadata.gone removed (was x)",
            ]
        );
    }
}
