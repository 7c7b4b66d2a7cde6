//! `flaskscale up`: one command, and a real fleet.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::ValueEnum;
use gce_emulator::{Conditions, ContainerEngine, Substitute, faults::Request as FaultRequest};

use super::stop_asked;
use crate::{
    cloud::Connection,
    deploy::read_configuration,
    failure::Failure,
    logs,
    own_console::{self, OwnConsole},
    secrets,
    state_dir::{self, SECRETS_FILE},
    up::{self, Deployment, LocalCloud, Program, Wish},
    web::Bound,
};

/// The flags of `up`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Port of the load balancer; 0 means any free one
    #[arg(long, default_value_t = 8080)]
    site_port: u16,
    /// Port of the emulated Google APIs; 0 means any free one
    #[arg(long, default_value_t = 8085)]
    api_port: u16,
    /// Where everything is kept that must survive [default: the platform's data directory]
    #[arg(long)]
    state_dir: Option<PathBuf>,
    /// How many times as fast as ours the cloud's clock runs: 1 to 60
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=60))]
    speed: u32,
    /// What an instance is: a process of its own, or a row that lives like one, for groups of thousands
    #[arg(long, value_enum, default_value_t = Machines::Processes)]
    machines: Machines,
    /// With simulated machines: how many cores the group has to do; `POST /_emulator/load` changes it
    #[arg(long, value_name = "CORES", value_parser = cores)]
    load: Option<f64>,
    /// Whether the cloud's clock runs, or stands still until `POST /_emulator/advance?seconds=N`
    #[arg(long, value_enum, default_value_t = Pace::Running)]
    pace: Pace,
    /// How operations of the API end: at once, or after a while as Google's mostly do
    #[arg(long, value_enum, default_value_t = Operations::Fast)]
    operations: Operations,
    /// When metrics can be read: at once, or as late as at Google, minutes after the fact
    #[arg(long, value_enum, default_value_t = Metrics::Fresh)]
    metrics: Metrics,
    /// Rename the old state and begin anew
    #[arg(long)]
    reset_state: bool,
    /// Start with a fault, as JSON: {"type": "stockout", "zone": "*"}; may be given again
    #[arg(long = "fault", value_name = "JSON", value_parser = FaultRequest::from_json)]
    faults: Vec<FaultRequest>,
    /// Refuse calls of the API without a token that the local cloud has issued
    #[arg(long)]
    require_auth: bool,
    /// Whether docker or podman, the first that works here, run the containers of instances. Only images
    /// that are on this machine are run, or in a registry of it
    #[arg(long, value_enum, default_value_t = Containers::Auto)]
    containers: Containers,
    /// Run this command instead of containers of this image; $PORT is set. With several, the one that says
    /// most of an image's name is taken
    #[arg(long = "image-command", value_name = "IMAGE=CMD", value_parser = up::substitute)]
    substitutes: Vec<Substitute>,
    /// A variable that such a command gets as its container would. Only those that are named: others could
    /// make a program load what it should not, and whoever reaches the API could set them
    #[arg(long = "image-variable", value_name = "NAME")]
    variables: Vec<String>,
    /// Deploy what this flaskscale.toml says instead of the tutorial's group: its regions, machines, ports,
    /// policy and variables. Its container is built or fetched first, unless a command stands for it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Scale this program instead of our own site; $PORT is replaced in its arguments and set
    #[arg(last = true, value_name = "CMD")]
    command: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Operations {
    Fast,
    Slow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Metrics {
    Fresh,
    Late,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Containers {
    Auto,
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Pace {
    Running,
    Manual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Machines {
    Processes,
    Simulated,
}

fn cores(text: &str) -> Result<f64, String> {
    let cores = text.parse().ok();
    cores
        .filter(|cores| (0.0..=1e6).contains(cores))
        .ok_or_else(|| "it must be a number of cores from 0 to 1000000".to_owned())
}

pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    if !cfg!(target_os = "linux") {
        return Err(Failure::input(
            "`flaskscale up` needs Linux; elsewhere: docker build -t flaskscale-local --target local . && \
             docker run --rm -it -p 127.0.0.1:8080:8080 -p 127.0.0.1:8085:8085 flaskscale-local",
        ));
    }
    logs::start("warn");
    let stop = stop_asked()?;
    tokio::pin!(stop);
    let started = async {
        let wish = wish(&args, engine(&args).await)?;
        if let Some(path) = &args.config {
            have_container(&wish, path).await?;
        }
        Ok((LocalCloud::start(&wish).await?, wish))
    };
    let (cloud, wish) = tokio::select! {
        started = started => started?,
        () = &mut stop => return Ok(ExitCode::SUCCESS),
    };
    let result = tokio::select! {
        result = present(&cloud, &wish) => result,
        () = &mut stop => {
            cloud.stop().await;
            return Ok(ExitCode::SUCCESS);
        }
    };
    match result {
        Ok(console) => {
            stop.await;
            if let Some(console) = console {
                console.end().await;
            }
        }
        Err(failure) => {
            cloud.stop().await;
            return Err(failure);
        }
    }
    cloud.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// What runs containers. Simulated machines run nothing.
async fn engine(args: &Args) -> Option<ContainerEngine> {
    if args.containers == Containers::Off || args.machines == Machines::Simulated {
        return None;
    }
    ContainerEngine::find().await
}

/// The container of a file's deployment, if it is to be run.
async fn have_container(wish: &Wish, file: &Path) -> Result<(), Failure> {
    let deployment = &wish.deployment;
    let (Program::Container, Some(engine)) = (&wish.program, wish.engine) else {
        return Ok(());
    };
    let (Some(configuration), Some(image)) = (deployment.configuration(), deployment.image())
    else {
        return Ok(());
    };
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    up::have_image(engine, configuration, &image, folder).await
}

fn wish(args: &Args, engine: Option<ContainerEngine>) -> Result<Wish, Failure> {
    if args.pace == Pace::Manual && args.speed != 1 {
        return Err(Failure::input(
            "--speed says how fast a clock runs, and with --pace manual it stands still: give one of the two",
        ));
    }
    let simulated = args.machines == Machines::Simulated;
    if simulated && !args.command.is_empty() {
        return Err(Failure::input(
            "--machines simulated starts no program, so there is no use for a command",
        ));
    }
    if args.load.is_some() && !simulated {
        return Err(Failure::input(
            "--load is for --machines simulated: the load of a process is what it does",
        ));
    }
    let deployment = match &args.config {
        Some(path) => Deployment::configured(read_configuration(path)?),
        None => Deployment::Tutorial,
    };
    let (program, substitutes) = programs(args, &deployment, engine)?;
    let variables = [args.variables.clone(), deployment.variables()].concat();
    Ok(Wish {
        site_port: args.site_port,
        api_port: args.api_port,
        state_dir: match deployment.folder() {
            Some(name) => state_dir::choose_for(args.state_dir.clone(), name)?,
            None => state_dir::choose(args.state_dir.clone())?,
        },
        speed: args.speed,
        slow_operations: args.operations == Operations::Slow,
        metrics_late: args.metrics == Metrics::Late,
        reset_state: args.reset_state,
        deployment,
        program,
        substitutes,
        variables,
        engine,
        conditions: Conditions {
            faults: args.faults.clone(),
            require_auth: args.require_auth,
            manual: args.pace == Pace::Manual,
            simulated,
        },
        load: args.load.unwrap_or(0.0),
    })
}

/// What instances run: of a file's deployment the program that stands for its container, whatever
/// version of it, and gets the container's variables; else the container.
fn programs(
    args: &Args,
    deployment: &Deployment,
    engine: Option<ContainerEngine>,
) -> Result<(Program, Vec<Substitute>), Failure> {
    let mut substitutes = args.substitutes.clone();
    let Some(image) = deployment.image() else {
        let program = match args.command.as_slice() {
            [] => Program::Own,
            command => Program::Foreign(command.to_vec()),
        };
        return Ok((program, substitutes));
    };
    if !args.command.is_empty() {
        substitutes.push(Substitute::for_any_version(&image, args.command.clone()));
    }
    match substitutes.first() {
        Some(first) => Ok((Program::Foreign(first.command.clone()), substitutes)),
        None if args.machines == Machines::Simulated => Ok((Program::Own, substitutes)),
        None if engine.is_some() => Ok((Program::Container, substitutes)),
        None => Err(Failure::input(format!(
            "neither docker nor podman runs containers here: start one of them, or say what stands for \
             {image}, as in flaskscale up --config FILE -- ./serve --port '$PORT'"
        ))),
    }
}

/// Makes the secrets, waits for the group, and tells where everything is. Under a clock that stands
/// still there is nothing to wait for: whoever advances it must know where. Nor do simulated machines
/// ever become healthy, since nothing is there to answer a probe.
///
/// Gives the console where it is not behind the site: beside a workload that is foreign, or simulated.
async fn present(cloud: &LocalCloud, wish: &Wish) -> Result<Option<OwnConsole>, Failure> {
    let secrets_file = wish.state_dir.join(SECRETS_FILE);
    let password = secrets::ensure(&secrets_file)?;
    let conditions = &wish.conditions;
    let console = match wish.program {
        Program::Own if !conditions.simulated => None,
        _ => {
            let connection = Connection::local(cloud.api(), cloud.speed())?;
            let bound = next_to(wish.site_port).await?;
            Some(OwnConsole::serve(bound, connection, secrets_file))
        }
    };
    if !conditions.manual && !conditions.simulated {
        up::until_healthy(cloud).await?;
    }
    let site = cloud
        .site()
        .ok_or_else(|| Failure::input("the site's forwarding rule listens on no port"))?;
    println!("site http://{site}");
    match &console {
        Some(console) => println!("console {}", console.url()),
        None => println!("console http://{site}/admin"),
    }
    println!("api {}", cloud.api());
    if let Some(engine) = wish.engine {
        println!("containers {}", engine.program());
    }
    if let Some(password) = password {
        println!("password {password}");
    }
    println!("ready");
    Ok(console)
}

/// The port behind the site's, so that a bookmark keeps working, or any free one.
async fn next_to(site_port: u16) -> Result<Bound, Failure> {
    if let Some(port) = site_port.checked_add(1).filter(|_| site_port != 0)
        && let Ok(bound) = own_console::bind(port).await
    {
        return Ok(bound);
    }
    own_console::bind(0).await
}
