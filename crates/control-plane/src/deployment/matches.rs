use serde_json::Value;

use crate::url::is_same;

/// Whether what exists is as stated. Fields that are not stated may be anything: Google fills in
/// defaults, and other tools set what they need. A URL is the same in every spelling.
pub(super) fn matches(stated: &Value, actual: &Value) -> bool {
    match (stated, actual) {
        (Value::Object(stated), Value::Object(actual)) => stated.iter().all(|(key, stated)| {
            actual
                .get(key)
                .is_some_and(|actual| matches(stated, actual))
        }),
        (Value::Array(stated), Value::Array(actual)) => {
            stated.len() == actual.len()
                && stated
                    .iter()
                    .zip(actual)
                    .all(|(stated, actual)| matches(stated, actual))
        }
        (Value::Number(stated), Value::Number(actual)) => stated.as_f64() == actual.as_f64(),
        (Value::String(stated), Value::String(actual)) => {
            stated == actual || (is_reference(stated) && is_same(stated, actual))
        }
        _ => stated == actual,
    }
}

/// Whether a text can name a resource. A script may hold the path of one, and is none.
pub(super) fn is_reference(text: &str) -> bool {
    text.contains('/') && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_stated_may_be_anything() {
        let actual = json!({"port": 5000, "proxyHeader": "NONE", "nested": {"a": 1, "b": 2}});
        assert!(matches(
            &json!({"port": 5000.0, "nested": {"a": 1}}),
            &actual
        ));
        assert!(!matches(&json!({"port": 80}), &actual));
        assert!(!matches(&json!({"host": "a"}), &actual));
    }

    #[test]
    fn a_list_is_as_stated_as_a_whole() {
        assert!(matches(&json!([{"a": 1}]), &json!([{"a": 1, "b": 2}])));
        assert!(!matches(&json!([{"a": 1}]), &json!([{"a": 1}, {"a": 2}])));
    }

    #[test]
    fn a_reference_is_the_same_in_every_spelling() {
        let stated = json!("https://www.googleapis.com/compute/v1/projects/p/global/urlMaps/m");
        assert!(matches(&stated, &json!("projects/p/global/urlMaps/m")));
        assert!(!matches(&stated, &json!("projects/p/global/urlMaps/n")));
        assert!(!matches(&json!("/health"), &json!("/healthz")));
    }

    #[test]
    fn a_script_that_holds_a_path_is_compared_as_a_whole() {
        let script = |first: &str| json!(format!("{first}\ncurl projects/p/secrets/s"));
        assert!(matches(&script("a"), &script("a")));
        assert!(!matches(&script("a"), &script("b")));
    }
}
