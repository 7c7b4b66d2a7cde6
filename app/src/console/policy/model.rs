//! The form, and what it says about what was typed.

use autoscaler::Policy;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Field, Fields, edit};

/// The form of one group's policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyForm {
    /// `zone/name` or `region/name`.
    pub group: String,
    /// The group's page, where the form leads without a script.
    pub path: String,
    /// The page's other choices, kept through the form.
    pub window: String,
    /// Hash of the policy that the form was drawn from.
    pub base: String,
    /// The policy as the cloud has it, with what the form does not show.
    pub policy: Value,
    /// The policy's values.
    pub current: Fields,
    /// What was typed; the current values at first.
    pub typed: Fields,
    /// Whether somebody asked what would change.
    pub review: bool,
    /// Whether the policy was changed since that somebody saw it: then nothing is applied before
    /// the new values were looked at.
    pub overtaken: bool,
    /// Whether whoever looks may change the policy.
    pub may_edit: bool,
}

/// What the form says about what was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// What is wrong, a sentence a field.
    pub errors: Vec<(Field, String)>,
    /// What is wrong with the policy as a whole.
    pub others: Vec<String>,
    /// What would change.
    pub changes: Vec<Change>,
}

/// A field whose value would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which field.
    pub field: Field,
    /// What was typed into it.
    pub typed: String,
    /// The value before, with its unit.
    pub before: String,
    /// The value after, with its unit.
    pub after: String,
}

impl Check {
    /// What is wrong with `field`.
    pub fn error(&self, field: Field) -> Option<String> {
        self.errors
            .iter()
            .find(|(wrong, _)| *wrong == field)
            .map(|(_, text)| text.clone())
    }

    /// Whether the typed values may be applied.
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty() && self.others.is_empty()
    }

    /// Whether there is something to apply, and it may be.
    pub fn is_applicable(&self) -> bool {
        self.is_valid() && !self.changes.is_empty()
    }
}

impl PolicyForm {
    /// The policy as it is, if the decision engine can read it.
    pub fn present(&self) -> Option<Policy> {
        autoscaler::validate(&self.policy).ok()
    }

    /// The policy that was typed, if it is one.
    pub fn candidate(&self, typed: &Fields) -> Option<Policy> {
        edit::candidate(&self.policy, &self.current, typed)
    }

