//! `flaskscale backtest`: what a policy would have done with a group's own recorded load.

mod check;
mod input;
mod output;
mod subject;

use std::{path::PathBuf, process::ExitCode};

use autoscaler::backtest::{Frontier, Sweep, compare, write_csv};
use control_plane::MAX_RECORDING_DAYS;

use crate::failure::Failure;
use input::Candidate;
use output::Outcome;
use subject::Subject;

/// The flags of `backtest`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The group whose recorded load is taken, and whose present policy is compared with
    #[arg(long, required_unless_present_any = ["csv", "check"])]
    group: Option<String>,
    /// The group's zone or region, where several have a group of this name
    #[arg(long, requires = "group")]
    zone: Option<String>,
    /// A policy to try, a file with Google's autoscalingPolicy as JSON; may be given several times
    #[arg(long, value_name = "FILE")]
    policy: Vec<PathBuf>,
    /// How many days back the load is taken
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_RECORDING_DAYS)))]
    days: u32,
    /// Take the load from this table instead
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// The policy to compare with, instead of the group's own
    #[arg(long, value_name = "FILE")]
    current: Option<PathBuf>,
    /// Write the load to this table, to be read again with --csv
    #[arg(long, value_name = "FILE")]
    save_csv: Option<PathBuf>,
    /// Machine type that prices are for [default: the group's own]
    #[arg(long)]
    machine_type: Option<String>,
    /// US dollars for an hour of one instance [default: by machine type]
    #[arg(long, value_parser = input::price)]
    price: Option<f64>,
    /// Seconds from the order of an instance until its program runs [default: as measured]
    #[arg(long, value_name = "SECONDS")]
    boot: Option<u32>,
    /// Seconds from then until it carries load [default: the present initialization period]
    #[arg(long, value_name = "SECONDS")]
    initialization: Option<u32>,
    /// Sweep targets, minimums and stabilization, and show what nothing else beats in cost and overload
    #[arg(long)]
    frontier: bool,
    /// Check the cases of this file: exit code 1 and the first violation if one does not hold
    #[arg(long, value_name = "FILE", conflicts_with_all = ["frontier", "csv", "save_csv"])]
    check: Option<PathBuf>,
    /// For programs
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let candidates = input::candidates(&args.policy)?;
    let subject = Subject::find(&args, &candidates).await?;
    if let Some(path) = &args.check {
        return check::run(path, &candidates, &subject, args.json);
    }
    if let Some(path) = &args.save_csv {
        std::fs::write(path, write_csv(&subject.trace))
            .map_err(|error| Failure::input_because(path.display().to_string(), &error))?;
    }
    print!("{}", outcome(&args, subject, candidates)?.text(args.json));
    Ok(ExitCode::SUCCESS)
}

fn outcome(args: &Args, subject: Subject, candidates: Vec<Candidate>) -> Result<Outcome, Failure> {
    if subject.trace.is_empty() {
        return Err(Failure::input(format!(
            "{}: there is no recorded load to try a policy on",
            subject.name
        )));
    }
    let policies: Vec<_> = candidates
        .iter()
        .map(|candidate| candidate.policy.clone())
        .collect();
    let base = policies.first().or(subject.current.as_ref());
    let Some(base) = base.cloned() else {
        return Err(Failure::input(
            "there is no policy to try: name one with --policy or --current, or a group with --group",
        ));
    };
    let Subject { trace, model, .. } = &subject;
    let compared = compare(
        subject.current.as_ref().unwrap_or(&base),
        &policies,
        trace,
        model,
    );
    let frontier = args.frontier.then(|| {
        let sweep = Sweep::around(&base);
        Frontier::new(&base, trace.coarser(COARSE), model.clone(), &sweep).finish()
    });
    Ok(Outcome {
        subject,
        candidates,
        compared,
        frontier,
    })
}

/// A sweep goes in steps of five minutes.
const COARSE: u32 = 5;
