//! The target of one metric in a policy's JSON. Whatever else the policy holds stays as it is, be it
//! known to this program or not.

use serde_json::{Map, Value, json};

const METRICS: &str = "customMetricUtilizations";

/// The `utilizationTarget` of a metric type, where the policy follows it by one.
pub fn metric_target<'p>(policy: &'p Value, metric: &str) -> Option<&'p Value> {
    let entries = policy.get(METRICS)?.as_array()?;
    let entry = entries.iter().find(|entry| entry["metric"] == metric)?;
    entry.get("utilizationTarget")
}

/// Follows a metric type by a target, or no longer follows it: `None`. A new entry is a gauge of each
/// instance; one that is there keeps its filter and type.
pub fn set_metric_target(policy: &mut Map<String, Value>, metric: &str, target: Option<Value>) {
    let mut entries = match policy.remove(METRICS) {
        Some(Value::Array(entries)) => entries,
        // What is no list is for validation to refuse, and not for us to repair.
        Some(other) => return drop(policy.insert(METRICS.to_owned(), other)),
        None => Vec::new(),
    };
    let at = entries.iter().position(|entry| entry["metric"] == metric);
    match (at, target) {
        (Some(at), Some(target)) => follow(&mut entries[at], target),
        (Some(at), None) => drop(entries.remove(at)),
        (None, Some(target)) => entries.push(json!({
            "metric": metric,
            "utilizationTarget": target,
            "utilizationTargetType": "GAUGE",
        })),
        (None, None) => {}
    }
    if !entries.is_empty() {
        policy.insert(METRICS.to_owned(), Value::Array(entries));
    }
}

/// A policy says either how much is to be kept, or how much one instance takes on.
fn follow(entry: &mut Value, target: Value) {
    if let Value::Object(entry) = entry {
        entry.remove("singleInstanceAssignment");
        entry.insert("utilizationTarget".to_owned(), target);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "custom.googleapis.com/ours";

    fn after(policy: &Value, target: Option<Value>) -> Value {
        let mut policy = policy.as_object().cloned().unwrap_or_default();
        set_metric_target(&mut policy, OURS, target);
        Value::Object(policy)
    }

    fn theirs() -> Value {
        json!({"metric": "custom.googleapis.com/theirs", "singleInstanceAssignment": 5, "new": 1})
    }

    #[test]
    fn a_metric_is_followed_changed_and_left_beside_others() {
        let policy = json!({"maxNumReplicas": 6, "customMetricUtilizations": [theirs()]});
        let followed = after(&policy, Some(json!(20)));
        let entry =
            json!({"metric": OURS, "utilizationTarget": 20, "utilizationTargetType": "GAUGE"});
        assert_eq!(
            followed["customMetricUtilizations"],
            json!([theirs(), entry])
        );
        assert_eq!(metric_target(&followed, OURS), Some(&json!(20)));
        let changed = after(&followed, Some(json!(30)));
        assert_eq!(metric_target(&changed, OURS), Some(&json!(30)));
        assert_eq!(after(&changed, None), policy);
    }

    #[test]
    fn the_last_metric_takes_the_list_with_it() {
        let policy = json!({"maxNumReplicas": 6});
        assert_eq!(after(&after(&policy, Some(json!(1))), None), policy);
        assert_eq!(after(&policy, None), policy);
    }

    #[test]
    fn an_entry_keeps_its_filter_and_gives_up_its_assignment() {
        let entry = json!({"metric": OURS, "filter": "metric.labels.a = \"b\"", "singleInstanceAssignment": 2});
        let policy = json!({"customMetricUtilizations": [entry]});
        let expected =
            json!({"metric": OURS, "filter": "metric.labels.a = \"b\"", "utilizationTarget": 3});
        assert_eq!(
            after(&policy, Some(json!(3)))["customMetricUtilizations"],
            json!([expected])
        );
    }

    #[test]
    fn what_is_no_list_stays_for_validation_to_refuse() {
        let policy = json!({"customMetricUtilizations": "many"});
        assert_eq!(after(&policy, Some(json!(3))), policy);
    }
}
