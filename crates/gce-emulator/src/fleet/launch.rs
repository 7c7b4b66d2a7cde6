//! From a machine that is staged to a program that runs.

use std::{
    any::Any,
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use tokio::time::Instant;

use super::{
    container::Container,
    context::Context,
    cpu_gauge::CpuGauge,
    drill::DrillKeeper,
    marks,
    ports::Port,
    process::{Held, Spec, Supervised, append_to},
    record,
    second::Second,
    secrets::{SecretError, SecretsFile, read},
    share::reserved_cores,
    workload::Program,
};
use crate::{
    containers::{ContainerEngine, Start},
    resource::Key,
    routing::Listens,
};

/// A program that was started, with all that it holds.
pub(super) struct Running {
    pub(super) process: Supervised,
    pub(super) port: Port,
    /// By which port of its machine it is known.
    known_as: Option<u16>,
    /// What runs beside it.
    pub(super) second: Option<Second>,
    pub(super) cores: f64,
    pub(super) cpu: CpuGauge,
    pub(super) drill: DrillKeeper,
    pub(super) drills_itself: bool,
    pub(super) started: Instant,
    /// Whether its program is stopped as it stands.
    pub(super) frozen: bool,
    _metadata: Box<dyn Any + Send + Sync>,
    _secrets: Option<SecretsFile>,
}

impl Running {
    /// Where the programs were asked to listen.
    pub(super) fn listens(&self) -> Listens {
        Listens {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, self.port.number())),
            port: self.known_as,
            second: self.second.as_ref().map(Second::place),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub(super) enum LaunchError {
    #[error("no port is free: {0}")]
    Port(io::Error),
    #[error("the metadata server cannot be opened: {0}")]
    Metadata(io::Error),
    #[error("the supervisor cannot be started: {0}")]
    Supervisor(io::Error),
    #[error("the log cannot be written: {0}")]
    Log(io::Error),
    #[error(transparent)]
    Secret(#[from] SecretError),
}

/// Starts the program of an instance whose record is in the store.
pub(super) async fn launch(context: &Arc<Context>, key: &Key) -> Result<Running, LaunchError> {
    let port = context.ports.take().map_err(LaunchError::Port)?;
    let opened = context.surroundings.open_metadata(key);
    let (metadata_addr, metadata) = opened.map_err(LaunchError::Metadata)?;
    let instance = context.store.get(key);
    let machine_type = instance.as_deref().map_or("", record::machine_type);
    let cores = reserved_cores(machine_type);
    let mut program = context.settings.workload.of(instance.as_deref());
    let contained = contained(context, key, &program, port.number()).await?;
    let drills_itself = program.own && contained.is_none();
    let (contained, secrets) = contained.unzip();
    let known_as = program.port;
    let second = program.second.take();
    let spec = match contained {
        Some(spec) => spec,
        None => process(context, key, program, port.number(), metadata_addr)?,
    };
    let process = Supervised::spawn(spec).map_err(LaunchError::Supervisor)?;
    let second = second.map(|second| Second::start(context, key, &second, metadata_addr));
    Ok(Running {
        process,
        port,
        known_as,
        second: second.transpose().map_err(LaunchError::Port)?,
        cores,
        cpu: CpuGauge::new(cores),
        drill: DrillKeeper::default(),
        drills_itself,
        started: Instant::now(),
        frozen: false,
        _metadata: metadata,
        _secrets: secrets.flatten(),
    })
}

/// The container of an instance, if one is to run and its image is on this machine; and the file of its
/// secrets, if it has some.
async fn contained(
    context: &Context,
    key: &Key,
    program: &Program<'_>,
    port: u16,
) -> Result<Option<(Spec, Option<SecretsFile>)>, LaunchError> {
    let Some((engine, container)) = &program.container else {
        return Ok(None);
    };
    let Some(there) = container.port() else {
        return Ok(None);
    };
    let Some(image) = engine.image(&container.image).await else {
        missing(context, key, *engine, container).map_err(LaunchError::Log)?;
        return Ok(None);
    };
    let secrets = SecretsFile::write(&log_path(context, key), &read(context, &container.secrets)?)
        .map_err(SecretError::File)?;
    // An instance that is made anew must not meet its predecessor, which may be on its way out still.
    let name = format!("flaskscale-{}-{port}", key.name);
    let command = engine.run(&Start {
        name: &name,
        run: marks::run_of(&context.mark),
        image: &image,
        environment: &container.environment,
        secrets: secrets.as_ref().map(SecretsFile::path),
        ports: (port, there),
    });
    let spec = Spec {
        supervisor: context.settings.supervisor.clone(),
        command,
        env: Vec::new(),
        log: log_path(context, key),
        mark: mark(context, key),
        container: Some(Held {
            engine: *engine,
            name,
        }),
    };
    Ok(Some((spec, secrets)))
}

/// Says in the instance's log why its container does not run.
fn missing(
    context: &Context,
    key: &Key,
    engine: ContainerEngine,
    container: &Container,
) -> io::Result<()> {
    let mut log = append_to(&log_path(context, key))?;
    let engine = engine.program();
    writeln!(
        log,
        "{} is not on this machine: fetch it with {engine} pull, or build it with {engine} build",
        container.image
    )
}

fn process(
    context: &Context,
    key: &Key,
    program: Program<'_>,
    port: u16,
    metadata: SocketAddr,
) -> Result<Spec, LaunchError> {
    let Program {
        command,
        mut env,
        secrets,
        ..
    } = program;
    env.extend(read(context, &secrets)?);
    Ok(Spec {
        supervisor: context.settings.supervisor.clone(),
        command: on_port(command, port),
        env: environment(env, port, metadata),
        log: log_path(context, key),
        mark: mark(context, key),
        container: None,
    })
}

/// A command that is told its port.
pub(super) fn on_port(command: &[String], port: u16) -> Vec<String> {
    let words = command.iter();
    words.map(|word| filled(word, port)).collect()
}

/// What a program is told by its environment.
pub(super) fn environment(
    given: Vec<(String, String)>,
    port: u16,
    metadata: SocketAddr,
) -> Vec<(String, String)> {
    let own = [
        ("PORT".to_owned(), port.to_string()),
        ("GCE_METADATA_HOST".to_owned(), metadata.to_string()),
    ];
    let given = given.into_iter();
    let given = given.map(|(name, value)| (name, filled(&value, port)));
    given.chain(own).collect()
}

fn filled(text: &str, port: u16) -> String {
    text.replace("$PORT", &port.to_string())
}

pub(super) fn mark(context: &Context, key: &Key) -> String {
    format!("{}{}", context.mark, key.name)
}

/// The log of an instance. Two zones may each have one of that name.
pub(super) fn log_path(context: &Context, key: &Key) -> PathBuf {
    let zone = super::audit::location(key);
    context
        .settings
        .log_dir
        .join(format!("{zone}.{}.log", key.name))
}

/// The last line of a log, which mostly says why a program ended.
pub(super) fn last_line(log: &std::path::Path) -> Option<String> {
    let text = std::fs::read(log).ok()?;
    let end = &text[text.len().saturating_sub(4096)..];
    let end = String::from_utf8_lossy(end);
    let line = end
        .lines()
        .rev()
        .map(str::trim)
        .find(|line| !line.is_empty())?;
    Some(line.chars().take(300).collect())
}

/// Forgets the logs of instances that are long gone.
pub(super) fn prune_logs(context: &Context) -> io::Result<()> {
    if context.settings.simulated {
        return Ok(());
    }
    let living: Vec<PathBuf> = context
        .roster
        .machines()
        .iter()
        .map(|machine| machine.log_path.clone())
        .collect();
    let mut logs = Vec::new();
    for entry in std::fs::read_dir(&context.settings.log_dir)? {
        let entry = entry?;
        let belongs = |log: &PathBuf| {
            entry
                .path()
                .to_string_lossy()
                .starts_with(&*log.to_string_lossy())
        };
        if !living.iter().any(belongs) {
            logs.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    logs.sort();
    let surplus = logs.len().saturating_sub(KEEP_LOGS);
    logs.iter()
        .take(surplus)
        .try_for_each(|(_, path)| std::fs::remove_file(path))
}

/// How many logs of instances that are gone stay for the curious.
const KEEP_LOGS: usize = 50;
