//! `flaskscale __burn --cores X --seconds Y`: the drill of a workload that cannot drill itself.

use std::{process::ExitCode, thread, time::Duration};

use crate::drill::Burner;

/// How much and how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Cores to keep busy, for example 0.55
    #[arg(long, value_parser = positive)]
    cores: f64,
    /// Seconds of real time
    #[arg(long, value_parser = positive)]
    seconds: f64,
}

pub(super) fn run(args: &Args) -> ExitCode {
    let burner = Burner::start(args.cores);
    thread::sleep(Duration::from_secs_f64(args.seconds));
    drop(burner);
    ExitCode::SUCCESS
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number <= 86_400.0 => Ok(number),
        _ => Err("a number above 0 and up to 86400 is allowed".to_owned()),
    }
}
