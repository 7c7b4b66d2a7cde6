use std::collections::BTreeMap;

use autoscaler::{metric_target, set_metric_target, validate};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::json::same;

/// What a form wants to change: only the fields it edits, `None` for those it leaves alone.
///
/// Values are JSON and not numbers, so that what a person typed reaches the validation that names
/// the field, the value and the allowed range: see [`PolicyEdit::typed`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyEdit {
    /// `ON`, `OFF` or `ONLY_SCALE_OUT`.
    pub mode: Option<String>,
    /// `minNumReplicas`
    pub min: Option<Value>,
    /// `maxNumReplicas`
    pub max: Option<Value>,
    /// `cpuUtilization.utilizationTarget`, a fraction.
    pub cpu_target: Option<Value>,
    /// `coolDownPeriodSec`
    pub initialization_s: Option<Value>,
    /// `stabilizationPeriodSec`
    pub stabilization_s: Option<Value>,
    /// The `utilizationTarget` of metric types, `null` for one that is not to be followed any more.
    pub metrics: BTreeMap<String, Value>,
}

/// The fields that a form edits, as paths below the policy.
const EDITABLE: [&[&str]; 6] = [
    &["mode"],
    &["minNumReplicas"],
    &["maxNumReplicas"],
    &["cpuUtilization", "utilizationTarget"],
    &["coolDownPeriodSec"],
    &["stabilizationPeriodSec"],
];

impl PolicyEdit {
    /// The value that somebody typed: a number if it reads as one, else the text, which validation
    /// will refuse with its own sentence.
    pub fn typed(text: &str) -> Value {
        let text = text.trim();
        if let Ok(whole) = text.parse::<i64>() {
            return whole.into();
        }
        let number = text
            .parse::<f64>()
            .ok()
            .and_then(serde_json::Number::from_f64);
        number.map_or_else(|| text.into(), Value::Number)
    }

    /// The policy with this edit in it; everything else, known to us or not, stays as it is.
    ///
    /// A value that is in force already, if only as a default, is not written: a form shows all its
    /// fields, and sending it must not turn defaults into settings.
    pub fn applied_to(&self, policy: &Value) -> Value {
        let in_force = validate(policy).map_or_else(|_| policy.clone(), |known| known.to_value());
        let mut edited = policy.clone();
        for (path, wanted) in EDITABLE.iter().zip(self.values()) {
            let Some(wanted) = wanted else { continue };
            let is_in_force = at(&in_force, path).is_some_and(|now| same(now, &wanted));
            if !is_in_force {
                set(&mut edited, path, wanted);
            }
        }
        for (metric, wanted) in &self.metrics {
            let now = metric_target(policy, metric);
            let is_in_force = now.is_some_and(|now| same(now, wanted));
            if let Value::Object(edited) = &mut edited
                && !is_in_force
            {
                let wanted = Some(wanted).filter(|wanted| !wanted.is_null());
                set_metric_target(edited, metric, wanted.cloned());
            }
        }
        edited
    }

    /// Only the fields that a form edits.
    pub(crate) fn editable_part(policy: &Value) -> Value {
        let mut part = Value::Object(Map::new());
        for path in EDITABLE {
            if let Some(value) = at(policy, path) {
                set(&mut part, path, value.clone());
            }
        }
        let metrics = ["customMetricUtilizations"];
        if let Some(value) = at(policy, &metrics) {
            set(&mut part, &metrics, value.clone());
        }
        part
    }

    /// In the order of [`EDITABLE`].
    fn values(&self) -> [Option<Value>; EDITABLE.len()] {
        let Self {
            mode,
            min,
            max,
            cpu_target,
            initialization_s,
            stabilization_s,
            metrics: _,
        } = self.clone();
        [
            mode.map(Value::String),
            min,
            max,
            cpu_target,
            initialization_s,
            stabilization_s,
        ]
    }
}

fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, key| value.get(key))
}

/// Sets a field, making the objects on the way to it.
fn set(value: &mut Value, path: &[&str], wanted: Value) {
    let Some((key, rest)) = path.split_first() else {
        *value = wanted;
        return;
    };
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    if let Value::Object(map) = value {
        set(map.entry(*key).or_insert(Value::Null), rest, wanted);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_typed_becomes_a_number_if_it_is_one() {
        for (text, value) in [
            (" 3 ", json!(3)),
            ("0.5", json!(0.5)),
            ("-1", json!(-1)),
            ("", json!("")),
            ("three", json!("three")),
            ("NaN", json!("NaN")),
        ] {
            assert_eq!(PolicyEdit::typed(text), value, "{text}");
        }
    }

    #[test]
    fn only_what_differs_from_what_is_in_force_is_written() {
        let policy = json!({"minNumReplicas": 2, "maxNumReplicas": 6, "future": {"knob": 1}});
        let edit = PolicyEdit {
            mode: Some("ON".to_owned()),
            min: Some(json!(3)),
            max: Some(json!(6.0)),
            cpu_target: Some(json!(0.6)),
            initialization_s: Some(json!(60)),
            stabilization_s: Some(json!(600)),
            ..PolicyEdit::default()
        };
        let expected = json!({"minNumReplicas": 3, "maxNumReplicas": 6, "future": {"knob": 1}});
        assert_eq!(edit.applied_to(&policy), expected);
    }

    #[test]
    fn a_field_inside_an_object_leaves_its_neighbours_alone() {
        let policy = json!({
            "maxNumReplicas": 6,
            "cpuUtilization": {"utilizationTarget": 0.5, "predictiveMethod": "OPTIMIZE_AVAILABILITY"},
        });
        let edit = PolicyEdit {
            cpu_target: Some(json!(0.7)),
            ..PolicyEdit::default()
        };
        let cpu = &edit.applied_to(&policy)["cpuUtilization"];
        let expected =
            json!({"utilizationTarget": 0.7, "predictiveMethod": "OPTIMIZE_AVAILABILITY"});
        assert_eq!(*cpu, expected);
    }

    #[test]
    fn a_metric_that_is_followed_as_typed_already_is_not_written() {
        let edit = |target: Value| PolicyEdit {
            metrics: BTreeMap::from([("custom.googleapis.com/a".to_owned(), target)]),
            ..PolicyEdit::default()
        };
        let policy = json!({"maxNumReplicas": 6});
        assert_eq!(edit(Value::Null).applied_to(&policy), policy);
        let followed = edit(json!(20)).applied_to(&policy);
        assert_eq!(
            followed["customMetricUtilizations"][0]["utilizationTarget"],
            json!(20)
        );
        assert_eq!(edit(json!(20.0)).applied_to(&followed), followed);
        assert_eq!(edit(Value::Null).applied_to(&followed), policy);
    }

    #[test]
    fn an_old_name_of_a_mode_is_not_a_change() {
        let policy = json!({"maxNumReplicas": 6, "mode": "ONLY_UP"});
        let edit = PolicyEdit {
            mode: Some("ONLY_SCALE_OUT".to_owned()),
            ..PolicyEdit::default()
        };
        assert_eq!(edit.applied_to(&policy), policy);
    }
}
