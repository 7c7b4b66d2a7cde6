//! Policy tests: this load, and what must not happen under it.

use serde::{Deserialize, Serialize};

use super::time::Rfc3339;
use super::{Generator, Model, Report, Trace, backtest};
use crate::Policy;

/// A file of cases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cases {
    /// In the order in which they are checked.
    pub cases: Vec<Case>,
}

/// One load, and what is expected of a policy under it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Case {
    /// For people: `the sale of last Friday`.
    pub name: String,
    /// What the group has to serve.
    pub load: Load,
    /// The policy, where the case is about a certain one and not about whichever is to be tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// What is assumed about instances; that of the group, or the defaults, where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Model>,
    /// What must hold.
    pub expect: Expectation,
}

/// Where a case's load is from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Load {
    /// A recording, in the case itself.
    Trace(Trace),
    /// A recording in a CSV file, named relative to the file of cases.
    Csv(String),
    /// A generated load.
    Generated(Generator),
}

/// What must hold. What is left out is not looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Expectation {
    /// The group never has more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most_instances: Option<u32>,
    /// It is overloaded for no longer; 0 for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most_overload_minutes: Option<u32>,
    /// It costs no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most_cost_usd: Option<f64>,
    /// It is resized no more often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most_moves: Option<u32>,
}

/// What did not hold, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {what}")]
pub struct Unmet {
    /// The case.
    pub name: String,
    /// `7 instances at 2026-11-25T14:28:00Z, expected at most 6`.
    pub what: String,
}

impl Case {
    /// Tries a policy; the first thing that does not hold is the error.
    pub fn check(&self, policy: &Policy, trace: &Trace, model: &Model) -> Result<Report, Unmet> {
        let report = backtest(policy, trace, model);
        match self.expect.unmet(&report, trace) {
            None => Ok(report),
            Some(what) => Err(Unmet {
                name: self.name.clone(),
                what,
            }),
        }
    }
}

impl Expectation {
    /// Whether it expects nothing, which is a mistake of whoever wrote it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn unmet(&self, report: &Report, trace: &Trace) -> Option<String> {
        let when = |index: usize| Rfc3339(trace.end_of(index));
        if let Some(limit) = self.at_most_instances
            && let Some(index) = report.size.iter().position(|size| *size > limit)
        {
            let size = report.size[index];
            return Some(format!(
                "{size} instances at {}, expected at most {limit}",
                when(index)
            ));
        }
        if let Some(limit) = self.at_most_overload_minutes
            && report.totals.overload_minutes > limit
            && let Some(first) = report.overloaded.iter().position(|overloaded| *overloaded)
        {
            let minutes = report.totals.overload_minutes;
            return Some(format!(
                "{minutes} overload minutes, the first at {}, expected at most {limit}",
                when(first)
            ));
        }
        let (cost, moves) = (report.totals.cost_usd, report.totals.moves);
        if let Some(limit) = self.at_most_cost_usd.filter(|limit| cost > *limit) {
            return Some(format!("{cost:.2} USD, expected at most {limit}"));
        }
        let limit = self.at_most_moves.filter(|limit| moves > *limit)?;
        Some(format!("{moves} moves, expected at most {limit}"))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::Timestamp;

    const FILE: &str = r#"{"cases": [{
        "name": "the sale",
        "load": {"generated": {"shape": {"kind": "step", "low": 0.5, "high": 2.6, "atMinute": 10}, "minutes": 40}},
        "model": {"bootS": 30, "initializationS": 0, "pricePerHour": 1},
        "expect": {"atMostInstances": 6, "atMostOverloadMinutes": 3}
    }]}"#;

    fn checked(expect: Expectation) -> Result<Report, String> {
        let mut file: Cases = serde_json::from_str(FILE).unwrap();
        let mut case = file.cases.remove(0);
        case.expect = expect;
        let Load::Generated(generator) = case.load else {
            panic!("not generated")
        };
        let (trace, model) = (generator.trace(Timestamp(0)), case.model.clone().unwrap());
        let policy = Policy::default_for(2, 10, 0.5);
        case.check(&policy, &trace, &model)
            .map_err(|unmet| unmet.to_string())
    }

    #[test]
    fn a_policy_that_keeps_to_it_passes() {
        let file: Cases = serde_json::from_str(FILE).unwrap();
        assert!(checked(file.cases[0].expect).is_ok());
        assert!(checked(Expectation::default()).is_ok());
        let text = serde_json::to_string(&file).unwrap();
        assert_eq!(serde_json::from_str::<Cases>(&text).unwrap(), file);
    }

    #[test]
    fn the_first_thing_that_does_not_hold_is_named() {
        let none = Expectation::default();
        let cases = [
            (
                Expectation {
                    at_most_instances: Some(4),
                    ..none
                },
                "the sale: 6 instances at 1970-01-01T00:14:00Z, expected at most 4",
            ),
            (
                Expectation {
                    at_most_overload_minutes: Some(0),
                    ..none
                },
                "the sale: 2 overload minutes, the first at 1970-01-01T00:11:00Z, expected at most 0",
            ),
            (
                Expectation {
                    at_most_cost_usd: Some(1.0),
                    ..none
                },
                "the sale: 3.17 USD, expected at most 1",
            ),
            (
                Expectation {
                    at_most_moves: Some(1),
                    ..none
                },
                "the sale: 2 moves, expected at most 1",
            ),
        ];
        for (expect, told) in cases {
            assert_eq!(checked(expect).unwrap_err(), told);
        }
    }

    #[test]
    fn a_field_that_does_not_exist_is_refused() {
        for wrong in ["atMostInstances", "low", "bootS", "name"] {
            let file = FILE.replace(wrong, "unheardOf");
            assert!(serde_json::from_str::<Cases>(&file).is_err(), "{wrong}");
        }
    }
}
