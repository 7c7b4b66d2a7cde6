//! `flaskscale serve`: one instance.

use std::{
    env,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
    str::FromStr,
};

use super::stop_asked;
use crate::{
    cloud::{self, CloudChoice, Connection, Found},
    failure::Failure,
    logs::{self, Style},
    pages::{self, Setup},
    secrets::{AT_GOOGLE, LOCALLY, SecretManager, Vault},
    site,
    web::{self, Shutdown, console_host::ConsoleHost, visitor::Proxy},
};

/// In a container, as the tutorial has it.
const PORT: u16 = 5000;
/// Under `cargo leptos watch`.
const WATCHED_PORT: u16 = 3000;

/// The flags of `serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Port to listen on; 0 means any free one [default: $PORT, else LEPTOS_SITE_ADDR's, else 5000]
    #[arg(long)]
    port: Option<u16>,
    /// The cloud to look after
    #[arg(long, value_enum, default_value_t = CloudChoice::Auto)]
    cloud: CloudChoice,
}

pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let stop = stop_asked()?;
    let proxy = proxy()?;
    let public_status = switch("FLASKSCALE_PUBLIC_STATUS", true)?;
    let address = SocketAddr::new(address()?, port(args.port)?);
    let found = args.cloud.find(site::watched()).await?;
    logs::start_instance(Style::choose(found == Found::Google).await?);
    let local = matches!(found, Found::Local(_) | Found::Embedded);
    let cloud = open(found).await?;
    let shutdown = Shutdown::new();
    let ending = shutdown.clone();
    tokio::spawn(async move {
        stop.await;
        tracing::info!("draining");
        ending.begin();
    });
    let Some(vault) = vault(&cloud, local, &shutdown).await? else {
        return Ok(ExitCode::SUCCESS);
    };
    // Only now, so that no prober finds an instance healthy that cannot tell who is logged in.
    let bound = web::bind(address).await?;
    let setup = Setup {
        connection: cloud.connection,
        vault,
        proxy,
        console_host: ConsoleHost::from_setting(env::var("FLASKSCALE_CONSOLE_HOST").ok()),
        public_status,
        drills: switch("FLASKSCALE_DRILLS", local)?,
        metrics_token: env::var("FLASKSCALE_METRICS_TOKEN")
            .ok()
            .filter(|token| !token.is_empty()),
    };
    pages::serve(bound, setup, &shutdown).await;
    #[cfg(feature = "local")]
    if let Some(embedded) = cloud.embedded {
        embedded.stop().await;
    }
    Ok(ExitCode::SUCCESS)
}

/// The secrets of Secret Manager if the environment names them there, else those of a file. `None` if
/// the program stops before they can be read.
async fn vault(cloud: &Opened, local: bool, shutdown: &Shutdown) -> Result<Option<Vault>, Failure> {
    let read_every = if local { LOCALLY } else { AT_GOOGLE };
    let Some(manager) = SecretManager::from_env(cloud.connection.client.as_ref(), read_every)?
    else {
        let file = cloud.secrets_file.clone();
        let file = file.or_else(|| env::var_os("FLASKSCALE_SECRETS_FILE").map(PathBuf::from));
        return Ok(Some(Vault::open(file)));
    };
    let mut stopping = shutdown.watch();
    tokio::select! {
        vault = Vault::of_manager(manager) => Ok(Some(vault)),
        _ = stopping.wait_for(|stopping| *stopping) => Ok(None),
    }
}

/// A connection, and the local cloud behind it if it lives in this process.
struct Opened {
    connection: Connection,
    secrets_file: Option<PathBuf>,
    #[cfg(feature = "local")]
    embedded: Option<crate::up::LocalCloud>,
}

async fn open(found: Found) -> Result<Opened, Failure> {
    let connection = match found {
        Found::Nothing => Connection::none(),
        Found::Google => Connection::google().await?,
        Found::Local(url) => Connection::local(&url, cloud::local_speed(&url).await)?,
        #[cfg(feature = "local")]
        Found::Embedded => return embed().await,
        #[cfg(not(feature = "local"))]
        Found::Embedded => Connection::none(),
    };
    Ok(Opened {
        connection,
        secrets_file: None,
        #[cfg(feature = "local")]
        embedded: None,
    })
}

#[cfg(feature = "local")]
async fn embed() -> Result<Opened, Failure> {
    let (cloud, secrets_file) = crate::up::for_development().await?;
    let connection = Connection::local(cloud.api(), cloud.speed())?;
    Ok(Opened {
        connection,
        secrets_file: Some(secrets_file),
        embedded: Some(cloud),
    })
}

/// The flag, else `$PORT`, else the port of `LEPTOS_SITE_ADDR`, else the default.
pub(super) fn port(flag: Option<u16>) -> Result<u16, Failure> {
    if let Some(port) = flag {
        return Ok(port);
    }
    if let Some(port) = setting::<u16>("PORT", "a port from 0 to 65535")? {
        return Ok(port);
    }
    let address = setting::<SocketAddr>(
        "LEPTOS_SITE_ADDR",
        "an address with a port, like 127.0.0.1:3000",
    )?;
    let default = if site::watched() { WATCHED_PORT } else { PORT };
    Ok(address.map_or(default, |address| address.port()))
}

fn address() -> Result<IpAddr, Failure> {
    let address = setting::<IpAddr>("FLASKSCALE_BIND", "an IP address, like 0.0.0.0")?;
    Ok(address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)))
}

fn proxy() -> Result<Proxy, Failure> {
    match env::var("FLASKSCALE_PROXY").unwrap_or_default().as_str() {
        "" | "none" => Ok(Proxy::None),
        "google" => Ok(Proxy::Google),
        other => Err(Failure::input(format!(
            "FLASKSCALE_PROXY is {other:?}; google or none is allowed"
        ))),
    }
}

fn switch(name: &str, default: bool) -> Result<bool, Failure> {
    match env::var(name).unwrap_or_default().as_str() {
        "" => Ok(default),
        "on" => Ok(true),
        "off" => Ok(false),
        other => Err(Failure::input(format!(
            "{name} is {other:?}; on or off is allowed"
        ))),
    }
}

fn setting<T: FromStr>(name: &str, allowed: &str) -> Result<Option<T>, Failure> {
    match env::var(name) {
        Ok(text) if !text.is_empty() => text
            .parse()
            .map(Some)
            .map_err(|_| Failure::input(format!("{name} is {text:?}; {allowed} is allowed"))),
        _ => Ok(None),
    }
}
