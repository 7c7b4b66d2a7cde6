//! Whatever stands in a policy, reading it ends with a value or with words.

use autoscaler::{Cron, MetricFilter, Policy, validate};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Every field that a policy may have somewhere.
const FIELDS: [&str; 24] = [
    "minNumReplicas",
    "maxNumReplicas",
    "mode",
    "coolDownPeriodSec",
    "stabilizationPeriodSec",
    "cpuUtilization",
    "loadBalancingUtilization",
    "customMetricUtilizations",
    "scalingSchedules",
    "scaleInControl",
    "utilizationTarget",
    "predictiveMethod",
    "metric",
    "filter",
    "singleInstanceAssignment",
    "utilizationTargetType",
    "minRequiredReplicas",
    "schedule",
    "durationSec",
    "timeZone",
    "disabled",
    "maxScaledInReplicas",
    "fixed",
    "timeWindowSec",
];

/// Values that are right somewhere, and some that are right nowhere.
fn leaves() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-10_i64..4000).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0.0_f64..1.5).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop_oneof![
            Just("ON"),
            Just("ONLY_UP"),
            Just("GAUGE"),
            Just("NONE"),
            Just("custom.googleapis.com/m"),
            Just("resource.type = \"global\""),
            Just("0 8 * * Mon-Fri"),
            Just("Europe/Berlin"),
        ]
        .prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ]
}

fn documents() -> impl Strategy<Value = Value> {
    let field = proptest::sample::select(FIELDS.to_vec());
    leaves().prop_recursive(4, 48, 8, move |inner| {
        let entries = proptest::collection::vec((field.clone(), inner.clone()), 0..8);
        let object = entries.prop_map(|entries| {
            let named = entries
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value));
            Value::Object(named.collect::<Map<_, _>>())
        });
        prop_oneof![
            3 => object,
            1 => proptest::collection::vec(inner, 0..6).prop_map(Value::Array),
        ]
    })
}

proptest! {
    #[test]
    fn any_document_is_a_policy_or_is_refused_with_words(document in documents()) {
        match validate(&document) {
            Ok(policy) => {
                let again = validate(&policy.to_value());
                prop_assert_eq!(again, Ok(policy));
            }
            Err(violations) => {
                prop_assert!(!violations.is_empty());
                for violation in violations {
                    prop_assert!(violation.field.starts_with("autoscalingPolicy"));
                    prop_assert!(violation.message.starts_with(&violation.field));
                    prop_assert!(violation.message.contains("it must be"));
                }
            }
        }
    }

    #[test]
    fn a_good_policy_with_one_odd_part_is_read_or_refused(
        field in proptest::sample::select(FIELDS[..10].to_vec()), value in documents(),
    ) {
        let mut document = json!({ "minNumReplicas": 1, "maxNumReplicas": 9 });
        document[field] = value;
        if let Ok(policy) = validate(&document) {
            prop_assert!(policy.min <= policy.max);
            prop_assert!(serde_json::from_value::<Policy>(policy.to_value()).is_ok());
        }
    }

    #[test]
    fn any_text_is_a_filter_or_has_a_place_where_it_is_not(
        text in prop_oneof![".{0,60}", r#"((metric|resource)\.(type|labels?\.[a-z]{1,3}) ?(=|!=) ?"[^"]{0,4}"( AND | OR |)){0,4}"#],
    ) {
        match text.parse::<MetricFilter>() {
            Ok(filter) => prop_assert_eq!(filter.as_str(), text),
            Err(error) => prop_assert!((1..=text.chars().count() + 1).contains(&error.at), "{error}"),
        }
    }

    #[test]
    fn any_text_is_a_cron_expression_or_is_refused(
        text in prop_oneof![".{0,40}", r"(([0-9]{1,4}|\*|[A-Z][a-z]{2})([-,/]([0-9]{1,4}|Sun))?[ ]){4,7}"],
    ) {
        if let Ok(cron) = text.parse::<Cron>() {
            prop_assert_eq!(cron.as_str(), &text);
            prop_assert_eq!(cron.to_string().parse::<Cron>(), Ok(cron));
        }
    }
}
