//! What came out of a backtest, in the words and numbers of the page.

use autoscaler::backtest::Totals;
use serde::{Deserialize, Serialize};

use crate::chart::Chart;

/// A new policy beside the present one, over the same load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// How far the rest can be trusted, in one sentence.
    pub fidelity: String,
    /// Whether it can be trusted.
    pub is_trusted: bool,
    /// What the group would have cost; its instance hours where no price is known.
    pub cost: Figure,
    /// How long it would have had too few instances.
    pub overload: Figure,
    /// What happened, the present policy and the new one, number by number.
    pub rows: Vec<Row>,
    /// Size and utilization over time.
    pub charts: Vec<Chart>,
    /// What the numbers rest on.
    pub basis: Vec<String>,
    /// The same two policies in the steps of the sweep, to find them in its picture.
    pub rough: Rough,
}

/// The present policy and the new one as a sweep sees them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rough {
    /// The present one.
    pub present: Totals,
    /// The new one.
    pub new: Totals,
    /// The length of a step of the sweep.
    pub minutes: u32,
    /// Whether the cost is known; instance hours stand for it otherwise.
    pub has_price: bool,
}

/// A large number with its difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// What it is.
    pub label: String,
    /// The number under the new policy, with its unit.
    pub value: String,
    /// How it differs from the present policy's.
    pub difference: String,
    /// Whether that is welcome.
    pub tone: Tone,
}

/// Less cost and less overload are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tone {
    /// Less than now.
    Better,
    /// As now.
    Same,
    /// More than now.
    Worse,
}

impl Tone {
    /// The tone of a number that should be small.
    pub(super) fn of(difference: f64) -> Self {
        if difference < 0.0 {
            Self::Better
        } else if difference > 0.0 {
            Self::Worse
        } else {
            Self::Same
        }
    }

    /// The style sheet's name for it.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Same => "same",
            Self::Worse => "worse",
        }
    }
}

/// The numbers of one policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Which one.
    pub name: String,
    /// Instance hours, cost, overload, largest size and number of moves.
    pub cells: Vec<String>,
}

impl Row {
    /// The headings over the cells.
    pub const HEADS: [&'static str; 5] = [
        "Instance hours",
        "Cost",
        "Overload",
        "Most instances",
        "Resized",
    ];
}
