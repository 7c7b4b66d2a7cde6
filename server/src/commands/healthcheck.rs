//! `flaskscale healthcheck`: what a container runtime asks where there is no curl.

use std::{process::ExitCode, time::Duration};

use super::serve;
use crate::{failure::Failure, plain_http};

const PATIENCE: Duration = Duration::from_secs(4);

/// Where the instance listens.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Port of the instance [default: as serve would choose]
    #[arg(long)]
    port: Option<u16>,
}

pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let port = serve::port(args.port)?;
    let answer = plain_http::get(&format!("127.0.0.1:{port}"), "/health", &[], PATIENCE).await;
    match answer {
        Ok(answer) if answer.status.is_success() => Ok(ExitCode::SUCCESS),
        Ok(answer) => {
            eprintln!("unhealthy: {}", answer.status);
            Ok(ExitCode::FAILURE)
        }
        Err(error) => {
            eprintln!("unhealthy: {}", crate::failure::chain(&error));
            Ok(ExitCode::FAILURE)
        }
    }
}
