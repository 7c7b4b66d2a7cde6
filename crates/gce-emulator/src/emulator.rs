//! The whole local cloud, started and ended in order.
//!
//! ```text
//! ports and state first (they can be refused) ─▶ balancer ─▶ fleet ─▶ API ─▶ ready
//! ```

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    api::{self, Cloud, Parts, Server},
    balancer::{Balancer, ListenError, TrafficRecorder},
    clock::{Clock, Pace},
    faults::{self, Faults},
    fleet::{Fleet, FleetError, FleetHandle, Settings, Workload},
    housekeeping, identity,
    metrics::Metrics,
    routing::{Router, Site},
    store::{self, OpenError, Store, StoreError},
    surroundings::Around,
};

/// Between TERM and KILL. Real programs need real time, whatever the speed of the clock.
const GRACE: Duration = Duration::from_secs(10);

/// How long requests under way may take once no instance is left to answer them.
const DRAIN: Duration = Duration::from_millis(200);

/// How a local cloud is to be.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the state lives; made if need be, and held by one program at a time.
    pub state_dir: PathBuf,
    pub project: String,
    /// The loopback port of the API; 0 for any free one.
    pub api_port: u16,
    /// The forwarding rule with a port of its own, and that port; 0 for any free one.
    pub site_rule: Option<(String, u16)>,
    /// How many emulated seconds pass in a real one: 1 to 60.
    pub speed: u32,
    /// Whether operations answer RUNNING first, as Google's mostly do.
    pub slow_operations: bool,
    /// Whether metrics can be read only as late as at Google.
    pub metrics_late: bool,
    /// Whether to move the state file out of the way first.
    pub reset_state: bool,
    pub workload: Workload,
    /// The program that holds an instance, for example `["/path/flaskscale", "__supervise"]`.
    pub supervisor: Vec<String>,
    /// The program that burns CPU in a drill, for example `["/path/flaskscale", "__burn"]`.
    pub burner: Vec<String>,
    pub conditions: Conditions,
}

/// What is out of the ordinary, for tests and drills. The default is nothing.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// The faults that are on from the start.
    pub faults: Vec<faults::Request>,
    /// Whether a call of the API needs a token that this cloud has issued.
    pub require_auth: bool,
    /// Whether the clock stands still until `POST /_emulator/advance?seconds=N`.
    pub manual: bool,
    /// Whether instances have no program: they live, and share a load that is given.
    pub simulated: bool,
}

