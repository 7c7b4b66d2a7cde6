use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// A hash that two values share if and only if they mean the same, whatever the order of their keys
/// and the spelling of their numbers.
pub(crate) fn hash(value: &Value) -> String {
    let mut text = String::new();
    canonical(value, &mut text);
    let digest = Sha256::digest(text.as_bytes());
    // 128 bits: nobody finds two policies that share them.
    digest.iter().take(16).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            out.push('{');
            for key in keys {
                let _ = write!(out, "{}:", Value::from(key.as_str()));
                canonical(&map[key], out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                canonical(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Number(number) => {
            // Every integer that a policy may hold is exact as a float.
            let _ = write!(out, "{}", number.as_f64().unwrap_or_default());
        }
        other => {
            let _ = write!(out, "{other}");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_keys_and_the_spelling_of_numbers_do_not_matter() {
        let one: Value = json!({"min": 2, "cpu": {"target": 0.5, "method": "NONE"}});
        let other: Value = json!({"cpu": {"method": "NONE", "target": 0.50}, "min": 2.0});
        assert_eq!(hash(&one), hash(&other));
    }

    #[test]
    fn what_differs_hashes_differently() {
        let values = [
            json!({}),
            json!({"a": null}),
            json!({"a": 1}),
            json!({"a": "1"}),
            json!({"a": [1]}),
            json!({"a": [1, 1]}),
            json!({"a": {"b": 1}}),
            json!({"a:1,b": 1}),
        ];
        let mut hashes: Vec<String> = values.iter().map(hash).collect();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), values.len());
    }
}
