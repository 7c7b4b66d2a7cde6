//! `flaskscale export`: the deployment in the words of another tool, on standard output.

use std::process::ExitCode;

use clap::ValueEnum;
use control_plane::deployment::{Dialect, export};

use crate::{
    deploy::{File, Wish},
    failure::Failure,
    logs,
};

/// The flags of `export`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The tool that is to go on from here
    tool: Tool,
    #[command(flatten)]
    file: File,
    #[command(flatten)]
    wish: Wish,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Tool {
    /// A shell script that makes everything in a project that has nothing of it
    Gcloud,
    /// A configuration that takes over what is there
    Terraform,
}

pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    logs::start("warn");
    let target = args.file.open()?;
    let found = target.inventory().await?;
    let blueprint = target.blueprint(&found, &args.wish).await?;
    for finding in target.image_findings() {
        eprintln!("{finding}");
    }
    let dialect = match args.tool {
        Tool::Gcloud => Dialect::Gcloud,
        Tool::Terraform => Dialect::Terraform,
    };
    print!("{}", export(dialect, &blueprint, &found));
    Ok(ExitCode::SUCCESS)
}
