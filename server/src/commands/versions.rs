//! `flaskscale versions`: what was released, what is in service (`*`), and what is tried (`~`).

use std::process::ExitCode;

use control_plane::deployment::Version;
use serde_json::{Value, json};

use crate::{deploy::File, failure::Failure, logs};

/// The flags of `versions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    file: File,
    /// For programs
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    logs::start("warn");
    let target = args.file.open()?;
    let versions = target.inventory().await?.versions(&target.mark());
    if args.json {
        println!("{:#}", json(&versions));
        return Ok(ExitCode::SUCCESS);
    }
    if versions.is_empty() {
        println!("{} has no version yet: flaskscale deploy", target.name());
    }
    for version in &versions {
        println!("{}", line(version));
    }
    Ok(ExitCode::SUCCESS)
}

/// For programs.
pub(super) fn json(versions: &[Version]) -> Value {
    let version = |version: &Version| {
        json!({
            "version": version.template,
            "image": version.image,
            "created": version.created,
            "in_service": version.in_service,
            "canary": version.is_canary,
        })
    };
    versions.iter().map(version).collect()
}

fn line(version: &Version) -> String {
    let Version {
        template,
        image,
        created,
        in_service,
        is_canary,
        ..
    } = version;
    let sign = match (in_service, is_canary) {
        (true, _) => '*',
        (false, true) => '~',
        (false, false) => ' ',
    };
    let image = image.as_deref().unwrap_or("no image noted");
    format!("{sign} {template}  {created}  {image}")
}