    /// Judges `typed` by the rules that the cloud will judge it by.
    pub fn check(&self, typed: &Fields) -> Check {
        let changes = Field::ALL
            .into_iter()
            .filter(|field| typed.get(*field).trim() != self.current.get(*field))
            .map(|field| Change {
                field,
                typed: typed.posted(field),
                before: field.show(self.current.get(field)),
                after: field.show(typed.get(field).trim()),
            })
            .collect();
        let (errors, others) = edit::problems(&self.policy, &self.current, typed);
        Check {
            errors,
            others,
            changes,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use serde_json::json;

    use super::*;
    use crate::OwnMetric;

    fn form() -> PolicyForm {
        let policy = json!({
            "minNumReplicas": 2,
            "maxNumReplicas": 6,
            "mode": "ON",
            "coolDownPeriodSec": 60,
            "stabilizationPeriodSec": 600,
            "cpuUtilization": { "utilizationTarget": 0.5 },
        });
        let current = Fields::of(&autoscaler::validate(&policy).unwrap());
        PolicyForm {
            group: "us-central1-a/flaskscale".into(),
            path: "/admin/groups/us-central1-a/flaskscale".into(),
            window: "15m".into(),
            base: "hash".into(),
            policy,
            typed: current.clone(),
            current,
            review: false,
            overtaken: false,
            may_edit: true,
        }
    }

    fn typed(field: Field, text: &str) -> Check {
        let form = form();
        let mut fields = form.current.clone();
        fields.set(field, text.to_owned());
        form.check(&fields)
    }

    #[test]
    fn an_untouched_form_changes_nothing() {
        let form = form();
        assert_eq!(form.check(&form.current), Check::default());
    }

    #[test]
    fn a_new_minimum_shows_old_beside_new() {
        let check = typed(Field::Minimum, "3");
        assert!(check.is_applicable(), "{check:?}");
        assert_eq!(check.changes[0].before, "2");
        assert_eq!(check.changes[0].after, "3");
    }

    #[test]
    fn percent_and_seconds_carry_their_units() {
        assert_eq!(
            typed(Field::CpuTarget, "60").changes[0].after,
            "60\u{202f}%"
        );
        assert_eq!(
            typed(Field::Stabilization, "300").changes[0].before,
            "600\u{202f}s"
        );
    }

    #[test]
    fn every_wrong_value_gets_its_own_message() {
        for (field, text) in [
            (Field::Mode, "SOMETIMES"),
            (Field::Minimum, "many"),
            (Field::Maximum, "-1"),
            (Field::Maximum, "1"),
            (Field::CpuTarget, "0"),
            (Field::CpuTarget, "140"),
            (Field::Initialization, "1.5"),
            (Field::Stabilization, "99999"),
            (Field::Own(OwnMetric::Memory), "0"),
            (Field::Own(OwnMetric::Requests), "many"),
        ] {
            let check = typed(field, text);
            assert!(!check.is_applicable(), "{field:?} {text}");
            let about_bounds = check.error(Field::Minimum).or(check.error(Field::Maximum));
            let message = check.error(field).or(about_bounds);
            assert!(
                message.is_some_and(|m| m.ends_with('.')),
                "{field:?} {text}: {check:?}"
            );
        }
    }

    #[test]
    fn a_metric_is_followed_once_it_has_a_target_and_no_longer_once_it_has_none() {
        let requests = Field::Own(OwnMetric::Requests);
        let check = typed(requests, "20");
        assert!(check.is_applicable(), "{check:?}");
        assert_eq!(check.changes[0].before, "not set");
        assert_eq!(check.changes[0].after, "20\u{202f}requests/s");

        let mut form = form();
        let mut fields = form.current.clone();
        fields.set(requests, "20".into());
        let followed = form.candidate(&fields).unwrap();
        assert_eq!(
            followed.metrics[0].metric,
            OwnMetric::Requests.metric_type()
        );
        form.policy = followed.to_value();
        form.current = Fields::of(&followed);
        assert_eq!(form.current.get(requests), "20");
        fields.set(requests, "  ".into());
        let check = form.check(&fields);
        assert_eq!(
            (check.changes[0].typed.as_str(), check.is_applicable()),
            ("off", true)
        );
        assert!(form.candidate(&fields).unwrap().metrics.is_empty());
    }

    #[test]
    fn memory_is_typed_in_percent() {
        let form = form();
        let mut fields = form.current.clone();
        fields.set(Field::Own(OwnMetric::Memory), "80".into());
        let policy = form.candidate(&fields).unwrap();
        assert_eq!(
            policy.metrics[0].goal,
            autoscaler::MetricGoal::Utilization(0.8)
        );
        assert_eq!(Fields::of(&policy).get(Field::Own(OwnMetric::Memory)), "80");
    }

    #[test]
    fn a_sixth_metric_is_refused_and_a_wrong_entry_is_found_by_its_metric() {
        let mut form = form();
        let others: Vec<_> = (0..5)
            .map(|at| json!({"metric": format!("custom.googleapis.com/q{at}"), "utilizationTarget": 1}))
            .collect();
        form.policy["customMetricUtilizations"] = json!(others);
        let mut fields = form.current.clone();
        fields.set(Field::Own(OwnMetric::Latency), "250".into());
        let check = form.check(&fields);
        assert!(check.others[0].contains("at most 5 metrics"), "{check:?}");

        let latency = OwnMetric::Latency.metric_type();
        form.policy["customMetricUtilizations"] =
            json!([others[0], {"metric": latency, "utilizationTarget": -1}]);
        let check = form.check(&form.current);
        assert!(
            check.error(Field::Own(OwnMetric::Latency)).is_some(),
            "{check:?}"
        );
    }

    #[test]
    fn what_is_typed_can_be_tried_unless_it_is_no_policy() {
        let form = form();
        let mut fields = form.current.clone();
        assert_eq!(form.candidate(&fields), form.present());
        fields.set(Field::CpuTarget, "70".into());
        let target = form.candidate(&fields).and_then(|policy| policy.cpu);
        assert!(target.is_some_and(|cpu| cpu.target == 0.7), "{target:?}");
        for wrong in ["", "seventy", "170"] {
            fields.set(Field::CpuTarget, wrong.into());
            assert_eq!(form.candidate(&fields), None, "{wrong:?}");
        }
    }

    #[test]
    fn spaces_around_a_number_do_not_matter() {
        assert!(typed(Field::Minimum, " 3 ").is_applicable());
        assert_eq!(typed(Field::Minimum, " 2 ").changes, []);
    }

    #[test]
    fn two_wrong_values_are_reported_at_once() {
        let form = form();
        let mut fields = form.current.clone();
        fields.set(Field::Minimum, "x".into());
        fields.set(Field::CpuTarget, "y".into());
        assert_eq!(form.check(&fields).errors.len(), 2);
    }
}
