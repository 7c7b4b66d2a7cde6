//! `--check`: cases that a policy has to keep to.

use std::{fs, path::Path, process::ExitCode};

use autoscaler::{
    Policy, Timestamp,
    backtest::{Case, Cases, Load, Report, Trace, Unmet, read_csv},
};
use serde_json::json;

use super::{input::Candidate, subject::Subject};
use crate::failure::Failure;

/// A case does not hold.
const VIOLATED: u8 = 1;

/// Checks every case of a file until one does not hold.
pub(super) fn run(
    path: &Path,
    candidates: &[Candidate],
    subject: &Subject,
    for_programs: bool,
) -> Result<ExitCode, Failure> {
    let cases = read(path)?;
    let given = candidates
        .first()
        .map(|candidate| &candidate.policy)
        .or(subject.current.as_ref());
    let mut passed = 0;
    let mut violation = None;
    for case in &cases {
        match check(case, path, given, subject)? {
            Ok(report) if !for_programs => println!("{}", line(case, &report)),
            Ok(_) => {}
            Err(unmet) => {
                violation = Some(unmet);
                break;
            }
        }
        passed += 1;
    }
    if for_programs {
        let violated = violation
            .as_ref()
            .map(|unmet| json!({"case": unmet.name, "violation": unmet.what}));
        println!(
            "{:#}",
            json!({"cases": cases.len(), "passed": passed, "violated": violated})
        );
    }
    Ok(match violation {
        None => ExitCode::SUCCESS,
        Some(unmet) => {
            eprintln!("violated: {unmet}");
            ExitCode::from(VIOLATED)
        }
    })
}

fn check(
    case: &Case,
    path: &Path,
    given: Option<&Policy>,
    subject: &Subject,
) -> Result<Result<Report, Unmet>, Failure> {
    let Some(policy) = case.policy.as_ref().or(given) else {
        return Err(fault(
            path,
            case,
            "has no policy, and neither --policy nor --group gives one",
        ));
    };
    if case.expect.is_empty() {
        return Err(fault(path, case, "expects nothing"));
    }
    let mut trace = load(case, path)?;
    if trace.is_empty() {
        return Err(fault(path, case, "has no load"));
    }
    if trace.zones == autoscaler::Zones::default() {
        trace.zones = zones::of_policy(policy, trace.start);
    }
    let model = case.model.as_ref().unwrap_or(&subject.model);
    Ok(case.check(policy, &trace, model))
}

fn read(path: &Path) -> Result<Vec<Case>, Failure> {
    let refuse =
        |error: &dyn std::error::Error| Failure::input_because(path.display().to_string(), error);
    let text = fs::read_to_string(path).map_err(|error| refuse(&error))?;
    let Cases { cases } = serde_json::from_str(&text).map_err(|error| refuse(&error))?;
    if cases.is_empty() {
        return Err(Failure::input(format!(
            "{}: there is no case in it",
            path.display()
        )));
    }
    Ok(cases)
}

/// The load of a case; a table is looked for beside the file of cases.
fn load(case: &Case, path: &Path) -> Result<Trace, Failure> {
    match &case.load {
        Load::Trace(trace) => Ok(trace.clone()),
        Load::Generated(generator) => Ok(generator.trace(Timestamp(0))),
        Load::Csv(name) => {
            let table = path.parent().unwrap_or(Path::new("")).join(name);
            let refuse = |error: &dyn std::error::Error| {
                Failure::input_because(table.display().to_string(), error)
            };
            let text = fs::read_to_string(&table).map_err(|error| refuse(&error))?;
            read_csv(&text).map_err(|error| refuse(&error))
        }
    }
}

fn fault(path: &Path, case: &Case, what: &str) -> Failure {
    Failure::input(format!(
        "{}: the case {:?} {what}",
        path.display(),
        case.name
    ))
}

fn line(case: &Case, report: &Report) -> String {
    let totals = &report.totals;
    format!(
        "holds: {}: at most {} instances, {} overload minutes, {:.2} USD, {} moves",
        case.name, totals.peak_instances, totals.overload_minutes, totals.cost_usd, totals.moves
    )
}
