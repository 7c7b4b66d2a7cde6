//! A comparison as a table for people, or as JSON for programs.

use std::fmt::Write as _;

use autoscaler::{
    Policy,
    backtest::{Comparison, Fidelity, PRICES_AS_OF, PRICES_REGION, Point, Report, Totals},
};
use serde_json::{Value, json};

use super::{input::Candidate, subject::Subject};

/// Everything that was found out.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) subject: Subject,
    pub(super) candidates: Vec<Candidate>,
    pub(super) compared: Comparison,
    pub(super) frontier: Option<Vec<Point>>,
}

impl Outcome {
    pub(super) fn text(&self, for_programs: bool) -> String {
        if for_programs {
            format!("{:#}\n", self.json())
        } else {
            self.table()
        }
    }

    /// The present policy and its replay; without one there is nothing to be faithful to.
    fn current(&self) -> Option<(&Policy, &Report)> {
        Some((self.subject.current.as_ref()?, &self.compared.current))
    }

    fn tried(&self) -> impl Iterator<Item = (&Candidate, &Report)> {
        self.candidates.iter().zip(&self.compared.candidates)
    }

    fn json(&self) -> Value {
        let Subject { trace, model, .. } = &self.subject;
        let fidelity = self.current().map(|_| fidelity(&self.compared.fidelity));
        let current = self.current().map(|(policy, report)| told(policy, report));
        let candidates: Vec<Value> = self
            .tried()
            .map(|(candidate, report)| {
                let mut told = told(&candidate.policy, report);
                told["policy"] = json!(candidate.name);
                told
            })
            .collect();
        let mut outcome = json!({
            "group": self.subject.name,
            "from_ms": trace.start,
            "to_ms": trace.end(),
            "step_s": trace.step_s,
            "steps": trace.len(),
            "measured_steps": trace.measured_steps(),
            "machine_type": self.subject.machine_type,
            "model": model,
            "boot_measured": self.subject.boot_measured,
            "prices_as_of": PRICES_AS_OF,
            "missing": self.subject.missing,
            "fidelity": fidelity,
            "recorded": self.compared.recorded,
            "current": current,
            "candidate": candidates.first(),
            "candidates": candidates,
        });
        if let Some(points) = &self.frontier {
            outcome["frontier"] = json!(points);
        }
        outcome
    }

    fn table(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_table(&mut text);
        text
    }

    fn write_table(&self, text: &mut String) -> std::fmt::Result {
        let Subject { name, trace, .. } = &self.subject;
        let (steps, measured) = (trace.len(), trace.measured_steps());
        let hours = steps as f64 * f64::from(trace.step_s) / 3600.0;
        writeln!(
            text,
            "{name}: {hours:.1} hours of load, {measured} of {steps} steps measured"
        )?;
        if self.current().is_some() {
            writeln!(text, "{}", self.compared.fidelity.sentence())?;
        }
        writeln!(text)?;
        writeln!(
            text,
            "{:<24}{:>16}{:>12}{:>16}{:>8}{:>8}",
            "", "instance hours", "cost USD", "overload min", "peak", "moves"
        )?;
        if trace.first_size().is_some() {
            row(text, "what happened", &self.compared.recorded)?;
        }
        if let Some((_, report)) = self.current() {
            row(text, "present policy", &report.totals)?;
        }
        for (candidate, report) in self.tried() {
            row(text, &candidate.name, &report.totals)?;
            if self.current().is_some() {
                difference(text, &report.totals, &self.compared.current.totals)?;
            }
        }
        self.write_front(text)?;
        self.write_assumptions(text)
    }

    fn write_front(&self, text: &mut String) -> std::fmt::Result {
        let Some(points) = &self.frontier else {
            return Ok(());
        };
        writeln!(
            text,
            "\nNothing costs less without more overload ({} policies tried):",
            points.len()
        )?;
        writeln!(
            text,
            "{:>10}{:>10}{:>16}{:>12}{:>16}",
            "target", "minimum", "stabilization", "cost USD", "overload min"
        )?;
        for point in points.iter().filter(|point| point.on_front) {
            let target = point.target.map_or_else(
                || "-".to_owned(),
                |target| format!("{:.0} %", target * 100.0),
            );
            let Point {
                min,
                stabilization_s,
                totals,
                ..
            } = point;
            let (cost, overload) = (totals.cost_usd, totals.overload_minutes);
            writeln!(
                text,
                "{target:>10}{min:>10}{:>16}{cost:>12.2}{overload:>16}",
                format!("{stabilization_s} s")
            )?;
        }
        Ok(())
    }

    fn write_assumptions(&self, text: &mut String) -> std::fmt::Result {
        let Subject {
            model,
            machine_type,
            boot_measured,
            missing,
            ..
        } = &self.subject;
        let how = if *boot_measured {
            "measured"
        } else {
            "assumed"
        };
        writeln!(
            text,
            "\nAssumed: the total demand does not depend on the size; an instance carries load {} s ({how}) \
             and {} s of initialization after its order; what exceeds {} of an instance's CPU each is overload.",
            model.boot_s,
            model.initialization_s,
            percent(model.capacity)
        )?;
        writeln!(
            text,
            "Estimated cost: {} USD an hour{}, list prices of {PRICES_REGION} as of {PRICES_AS_OF}, machines alone.",
            model.price_per_hour,
            if machine_type.is_empty() {
                String::new()
            } else {
                format!(" for {machine_type}")
            },
        )?;
        for missing in missing {
            writeln!(text, "Could not be read, {missing}")?;
        }
        Ok(())
    }
}

fn told(policy: &Policy, report: &Report) -> Value {
    let mut told = json!(report.totals);
    told["decisions"] = json!(report.decisions(policy));
    told
}

fn fidelity(fidelity: &Fidelity) -> Value {
    let mut told = json!(fidelity);
    told["trustworthy"] = json!(!fidelity.is_below_bar());
    told["sentence"] = json!(fidelity.sentence());
    told
}

fn row(text: &mut String, name: &str, totals: &Totals) -> std::fmt::Result {
    let Totals {
        instance_hours,
        cost_usd,
        overload_minutes,
        peak_instances,
        moves,
    } = totals;
    writeln!(
        text,
        "{name:<24}{instance_hours:>16.1}{cost_usd:>12.2}{overload_minutes:>16}{peak_instances:>8}{moves:>8}"
    )
}

fn difference(text: &mut String, candidate: &Totals, current: &Totals) -> std::fmt::Result {
    let hours = candidate.instance_hours - current.instance_hours;
    let (cost, overload) = candidate.difference(current);
    writeln!(
        text,
        "{:<24}{hours:>+16.1}{cost:>+12.2}{overload:>+16}",
        "  against the present"
    )
}

fn percent(fraction: f64) -> String {
    format!("{:.0} %", fraction * 100.0)
}
