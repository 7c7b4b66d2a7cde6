//! Starting the local cloud, and ending it without leaving a process.

use std::{
    env,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use gce_emulator::{Conditions, Config, ContainerEngine, Emulator, Substitute};

use super::{
    deployment::Deployment,
    workload::{self, Program},
};
use crate::{
    cloud::{self, LOCAL_PROJECT},
    failure::Failure,
    secrets,
    state_dir::{self, SECRETS_FILE},
};

/// Under `cargo leptos watch` state belongs to the checkout and goes with `cargo clean`.
const DEVELOPMENT_STATE: &str = "target/dev-state";
/// Development is for looking at changes, not for waiting ten minutes for a group to shrink.
const DEVELOPMENT_SPEED: u32 = 20;

/// What somebody wants to have.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) site_port: u16,
    pub(crate) api_port: u16,
    pub(crate) state_dir: PathBuf,
    pub(crate) speed: u32,
    pub(crate) slow_operations: bool,
    pub(crate) metrics_late: bool,
    pub(crate) reset_state: bool,
    pub(crate) deployment: Deployment,
    pub(crate) program: Program,
    /// What stands for the containers of deployments.
    pub(crate) substitutes: Vec<Substitute>,
    /// The variables that they get from their containers.
    pub(crate) variables: Vec<String>,
    /// What runs the other containers, if their images are here.
    pub(crate) engine: Option<ContainerEngine>,
    pub(crate) conditions: Conditions,
    /// What the group has to do, in cores, if its machines are simulated.
    pub(crate) load: f64,
}

/// A local cloud that runs in this process.
#[derive(Debug)]
pub(crate) struct LocalCloud {
    emulator: Emulator,
    deployment: Deployment,
    api: String,
    speed: u32,
}

impl LocalCloud {
    /// Starts the emulator with what its state directory holds, and makes the deployment what it should be.
    pub(crate) async fn start(wish: &Wish) -> Result<Self, Failure> {
        state_dir::prepare(&wish.state_dir)?;
        let emulator = Emulator::start(config(wish)?)
            .await
            .map_err(|error| Failure::input_because("the local cloud cannot start", &error))?;
        let api = format!("http://{}", emulator.api_addr());
        let cloud = Self {
            emulator,
            deployment: wish.deployment.clone(),
            api,
            speed: wish.speed,
        };
        match wish
            .deployment
            .make(&cloud::local_client(&cloud.api)?)
            .await
        {
            Ok(()) => {
                let fleet = cloud.emulator.fleet();
                for group in wish.deployment.groups() {
                    fleet.set_load(&group, wish.load);
                }
                Ok(cloud)
            }
            Err(failure) => {
                cloud.stop().await;
                Err(failure)
            }
        }
    }

    /// The API's URL.
    pub(crate) fn api(&self) -> &str {
        &self.api
    }

    /// What was deployed at the start.
    pub(crate) fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// Where visitors reach the group.
    pub(crate) fn site(&self) -> Option<SocketAddr> {
        self.emulator.site_addr()
    }

    /// How many times as fast as ours the cloud's clock runs.
    pub(crate) fn speed(&self) -> u32 {
        self.speed
    }

    /// Ends every instance and the emulator. When it returns no process is left.
    pub(crate) async fn stop(self) {
        self.emulator.shutdown().await;
    }
}

/// The embedded cloud of `cargo leptos watch`, on any free ports, and the file with its secrets.
///
/// The password goes to stderr, among the lines of cargo-leptos.
pub(crate) async fn for_development() -> Result<(LocalCloud, PathBuf), Failure> {
    let state_dir = state_dir::choose(Some(DEVELOPMENT_STATE.into()))?;
    let wish = Wish {
        site_port: 0,
        api_port: 0,
        speed: DEVELOPMENT_SPEED,
        slow_operations: false,
        metrics_late: false,
        reset_state: false,
        deployment: Deployment::Tutorial,
        program: Program::Own,
        substitutes: Vec::new(),
        variables: Vec::new(),
        engine: None,
        state_dir,
        conditions: Conditions::default(),
        load: 0.0,
    };
    let cloud = LocalCloud::start(&wish).await?;
    if let Some(password) = secrets::ensure(&wish.state_dir.join(SECRETS_FILE))? {
        eprintln!("console user admin, password {password}");
    }
    Ok((cloud, wish.state_dir.join(SECRETS_FILE)))
}

fn config(wish: &Wish) -> Result<Config, Failure> {
    let own = program_path()?;
    let api_port = if wish.api_port == 0 {
        free_port()?
    } else {
        wish.api_port
    };
    Ok(Config {
        state_dir: wish.state_dir.clone(),
        project: LOCAL_PROJECT.to_owned(),
        api_port,
        site_rule: Some((wish.deployment.rule(), wish.site_port)),
        speed: wish.speed,
        slow_operations: wish.slow_operations,
        metrics_late: wish.metrics_late,
        reset_state: wish.reset_state,
        workload: workload::of(wish, api_port, &own),
        supervisor: vec![own.clone(), "__supervise".to_owned()],
        burner: vec![own, "__burn".to_owned()],
        conditions: wish.conditions.clone(),
    })
}

fn program_path() -> Result<String, Failure> {
    let path = env::current_exe()
        .map_err(|error| Failure::input_because("cannot find this program's file", &error))?;
    path.into_os_string().into_string().map_err(|path| {
        Failure::input(format!(
            "the program's path {} is not UTF-8",
            Path::new(&path).display()
        ))
    })
}

/// Instances are told the API's port before the API listens, so a free one is chosen first. Somebody
/// could take it in between; the emulator then says so and nothing has started.
fn free_port() -> Result<u16, Failure> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| Failure::input_because("no port is free", &error))
}
