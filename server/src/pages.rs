//! One instance of FlaskScale: the pages with everything they need, served until the program stops.

use std::sync::Arc;

use app::Services;

use crate::{
    cloud::Connection,
    drill, identity,
    secrets::Vault,
    session::Doorkeeper,
    signals, site,
    web::{
        Bound, Shutdown,
        console_host::ConsoleHost,
        metrics::Metrics,
        stack::{self, Parts},
        visitor::Proxy,
    },
};

/// What differs from one instance to another.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) connection: Connection,
    pub(crate) vault: Vault,
    pub(crate) proxy: Proxy,
    pub(crate) console_host: ConsoleHost,
    /// Whether the public page shows the fleet's counts.
    pub(crate) public_status: bool,
    /// Whether stress drills may be started, and are obeyed.
    pub(crate) drills: bool,
    pub(crate) metrics_token: Option<String>,
}

/// Serves until `shutdown` begins and everything has drained.
pub(crate) async fn serve(bound: Bound, setup: Setup, shutdown: &Shutdown) {
    let vault = setup.vault;
    let connection = setup.connection;
    let requests = Arc::new(signals::window(connection.speed));
    let metrics = Arc::new(Metrics::new(setup.metrics_token, requests.clone()));
    if let (true, Some(metadata)) = (setup.drills, connection.metadata.clone()) {
        tokio::spawn(drill::obey(metadata, connection.speed, shutdown.watch()));
    }
    tokio::spawn(signals::publish(
        connection.clone(),
        requests,
        shutdown.watch(),
    ));
    let services = Services {
        instance: identity::learn(connection.metadata.as_ref()).await,
        control: connection.control,
        no_cloud: connection.no_cloud,
        cloud: connection.label,
        public_status: setup.public_status,
        console: vault.current().map(|_| ()),
        drills: setup.drills,
        faults: connection.faults,
        shutdown: shutdown.watch(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let site_root = site::root();
    let options = site::leptos_options(&site_root);
    let router = stack::router(Parts {
        app: app::router(Arc::new(services), options),
        page_paths: app::page_paths(),
        site_root,
        hashed_names: site::hashed_names(),
        door: Arc::new(Doorkeeper::new(
            vault,
            setup.proxy.clone(),
            setup.console_host,
            metrics.clone(),
        )),
        metrics,
        proxy: setup.proxy,
        draining: shutdown.watch(),
    });
    tracing::info!(address = %bound.address(), "serving");
    bound.serve(router, shutdown).await;
}
