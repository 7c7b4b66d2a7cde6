use serde::{Deserialize, Serialize};

use super::{Fidelity, Model, Report, Totals, Trace, backtest};
use crate::Policy;

/// Several policies over the same load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// How far the rest can be trusted.
    pub fidelity: Fidelity,
    /// What really happened.
    pub recorded: Totals,
    /// The present policy, replayed: what a candidate is to be compared with, since both rest on the
    /// same assumptions.
    pub current: Report,
    /// The candidates in their order.
    pub candidates: Vec<Report>,
}

/// Replays the present policy and then every candidate.
pub fn compare(
    current: &Policy,
    candidates: &[Policy],
    trace: &Trace,
    model: &Model,
) -> Comparison {
    let replayed = backtest(current, trace, model);
    Comparison {
        fidelity: Fidelity::of(current, &replayed, trace),
        recorded: Totals::recorded(trace, model),
        candidates: candidates
            .iter()
            .map(|policy| backtest(policy, trace, model))
            .collect(),
        current: replayed,
    }
}
