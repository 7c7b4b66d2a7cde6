//! `flaskscale open`: the deployed site, in the browser.

use std::process::ExitCode;

use crate::{
    deploy::{File, site_url},
    failure::Failure,
    logs,
};

/// The flags of `open`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    file: File,
    /// Print the site's URL, and open nothing
    #[arg(long)]
    print: bool,
}

pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    logs::start("warn");
    let target = args.file.open()?;
    let found = target.inventory().await?;
    let Some(url) = site_url(&target, &found) else {
        let name = target.name();
        return Err(Failure::input(format!(
            "{name} is reached nowhere yet: flaskscale deploy"
        )));
    };
    println!("{url}");
    if !args.print {
        open::that(&url).map_err(|error| {
            Failure::broken_because(
                "no browser can be started here: open the address by hand",
                &error,
            )
        })?;
    }
    Ok(ExitCode::SUCCESS)
}
