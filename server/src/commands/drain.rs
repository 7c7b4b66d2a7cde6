//! `flaskscale drain` and `fill`: a region without new requests, and with its share of them again.

use std::process::ExitCode;

use control_plane::deployment::{Flow, redirect};

use crate::{
    deploy::{Consent, File, agreed, take},
    failure::Failure,
    logs,
};

/// The flags of `drain` and `fill`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The region, or the zone, as the configuration names it
    #[arg(value_name = "REGION")]
    place: String,
    #[command(flatten)]
    file: File,
    /// Show what would be done, and do nothing
    #[arg(long)]
    plan: bool,
    /// Do it without asking
    #[arg(long, conflicts_with = "plan")]
    yes: bool,
}

pub(super) async fn run(args: Args, flow: Flow) -> Result<ExitCode, Failure> {
    logs::start("warn");
    let target = args.file.open()?;
    let found = target.inventory().await?;
    let place = &args.place;
    let plan = redirect(&target.mark(), &found, place, flow)
        .map_err(|error| Failure::input(error.to_string()))?;
    let (is_so, becomes_so) = match flow {
        Flow::Drain => (
            "is drained already",
            "gets no new requests; those that run go on",
        ),
        Flow::Fill => ("is not drained", "gets its share of the requests again"),
    };
    if plan.is_empty() {
        println!("nothing to do: {place} {is_so}");
        return Ok(ExitCode::SUCCESS);
    }
    print!("{plan}");
    if args.plan {
        return Ok(ExitCode::SUCCESS);
    }
    if !args.yes && !agreed(CONSENT)? {
        println!("nothing was done");
        return Ok(ExitCode::SUCCESS);
    }
    take(&plan, &target).await?;
    println!("{place} {becomes_so}");
    Ok(ExitCode::SUCCESS)
}

const CONSENT: Consent<'_> = Consent {
    question: "Do this?",
    answer: "yes",
    flag: "--yes",
};
