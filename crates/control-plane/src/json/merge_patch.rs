use serde_json::{Map, Value};

use super::same;

/// The JSON merge patch (RFC 7396) that makes `after` of `before`: only what differs, `null` for what
/// goes. `None` if nothing differs.
pub(crate) fn merge_patch(before: &Value, after: &Value) -> Option<Value> {
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return (!same(before, after)).then(|| after.clone());
    };
    let mut patch = Map::new();
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, after) in after {
        let difference = match before.get(key) {
            Some(before) => merge_patch(before, after),
            None => Some(after.clone()),
        };
        if let Some(difference) = difference {
            patch.insert(key.clone(), difference);
        }
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

/// What a merge patch makes of a value: RFC 7396's own algorithm.
pub(crate) fn merged(target: &Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else {
        return patch.clone();
    };
    let mut target = target.as_object().cloned().unwrap_or_default();
    for (key, change) in patch {
        if change.is_null() {
            target.remove(key);
        } else {
            let old = target.get(key).cloned().unwrap_or_default();
            target.insert(key.clone(), merged(&old, change));
        }
    }
    Value::Object(target)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_in_the_patch() {
        let before = json!({"min": 2, "max": 6, "cpu": {"target": 0.5, "future": [1]}, "old": 1});
        let after = json!({"min": 3, "max": 6, "cpu": {"target": 0.6, "future": [1]}});
        assert_eq!(
            merge_patch(&before, &after),
            Some(json!({"min": 3, "cpu": {"target": 0.6}, "old": null}))
        );
        assert_eq!(merge_patch(&before, &before), None);
    }

    /// Objects without `null`, which a merge patch cannot express and Google never sends.
    fn object() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-z]{0,3}".prop_map(Value::from),
            prop::collection::vec(0..3, 0..3).prop_map(|items| json!(items)),
        ];
        let value = leaf.prop_recursive(3, 16, 3, |inner| {
            prop::collection::btree_map("[abc]", inner, 0..3).prop_map(|map| json!(map))
        });
        prop::collection::btree_map("[abcd]", value, 0..4).prop_map(|map| json!(map))
    }

    proptest! {
        #[test]
        fn applying_the_patch_gives_the_other_value(before in object(), after in object()) {
            let patched = match merge_patch(&before, &after) {
                Some(patch) => merged(&before, &patch),
                None => before,
            };
            prop_assert_eq!(patched, after);
        }
    }
}