/// Why the local cloud did not start: one line each. Nothing is left running.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the speed must be from 1 to 60, not {0}")]
    Speed(u32),
    #[error("cannot listen on 127.0.0.1:{port} for the {what}")]
    Port {
        what: &'static str,
        port: u16,
        source: io::Error,
    },
    #[error(transparent)]
    State(#[from] OpenError),
    #[error("the state could not be written")]
    Store(#[from] StoreError),
    #[error("the command {program:?} is not a program that can be started")]
    Command { program: String },
    #[error("the balancer could not be started")]
    Balancer(#[source] io::Error),
    #[error("the fleet could not be started")]
    Fleet(#[from] FleetError),
}

/// A running local cloud. [`Emulator::shutdown`] ends it in order; dropping it ends everything at
/// once, the instances by the closed pipes of their supervisors.
#[derive(Debug)]
pub struct Emulator {
    server: Server,
    fleet: Fleet,
    balancer: Arc<Balancer>,
    site: Option<Site>,
    clock: Clock,
    metrics: Metrics,
    store: Store,
    tasks: JoinSet<()>,
}

impl Emulator {
    /// Starts a local cloud, continuing with the state that its directory holds.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        check(&config)?;
        let listener = listen(config.api_port).await?;
        if config.reset_state {
            set_aside(&config.state_dir)?;
        }
        let store = Store::open(&config.state_dir, &config.project)?;
        identity::prepare(&store).await?;
        let pace = if config.conditions.manual {
            Pace::Manual
        } else {
            Pace::Speed(config.speed)
        };
        let clock = Clock::resume_at(&store, pace).await?;
        let metrics = Metrics::open(store.clone()).await?;
        let balancer = Arc::new(Balancer::paced(clock.clone()).map_err(StartError::Balancer)?);
        let site = config
            .site_rule
            .clone()
            .map(|(rule, port)| Site { rule, port });
        let router = Arc::new(Router::new(
            Arc::clone(&balancer),
            store.clone(),
            site.clone(),
        ));
        router
            .refresh()
            .map_err(|errors| taken(errors, site.as_ref()))?;

        let faults = Faults::default();
        for fault in config.conditions.faults.iter().cloned() {
            faults.add(fault);
        }
        let around = Around::new(store.clone(), clock.clone(), &router, &balancer);
        let settings = settings(&config, faults.clone());
        let fleet = Fleet::start(
            store.clone(),
            clock.clone(),
            metrics.clone(),
            settings,
            around,
        )
        .await?;
        let handle = fleet.handle();
        let machines = handle.clone();
        router.attach(move || FleetHandle::endpoints(&machines.machines()));

        let cloud = Cloud::new(Parts {
            store: store.clone(),
            clock: clock.clone(),
            metrics: metrics.clone(),
            fleet: handle.clone(),
            slow_operations: config.slow_operations,
            metrics_late: config.metrics_late,
            listeners: balancer.listeners(),
            health: balancer.health(),
            faults,
            require_auth: config.conditions.require_auth,
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(clock.clone().keep_saved(store.clone()));
        tasks.spawn(metrics.clone().keep_saved());
        tasks.spawn(housekeeping::keep(cloud.clone()));
        tasks.spawn(record_traffic(
            Arc::clone(&balancer),
            metrics.clone(),
            clock.clone(),
            config.project,
        ));
        tasks.spawn(async move { router.follow(handle.watch()).await });
        let server = Server::start(listener, |port| api::router(cloud, port));
        let server = server.map_err(|source| port_error("API", config.api_port, source))?;
        Ok(Self {
            server,
            fleet,
            balancer,
            site,
            clock,
            metrics,
            store,
            tasks,
        })
    }

    /// Where the API listens.
    pub fn api_addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// Where the site's forwarding rule listens.
    pub fn site_addr(&self) -> Option<SocketAddr> {
        let rule = &self.site.as_ref()?.rule;
        self.balancer.listeners().borrow().get(rule).copied()
    }

    /// The cloud's clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The instances.
    pub fn fleet(&self) -> FleetHandle {
        self.fleet.handle()
    }

    /// Ends the instances with TERM, grace and KILL, then the rest; saves what is to be kept.
    /// When this returns, no process is left and the state directory is free.
    pub async fn shutdown(mut self) {
        self.server.shutdown().await;
        self.fleet.shutdown().await;
        self.balancer.shutdown(DRAIN).await;
        self.tasks.shutdown().await;
        let saved = async {
            self.metrics.flush().await?;
            self.clock.save_exactly(&self.store).await
        };
        if let Err(error) = saved.await {
            tracing::error!(%error, "the last metrics could not be saved");
        }
    }
}

fn settings(config: &Config, faults: Faults) -> Settings {
    Settings {
        log_dir: config.state_dir.join("logs"),
        workload: config.workload.clone(),
        simulated: config.conditions.simulated,
        supervisor: config.supervisor.clone(),
        burner: config.burner.clone(),
        grace: GRACE,
        faults,
    }
}

/// Refuses what could never work, before anything is touched.
fn check(config: &Config) -> Result<(), StartError> {
    if !(1..=60).contains(&config.speed) {
        return Err(StartError::Speed(config.speed));
    }
    let workload = &config.workload;
    let substitutes = workload.containers.iter().map(|it| &it.command);
    for command in [&workload.command, &config.supervisor]
        .into_iter()
        .chain(substitutes)
    {
        let program = command.first().cloned().unwrap_or_default();
        if !can_start(&program) {
            return Err(StartError::Command { program });
        }
    }
    Ok(())
}

/// Whether there is an executable file of this name, on the `PATH` unless the name is a path.
fn can_start(program: &str) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let executable = |path: &Path| {
        path.metadata()
            .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    };
    if program.contains('/') {
        return executable(Path::new(program));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    !program.is_empty() && std::env::split_paths(&path).any(|dir| executable(&dir.join(program)))
}

async fn listen(port: u16) -> Result<TcpListener, StartError> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    listener.map_err(|source| port_error("API", port, source))
}

fn port_error(what: &'static str, port: u16, source: io::Error) -> StartError {
    StartError::Port { what, port, source }
}

/// Begins anew: the old state file gets the date into its name.
fn set_aside(dir: &Path) -> Result<(), OpenError> {
    let now = jiff::Timestamp::now()
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string();
    if let Some(kept) = store::set_aside(dir, &now)? {
        tracing::info!(path = %kept.display(), "the old state file was renamed");
    }
    Ok(())
}

fn taken(errors: Vec<ListenError>, site: Option<&Site>) -> StartError {
    let of_site = |error: &ListenError| site.is_some_and(|site| site.rule == error.rule);
    let port = site.map_or(0, |site| site.port);
    let found = errors.into_iter().find(of_site).map(|error| error.source);
    let source = found.unwrap_or_else(|| io::Error::other("a forwarding rule has no port"));
    port_error("site", port, source)
}

/// Turns what went through the balancer into metrics, every real second.
async fn record_traffic(balancer: Arc<Balancer>, metrics: Metrics, clock: Clock, project: String) {
    let mut recorder = TrafficRecorder::new(metrics, project, clock.speed());
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    loop {
        ticks.tick().await;
        recorder.record(clock.now(), &balancer.take_traffic());
    }
}
