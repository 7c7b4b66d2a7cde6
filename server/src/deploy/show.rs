//! Money, as people read it.

use std::fmt::Write as _;

use autoscaler::backtest::{PRICES_AS_OF, PRICES_REGION};
use control_plane::deployment::Cost;
use serde_json::{Value, json};

/// What a deployment costs, line by line.
pub(crate) fn cost_now(cost: &Cost) -> String {
    let mut text = String::new();
    for line in &cost.lines {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "    {:<46} {:>16} USD an hour",
            line.what,
            range(line.least, line.most, 4)
        );
    }
    for unpriced in &cost.unpriced {
        let _ = writeln!(
            text,
            "    {unpriced}: its price is not known, its machines are not counted"
        );
    }
    text
}

/// What a plan changes of it.
pub(crate) fn cost_change(before: &Cost, after: &Cost) -> String {
    let (now, then) = (money(before), money(after));
    let change = if now == then {
        format!("{now}, as before")
    } else {
        format!("{now} now, {then} after")
    };
    format!(
        "cost: {change}, without traffic (estimate with the prices of {PRICES_REGION} on {PRICES_AS_OF})\n{}",
        cost_now(after)
    )
}

/// `0.0713 to 0.1637 USD an hour, 52.01 to 119.53 a month`; `nothing` where it is.
pub(crate) fn money(cost: &Cost) -> String {
    let ((least, most), (month_least, month_most)) = (cost.per_hour(), cost.per_month());
    if most == 0.0 {
        return "nothing".to_owned();
    }
    format!(
        "{} USD an hour, {} a month",
        range(least, most, 4),
        range(month_least, month_most, 2)
    )
}

/// The same for programs: US dollars for an hour, `{"least": 0.0713, "most": 0.1637}`.
pub(crate) fn usd_per_hour(cost: &Cost) -> Value {
    let (least, most) = cost.per_hour();
    json!({ "least": least, "most": most })
}

fn range(least: f64, most: f64, digits: usize) -> String {
    let (least, most) = (format!("{least:.digits$}"), format!("{most:.digits$}"));
    if least == most {
        return least;
    }
    format!("{least} to {most}")
}
