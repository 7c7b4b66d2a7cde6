//! `flaskscale destroy`: removes everything that bears a deployment's mark, and nothing else.

use std::process::ExitCode;

use control_plane::deployment::{Cost, Plan, removal};

use crate::{
    deploy::{Consent, File, Target, agreed, locked, money, records_of_others, take},
    failure::Failure,
    logs,
};

/// The flags of `destroy`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    file: File,
    /// Show what would be removed, and do nothing
    #[arg(long)]
    plan: bool,
    /// The deployment's name, which agrees to its removal
    #[arg(long, value_name = "NAME", conflicts_with = "plan")]
    confirm: Option<String>,
}

pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    logs::start("warn");
    let target = args.file.open()?;
    let (name, mark) = (target.name(), target.mark());
    let found = target.inventory().await?;
    let plan = removal(&mark, &found);
    println!("{name} in the project {}", target.client.project());
    if plan.is_empty() {
        println!("nothing of it is there");
        return Ok(ExitCode::SUCCESS);
    }
    print!("{plan}");
    println!("costs {} until it is gone", money(&Cost::of(&mark, &found)));
    if args.plan {
        return Ok(ExitCode::SUCCESS);
    }
    let is_agreed = match &args.confirm {
        Some(given) if given != name => {
            return Err(Failure::input(format!(
                "--confirm {given}: the deployment's name is {name}"
            )));
        }
        Some(_) => true,
        None => agreed(Consent {
            question: "This cannot be undone.",
            answer: name,
            flag: &format!("--confirm {name}"),
        })?,
    };
    if !is_agreed {
        println!("nothing was done");
        return Ok(ExitCode::SUCCESS);
    }
    locked(&target, None, remove(&target, &plan)).await?;
    println!("nothing of it is left");
    // Google gives a released address to somebody else, who could then answer for the domain.
    for record in records_of_others(&target, &found) {
        println!("DNS record to remove now, since others may get the address: {record}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Removes what is left of what was agreed to, unless there is something else by now, and looks whether
/// it is gone.
async fn remove(target: &Target, agreed_to: &Plan) -> Result<(), Failure> {
    let mark = target.mark();
    let plan = removal(&mark, &target.inventory().await?);
    if !plan.is_within(agreed_to) {
        return Err(Failure::input(
            "what is there has changed since it was shown: nothing was done, look again",
        ));
    }
    take(&plan, target).await?;
    let rest = removal(&mark, &target.inventory().await?);
    if rest.is_empty() {
        return Ok(());
    }
    Err(Failure::broken(format!(
        "some of it is still there:\n{rest}"
    )))
}
