//! `flaskscale rollback`: back to a version that was released before.

use std::{process::ExitCode, time::Duration};

use control_plane::deployment::{Version, switch};

use super::deploy::PATIENCE_S;
use crate::{
    deploy::{CarryOut, Consent, File, show_and_carry_out},
    failure::Failure,
    logs,
};

/// The flags of `rollback`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The version, as `flaskscale versions` lists it [default: the one before the one in service]
    version: Option<String>,
    #[command(flatten)]
    file: File,
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
    let versions = found.versions(&target.mark());
    let version = chosen(&versions, args.version.as_deref())?;
    let plan = switch(&target.mark(), &found, &version.url);
    let how = CarryOut {
        target: &target,
        found: &found,
        patience: Duration::from_secs(args.patience),
        bake: None,
    };
    let idle = format!("nothing to do: {} is in service", version.template);
    let consent = (!args.yes).then_some(CONSENT);
    if show_and_carry_out(&plan, how, &idle, consent).await? {
        println!("{} serves", version.template);
    }
    Ok(ExitCode::SUCCESS)
}

const CONSENT: Consent<'_> = Consent {
    question: "Go back to this?",
    answer: "yes",
    flag: "--yes",
};

/// The named one; else the newest that is older than what is in service.
fn chosen<'a>(versions: &'a [Version], named: Option<&str>) -> Result<&'a Version, Failure> {
    if let Some(name) = named {
        let version = versions.iter().find(|version| version.template == name);
        return version.ok_or_else(|| {
            let known: Vec<&str> = versions.iter().map(|one| one.template.as_str()).collect();
            Failure::input(format!(
                "there is no version {name}; there are: {}",
                known.join(", ")
            ))
        });
    }
    let newer_first = versions.iter();
    let mut older = newer_first.skip_while(|version| !version.in_service);
    older
        .find(|version| !version.in_service)
        .ok_or_else(|| Failure::input("there is no version before the one in service"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn version(template: &str, in_service: bool) -> Version {
        Version {
            template: template.to_owned(),
            url: String::new(),
            image: None,
            created: String::new(),
            in_service,
            is_canary: false,
        }
    }

    #[test]
    fn back_is_to_the_version_before_the_one_in_service() {
        let versions = [
            version("d", false),
            version("c", true),
            version("b", false),
            version("a", false),
        ];
        assert_eq!(chosen(&versions, None).unwrap().template, "b");
        assert_eq!(chosen(&versions, Some("d")).unwrap().template, "d");
        assert!(
            chosen(&versions, Some("e"))
                .unwrap_err()
                .to_string()
                .contains("d, c, b, a")
        );
        assert!(chosen(&versions[..2], None).is_err());
    }
}
