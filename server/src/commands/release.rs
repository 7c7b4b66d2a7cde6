//! `flaskscale release`: a new version, rolled out, watched, and taken back if it is not healthy.

use std::{process::ExitCode, time::Duration};

use control_plane::deployment::{Kind, Terms, plan};

use super::deploy::PATIENCE_S;
use crate::{
    deploy::{CarryOut, Consent, File, Wish, agreed, carry_out},
    failure::Failure,
    logs,
};

/// The flags of `release`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    file: File,
    #[command(flatten)]
    wish: Wish,
    /// Do it without asking
    #[arg(long)]
    yes: bool,
    /// Seconds that instances may take to become healthy
    #[arg(long, default_value_t = PATIENCE_S, value_parser = clap::value_parser!(u64).range(1..=7200))]
    patience: u64,
}

pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    logs::start("warn");
    let target = args.file.open()?;
    let found = target.inventory().await?;
    if found.in_service(target.name()).is_none() {
        return Err(Failure::input(format!(
            "{} is not deployed yet: flaskscale deploy makes what a version is released to",
            target.name()
        )));
    }
    let blueprint = target.blueprint(&found, &args.wish).await?;
    let whole = plan(&blueprint, &found, Terms::default());
    if let Some(id) = whole.in_the_way.first() {
        return Err(Failure::input(format!("{id} is not of this deployment")));
    }
    let version = [Kind::Template, Kind::Group];
    let others = whole
        .steps
        .iter()
        .filter(|step| step.acts() && !version.contains(&step.id.kind))
        .count();
    let release = whole.limited_to(&version);
    print!("{release}");
    if others > 0 {
        println!("{others} other changes of the configuration are left to flaskscale deploy");
    }
    if release.is_empty() {
        println!(
            "nothing to release: {} is in service",
            blueprint.template_name()
        );
    } else if !args.yes && !agreed(CONSENT)? {
        println!("nothing was done");
        return Ok(ExitCode::SUCCESS);
    }
    let how = CarryOut {
        target: &target,
        found: &found,
        patience: Duration::from_secs(args.patience),
    };
    carry_out(&release, how).await?;
    println!("{} serves", blueprint.template_name());
    say_if_the_file_differs(&args, target.configuration.app.image.as_deref());
    Ok(ExitCode::SUCCESS)
}

const CONSENT: Consent<'_> = Consent {
    question: "Release this?",
    answer: "yes",
    flag: "--yes",
};

/// The file is what the next deployment goes by.
fn say_if_the_file_differs(args: &Args, said: Option<&str>) {
    if let (Some(image), Some(said)) = (&args.wish.image, said)
        && image != said
    {
        let path = args.file.path.display();
        println!("{path} says {said}: the next deploy goes back to it unless it says {image}");
    }
}
