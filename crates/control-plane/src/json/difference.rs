use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::same;
use crate::FieldChange;

/// Every field that differs, by its path; objects are entered, arrays are compared as a whole. What a
/// policy has of a metric is found by the metric, wherever in the list it stands:
/// `customMetricUtilizations[custom.googleapis.com/queue].utilizationTarget`.
pub(crate) fn changes(before: &Value, after: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare("", Some(before), Some(after), &mut changes);
    changes
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, out: &mut Vec<FieldChange>) {
    if before
        .zip(after)
        .is_some_and(|(before, after)| same(before, after))
    {
        return;
    }
    if let Some((before, after)) = by_metric(before, after) {
        let metrics: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
        for metric in metrics {
            let path = format!("{path}[{metric}]");
            compare(&path, before.get(metric), after.get(metric), out);
        }
        return;
    }
    let fields = |value: Option<&Value>| value.and_then(Value::as_object).cloned();
    match (fields(before), fields(after)) {
        (None, None) => out.push(FieldChange {
            field: path.to_owned(),
            before: before.map(text),
            after: after.map(text),
        }),
        (before, after) => {
            let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
            let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for key in keys {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                compare(&path, before.get(key), after.get(key), out);
            }
        }
    }
}

type ByMetric<'v> = BTreeMap<&'v str, Value>;

/// Two lists of metrics, each entry under its metric and without it; `None` for anything else.
fn by_metric<'v>(
    before: Option<&'v Value>,
    after: Option<&'v Value>,
) -> Option<(ByMetric<'v>, ByMetric<'v>)> {
    let is_list = |value: Option<&Value>| value.is_some_and(Value::is_array);
    let entries = |list: Option<&'v Value>| -> Option<ByMetric<'v>> {
        let items = list
            .into_iter()
            .filter_map(|list| list.as_array())
            .flatten();
        items
            .map(|item| {
                let mut rest = item.as_object()?.clone();
                rest.remove("metric");
                // It is what a target is of where nothing is said.
                rest.retain(|field, value| field != "utilizationTargetType" || value != "GAUGE");
                Some((item["metric"].as_str()?, Value::Object(rest)))
            })
            .collect()
    };
    let one_is_a_list = is_list(before) || is_list(after);
    let each_is_one = before.is_none_or(Value::is_array) && after.is_none_or(Value::is_array);
    if one_is_a_list && each_is_one {
        entries(before).zip(entries(after))
    } else {
        None
    }
}

/// A value as people read it: strings without quotes, whole numbers without a fraction.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_f64().unwrap_or_default().to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(before: &Value, after: &Value) -> Vec<String> {
        changes(before, after)
            .iter()
            .map(|change| format!("{}: {change}", change.field))
            .collect()
    }

    #[test]
    fn each_field_is_told_by_its_path() {
        let before = json!({"minNumReplicas": 2, "cpuUtilization": {"utilizationTarget": 0.5}});
        let after = json!({"minNumReplicas": 3, "cpuUtilization": {"utilizationTarget": 0.6}});
        assert_eq!(
            told(&before, &after),
            [
                "cpuUtilization.utilizationTarget: CPU target from 0.5 to 0.6",
                "minNumReplicas: minimum from 2 to 3",
            ]
        );
    }

    #[test]
    fn a_metric_is_the_same_wherever_in_the_list_it_stands() {
        let entry =
            |metric: &str, target: u32| json!({"metric": metric, "utilizationTarget": target});
        let before = json!({"customMetricUtilizations": [entry("c/a", 1), entry("c/b", 2)]});
        let after = json!({"customMetricUtilizations": [entry("c/b", 3), entry("c/a", 1)]});
        assert_eq!(
            told(&before, &after),
            ["customMetricUtilizations[c/b].utilizationTarget: target of b from 2 to 3"]
        );
        assert_eq!(
            told(
                &json!({}),
                &json!({"customMetricUtilizations": [entry("c/a", 1)]})
            ),
            ["customMetricUtilizations[c/a].utilizationTarget: target of a to 1"]
        );
        assert_eq!(
            told(&json!({"list": [1]}), &json!({"list": [2]})),
            ["list: list from [1] to [2]"]
        );
    }

    #[test]
    fn what_comes_and_goes_is_told_by_its_leaves() {
        let with = json!({"scaleInControl": {"timeWindowSec": 600}});
        assert_eq!(
            told(&json!({}), &with),
            ["scaleInControl.timeWindowSec: scale-in window to 600"]
        );
        assert_eq!(
            told(&with, &json!({})),
            ["scaleInControl.timeWindowSec: scale-in window removed (was 600)"]
        );
    }

    #[test]
    fn a_number_spelt_otherwise_is_no_change() {
        assert_eq!(told(&json!({"min": 2}), &json!({"min": 2.0})), [""; 0]);
    }
}
