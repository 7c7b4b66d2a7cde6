//! `flaskscale release`: a new version, rolled out, watched, and taken back if it is not healthy.

use std::process::ExitCode;

use control_plane::{
    configuration::App,
    deployment::{Inventory, Plan, Terms, as_canary, plan, switch},
};

use super::deploy::Times;
use crate::{
    deploy::{CarryOut, Consent, File, Target, Wish, canary_first, show_and_carry_out},
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
    /// Only on so many of a hundred instances of each group, until --promote or --abort
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    canary: Option<u32>,
    #[command(flatten)]
    end: End,
    /// Do it without asking
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    times: Times,
}

/// How a canary ends.
#[derive(Clone, Copy, Debug, clap::Args)]
#[group(multiple = false, conflicts_with_all = ["image", "newest_os", "canary"])]
struct End {
    /// Release the canary's version on all instances
    #[arg(long)]
    promote: bool,
    /// Take the canary's version back
    #[arg(long)]
    abort: bool,
}

/// `20` or `20%`.
fn percent(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix('%').unwrap_or(text).parse().ok();
    number
        .filter(|number| (1..=99).contains(number))
        .ok_or_else(|| "it must be a percentage from 1 to 99".to_owned())
}

pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    logs::start("warn");
    let target = args.file.open()?;
    let said = target.configuration.app.clone();
    let target = target.building(&args.wish);
    let found = target.inventory().await?;
    let Some(before) = found.in_service(target.name()) else {
        return Err(Failure::input(format!(
            "{} is not deployed yet: flaskscale deploy makes what a version is released to",
            target.name()
        )));
    };
    let versions = found.versions(&target.mark());
    let canary = versions.iter().find(|version| version.is_canary);
    let (plan, version) = match (&args.end, canary) {
        (End { promote: true, .. }, Some(canary)) => (
            switch(&target.mark(), &found, &canary.url),
            canary.template.clone(),
        ),
        (End { abort: true, .. }, Some(_)) => {
            (switch(&target.mark(), &found, &before.url), before.template)
        }
        (End { promote: true, .. } | End { abort: true, .. }, None) => {
            return Err(Failure::input("there is no canary to promote or to abort"));
        }
        (_, Some(canary)) => return Err(canary_first(&canary.template)),
        (_, None) => new_version(&args, &target, &found).await?,
    };
    let how = CarryOut {
        target: &target,
        found: &found,
        patience: args.times.patience(),
        // What is taken back is not on trial.
        bake: (!args.end.abort).then_some(args.times.bake()),
    };
    let idle = format!("nothing to release: {version} is in service");
    let consent = (!args.yes).then_some(CONSENT);
    if !show_and_carry_out(&plan, how, &idle, consent).await? {
        return Ok(ExitCode::SUCCESS);
    }
    match args.canary {
        Some(percent) => println!(
            "{version} serves on {percent} %: flaskscale release --promote goes on, --abort goes back"
        ),
        None => println!("{version} serves"),
    }
    say_if_the_file_differs(&args, &said);
    Ok(ExitCode::SUCCESS)
}

/// The plan for the configuration's version, and the version's name.
async fn new_version(
    args: &Args,
    target: &Target,
    found: &Inventory,
) -> Result<(Plan, String), Failure> {
    let blueprint = target.blueprint(found, &args.wish).await?;
    target.say_images()?;
    let whole = plan(&blueprint, found, Terms::default());
    if let Some(id) = whole.in_the_way.first() {
        return Err(Failure::input(format!("{id} is not of this deployment")));
    }
    let acting = |plan: &Plan| plan.steps.iter().filter(|step| step.acts()).count();
    let all = acting(&whole);
    let release = whole.version_only();
    let others = all - acting(&release);
    if others > 0 {
        println!("{others} other changes of the configuration are left to flaskscale deploy");
    }
    let release = match args.canary {
        Some(percent) => as_canary(release, found, percent),
        None => release,
    };
    Ok((release, blueprint.template_name()))
}

const CONSENT: Consent<'_> = Consent {
    question: "Release this?",
    answer: "yes",
    flag: "--yes",
};

/// The file is what the next deployment goes by.
fn say_if_the_file_differs(args: &Args, said: &App) {
    let path = args.file.path.display();
    match (&args.wish.image, &said.image, &said.dockerfile) {
        (Some(image), Some(said), _) if image != said => {
            println!("{path} says {said}: the next deploy goes back to it unless it says {image}");
        }
        (Some(_), None, Some(dockerfile)) => {
            println!(
                "{path} says {dockerfile}: the next deploy builds that unless it has --image too"
            );
        }
        _ => {}
    }
}
