//! JSON merge patch (RFC 7396): absent keeps, `null` deletes, lists are replaced as a whole.

use serde_json::{Map, Value};

pub(super) fn merge(target: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (name, value) in patch {
        match value {
            Value::Null => _ = target.remove(&name),
            Value::Object(inner) => {
                let slot = target.entry(name).or_insert(Value::Null);
                if !slot.is_object() {
                    *slot = Value::Object(Map::new());
                }
                if let Value::Object(slot) = slot {
                    merge(slot, inner);
                }
            }
            other => _ = target.insert(name, other),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
    use serde_json::json;

    use super::*;

    #[test]
    fn absent_keeps_null_deletes_and_lists_are_replaced() {
        let mut target = json!({"a": 1, "b": {"c": 2, "d": 3}, "l": [1, 2], "t": "x"});
        let patch = json!({"b": {"c": null, "e": {"f": null, "g": 1}}, "l": [3], "t": {"u": 1}});
        merge(
            target.as_object_mut().unwrap(),
            patch.as_object().unwrap().clone(),
        );
        let expected = json!({"a": 1, "b": {"d": 3, "e": {"g": 1}}, "l": [3], "t": {"u": 1}});
        assert_eq!(target, expected);
    }
}
