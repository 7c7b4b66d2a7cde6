//! Organization Policy v2: what an organisation lets its projects do.

use reqwest::Method;

use crate::compute::wire::wire_struct;
use crate::{Client, Error};

wire_struct! {
    /// What is in force for one constraint.
    pub struct OrgPolicy {
        /// `projects/NUMBER/policies/CONSTRAINT`.
        pub name: String,
        /// Its rules.
        pub spec: OrgPolicySpec,
    }
}

wire_struct! {
    /// Rules, of which each has one field.
    pub struct OrgPolicySpec {
        /// None where nobody has said anything: the constraint's own default is in force.
        pub rules: Vec<OrgPolicyRule>,
    }
}

wire_struct! {
    /// One rule.
    pub struct OrgPolicyRule {
        /// Of a constraint that is on or off.
        pub enforce: Option<bool>,
        /// Of a constraint with values: all of them.
        pub allow_all: Option<bool>,
        /// Of a constraint with values: none of them.
        pub deny_all: Option<bool>,
        /// Of a constraint with values: these.
        pub values: Option<OrgPolicyValues>,
    }
}

wire_struct! {
    /// Values of a constraint: `us-central1`, or a group of values such as `in:us-locations`.
    pub struct OrgPolicyValues {
        /// With any of them, all others are denied.
        pub allowed_values: Vec<String>,
        /// Denied whatever else is said.
        pub denied_values: Vec<String>,
    }
}

impl OrgPolicy {
    /// Whether a constraint that is on or off is on.
    pub fn is_enforced(&self) -> bool {
        self.spec
            .rules
            .iter()
            .any(|rule| rule.enforce == Some(true))
    }

    /// Whether a constraint with values denies one for certain. What a group of values holds is known
    /// to Google alone, so one that may hold the value is taken to do so.
    pub fn denies(&self, value: &str) -> bool {
        self.spec.rules.iter().any(|rule| {
            let listed = rule.values.as_ref();
            rule.deny_all == Some(true) || listed.is_some_and(|values| values.deny(value))
        })
    }
}

impl OrgPolicyValues {
    fn deny(&self, value: &str) -> bool {
        let is_it = |listed: &String| listed.strip_prefix("is:").unwrap_or(listed) == value;
        let may_hold_it = |listed: &String| is_it(listed) || is_group(listed);
        let is_left_out =
            !self.allowed_values.is_empty() && !self.allowed_values.iter().any(may_hold_it);
        self.denied_values.iter().any(is_it) || is_left_out
    }
}

fn is_group(value: &str) -> bool {
    value.starts_with("in:") || value.starts_with("under:")
}

impl Client {
    /// What is in force for a constraint (`compute.vmExternalIpAccess`), inherited or the project's own.
    pub async fn effective_policy(&self, constraint: &str) -> Result<OrgPolicy, Error> {
        let call = format!("{constraint}:getEffectivePolicy");
        let path = ["v2", "projects", self.project(), "policies", &call];
        let request = self.beside(Method::GET, |at| &at.org_policy, &path)?;
        self.send(&request).await
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn policy(rules: &Value) -> OrgPolicy {
        serde_json::from_value(json!({ "spec": { "rules": rules } })).unwrap()
    }

    #[test]
    fn a_constraint_is_on_or_off() {
        assert!(policy(&json!([{ "enforce": true }])).is_enforced());
        for rules in [
            json!([]),
            json!([{ "enforce": false }]),
            json!([{ "allowAll": true }]),
        ] {
            assert!(!policy(&rules).is_enforced(), "{rules}");
        }
    }

    #[test]
    fn a_value_is_denied_only_where_that_is_certain() {
        for (rules, denied) in [
            (json!([]), false),
            (json!([{ "allowAll": true }]), false),
            (json!([{ "denyAll": true }]), true),
            (json!([{ "values": { "allowedValues": ["a"] } }]), false),
            (json!([{ "values": { "allowedValues": ["is:a"] } }]), false),
            (json!([{ "values": { "allowedValues": ["b"] } }]), true),
            (
                json!([{ "values": { "allowedValues": ["b", "in:group"] } }]),
                false,
            ),
            (json!([{ "values": { "deniedValues": ["a"] } }]), true),
            (
                json!([{ "values": { "deniedValues": ["b", "in:group"] } }]),
                false,
            ),
        ] {
            assert_eq!(policy(&rules).denies("a"), denied, "{rules}");
        }
    }
}
