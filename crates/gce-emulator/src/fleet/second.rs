//! FlaskScale's console beside the app of an instance, as its unit at Google keeps it: it is started again
//! whenever it ends, and its end is none of the app's business.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{
    context::Context,
    launch::{environment, log_path, mark, on_port},
    ports::Port,
    process::{Spec, Supervised},
    workload::SecondProgram,
};
use crate::{resource::Key, supervise::protocol::Event};

/// From its end to its next start, as its unit says. Real time: it is real software that is to recover.
const RESTART: Duration = Duration::from_secs(5);

/// A second program that is kept running. Dropping it ends the program too.
pub(super) struct Second {
    known_as: u16,
    addr: SocketAddr,
    stop: CancellationToken,
    keeping: JoinHandle<()>,
}

/// What keeps it.
struct Keeper {
    instance: String,
    spec: Spec,
    stop: CancellationToken,
    grace: Duration,
    _port: Port,
}

impl Second {
    pub(super) fn start(
        context: &Arc<Context>,
        key: &Key,
        program: &SecondProgram<'_>,
        metadata: SocketAddr,
    ) -> io::Result<Self> {
        let port = context.ports.take()?;
        let number = port.number();
        let keeper = Keeper {
            instance: key.name.clone(),
            spec: Spec {
                supervisor: context.settings.supervisor.clone(),
                command: on_port(program.command, number),
                env: environment(program.env.clone(), number, metadata),
                log: log_of(context, key),
                // Not the app's: whoever sweeps up after one must leave the other alone.
                mark: format!("{}.console", mark(context, key)),
                container: None,
            },
            stop: context.stop.child_token(),
            grace: context.settings.grace,
            _port: port,
        };
        Ok(Self {
            known_as: program.port,
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, number)),
            stop: keeper.stop.clone(),
            keeping: context.tasks.spawn(keeper.keep()),
        })
    }

    /// By which port of its machine it is known, and where it listens.
    pub(super) fn place(&self) -> (u16, SocketAddr) {
        (self.known_as, self.addr)
    }

    /// TERM, the grace, KILL: returns when no process of it is left.
    pub(super) async fn end(mut self) {
        self.stop.cancel();
        if let Err(error) = (&mut self.keeping).await {
            tracing::error!(%error, "what kept a console broke");
        }
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Keeper {
    async fn keep(self) {
        loop {
            match Supervised::spawn(self.spec.clone()) {
                Ok(process) => {
                    if self.attend(process).await {
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!(instance = self.instance, %error, "a console cannot be started");
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(RESTART) => {}
            }
        }
    }

    /// Until it ends: true if somebody wanted that.
    async fn attend(&self, mut process: Supervised) -> bool {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => {
                    process.terminate(self.grace).await;
                    return true;
                }
                event = process.event() => {
                    if let Event::Exited { status } = event {
                        tracing::warn!(instance = self.instance, %status, "a console ended");
                        return false;
                    }
                }
            }
        }
    }
}

/// Begins like the log of the instance, with which it goes.
fn log_of(context: &Context, key: &Key) -> PathBuf {
    let mut log = log_path(context, key).into_os_string();
    log.push(".console");
    log.into()
}
