//! The numbers of a backtest in words.

use autoscaler::backtest::Totals;

use super::outcome::{Figure, Row, Tone};
use crate::text;

/// Below a dollar cents say too little: an hour of the smallest machine costs less than one.
fn digits(dollars: f64) -> usize {
    if dollars.abs() < 1.0 { 4 } else { 2 }
}

/// US dollars with `digits` decimals.
fn money(dollars: f64, digits: usize) -> String {
    format!("${dollars:.digits$}")
}

fn hours(hours: f64) -> String {
    format!("{hours:.1}{}h", text::NBSP)
}

pub(super) fn minutes(minutes: u32) -> String {
    format!("{}{}min", text::count(u64::from(minutes)), text::NBSP)
}

/// A cost with as many digits as `largest` needs, or instance hours where no price is known.
pub(super) fn cost_text(cost: f64, largest: f64, has_price: bool) -> String {
    if has_price {
        money(cost, digits(largest))
    } else {
        hours(cost)
    }
}

/// The cost, or the instance hours where no price is known.
pub(super) fn cost(new: &Totals, present: &Totals, has_price: bool) -> Figure {
    let (label, new, present) = if has_price {
        ("Cost", new.cost_usd, present.cost_usd)
    } else {
        ("Instance hours", new.instance_hours, present.instance_hours)
    };
    let largest = new.max(present);
    let show = |value: f64| cost_text(value, largest, has_price);
    let (new_text, present_text) = (show(new), show(present));
    let difference = if new_text == present_text {
        0.0
    } else {
        new - present
    };
    Figure {
        label: label.to_owned(),
        value: new_text,
        difference: told(
            difference,
            &show(difference.abs()),
            share(difference, present),
            &present_text,
        ),
        tone: Tone::of(difference),
    }
}

/// The minutes with too few instances.
pub(super) fn overload(new: &Totals, present: &Totals) -> Figure {
    let (new, present) = (new.overload_minutes, present.overload_minutes);
    let difference = f64::from(new) - f64::from(present);
    Figure {
        label: "Overload".to_owned(),
        value: minutes(new),
        difference: told(
            difference,
            &minutes(new.abs_diff(present)),
            None,
            &minutes(present),
        ),
        tone: Tone::of(difference),
    }
}

fn share(difference: f64, present: f64) -> Option<String> {
    (present > 0.0).then(|| text::percent((difference / present).abs()))
}

/// `$0.12 (9 %) less than the present policy’s $1.41`.
fn told(difference: f64, amount: &str, share: Option<String>, present: &str) -> String {
    if difference == 0.0 {
        return "as under the present policy".to_owned();
    }
    let direction = if difference < 0.0 { "less" } else { "more" };
    let share = share.map(|share| format!(" ({share})")).unwrap_or_default();
    format!("{amount}{share} {direction} than the present policy’s {present}")
}

/// The numbers of one policy as a row.
pub(super) fn row(name: &str, totals: &Totals, has_price: bool) -> Row {
    let cost = if has_price {
        money(totals.cost_usd, digits(totals.cost_usd))
    } else {
        "–".to_owned()
    };
    Row {
        name: name.to_owned(),
        cells: vec![
            hours(totals.instance_hours),
            cost,
            minutes(totals.overload_minutes),
            totals.peak_instances.to_string(),
            text::plural(u64::from(totals.moves), "time", "times"),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(instance_hours: f64, overload_minutes: u32) -> Totals {
        Totals {
            instance_hours,
            cost_usd: instance_hours / 10.0,
            overload_minutes,
            peak_instances: 6,
            moves: 1,
        }
    }

    #[test]
    fn less_cost_is_told_with_its_amount_and_share() {
        let figure = cost(&totals(300.0, 0), &totals(400.0, 0), true);
        assert_eq!(figure.value, "$30.00");
        assert_eq!(
            figure.difference,
            "$10.00 (25\u{202f}%) less than the present policy’s $40.00"
        );
        assert_eq!(figure.tone, Tone::Better);
    }

    #[test]
    fn small_amounts_keep_digits_that_say_something() {
        let figure = cost(&totals(0.16, 0), &totals(0.08, 0), true);
        assert_eq!(figure.value, "$0.0160");
        assert_eq!(figure.tone, Tone::Worse);
    }

    #[test]
    fn a_difference_that_nobody_can_see_is_none() {
        let figure = cost(&totals(300.0, 0), &totals(300.000_01, 0), true);
        assert_eq!(figure.difference, "as under the present policy");
        assert_eq!(figure.tone, Tone::Same);
    }

    #[test]
    fn without_a_price_the_hours_stand_for_the_cost() {
        let figure = cost(&totals(300.0, 0), &totals(200.0, 0), false);
        assert_eq!(figure.label, "Instance hours");
        assert_eq!(figure.value, "300.0\u{202f}h");
        assert_eq!(row("new", &totals(1.0, 0), false).cells[1], "–");
    }

    #[test]
    fn more_overload_is_worse() {
        let figure = overload(&totals(1.0, 12), &totals(1.0, 0));
        assert_eq!(
            figure.difference,
            "12\u{202f}min more than the present policy’s 0\u{202f}min"
        );
        assert_eq!(figure.tone, Tone::Worse);
    }
}
