//! A fleet with a store of its own and real programs, for the tests that are called `fleet_…`.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::{
    any::Any,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use gce_emulator::{
    Workload,
    clock::Clock,
    fleet::{Fleet, FleetHandle, Machine, MachineStatus, Settings, Surroundings},
    metrics::Metrics,
    resource::{Key, Kind, Resource},
    store::{LogEntry, LogQuery, Store, Write as StoreWrite},
};
use serde_json::{Value, json};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_emulator-test-instance");

/// Long enough for any machine; only a hang reaches it.
pub(crate) const HANG: Duration = Duration::from_mins(2);

pub(crate) const ZONE: &str = "us-central1-a";

/// A balancer that knows only how many requests are in flight.
#[derive(Debug, Default)]
pub(crate) struct Requests(AtomicUsize);

impl Requests {
    pub(crate) fn set(&self, in_flight: usize) {
        self.0.store(in_flight, Ordering::SeqCst);
    }
}

impl Surroundings for Requests {
    fn route(&self, _machines: &[Machine]) {}

    fn in_flight(&self, _instance: &str) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn open_metadata(
        &self,
        _instance: &Key,
    ) -> io::Result<(SocketAddr, Box<dyn Any + Send + Sync>)> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        Ok((listener.local_addr()?, Box::new(listener)))
    }

    fn secret(&self, _secret: &str, _version: u64) -> Option<Vec<u8>> {
        None
    }
}

pub(crate) struct Cloud {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    pub(crate) requests: Arc<Requests>,
    pub(crate) fleet: FleetHandle,
    running: Fleet,
}

impl Cloud {
    /// A fleet at sixty times the speed whose instances run `command`.
    pub(crate) async fn start(dir: &Path, command: &[&str]) -> Self {
        Self::with(dir, settings(dir, command)).await
    }

    pub(crate) async fn with(dir: &Path, settings: Settings) -> Self {
        let store = Store::open(dir, "p").unwrap();
        let clock = Clock::resume(&store, 60).await.unwrap();
        let metrics = Metrics::open(store.clone()).await.unwrap();
        let requests = Arc::new(Requests::default());
        let surroundings: Arc<dyn Surroundings> = Arc::clone(&requests) as _;
        let running = Fleet::start(
            store.clone(),
            clock.clone(),
            metrics.clone(),
            settings,
            surroundings,
        )
        .await
        .unwrap();
        Self {
            store,
            clock,
            metrics,
            requests,
            fleet: running.handle(),
            running,
        }
    }

    pub(crate) async fn shutdown(self) {
        self.running.shutdown().await;
    }

    /// Makes a template and a group.
    pub(crate) async fn group(&self, size: u32) -> Key {
        self.template("template-1").await;
        let group = group();
        let body = json!({
            "baseInstanceName": "web",
            "instanceTemplate": template("template-1").url("p"),
            "targetSize": size,
        });
        self.put(group.clone(), body).await;
        group
    }

    pub(crate) async fn template(&self, name: &str) {
        let body = json!({"properties": {
            "machineType": "e2-micro",
            "metadata": {"items": [{"key": "colour", "value": "green"}]},
        }});
        self.put(template(name), body).await;
    }

    pub(crate) async fn put(&self, key: Key, body: Value) {
        let Value::Object(body) = body else {
            panic!("not an object")
        };
        self.store
            .commit(vec![StoreWrite::Put(Resource::new(key, body))])
            .await
            .unwrap();
    }

    pub(crate) async fn set(&self, key: &Key, field: &'static str, value: Value) {
        self.store
            .update(key, move |body| _ = body.insert(field.into(), value))
            .await
            .unwrap();
    }

    /// Waits for exactly so many running instances, and none that is not.
    pub(crate) async fn wait_for_running(&self, size: usize) -> Vec<Machine> {
        let running = |machines: &[Machine]| {
            machines.len() == size && machines.iter().all(Machine::is_serving)
        };
        self.wait_for("the fleet", running).await
    }

    pub(crate) async fn wait_for(
        &self,
        what: &str,
        condition: impl Fn(&[Machine]) -> bool,
    ) -> Vec<Machine> {
        let mut machines = self.fleet.watch();
        let found = machines.wait_for(|machines| condition(machines));
        let found = tokio::time::timeout(HANG, found).await;
        let Ok(found) = found else {
            panic!("waited in vain for {what}: {:#?}", self.fleet.machines())
        };
        found.unwrap().to_vec()
    }

    pub(crate) async fn log(&self, method: &str) -> Vec<LogEntry> {
        let mut entries = self.store.logs(LogQuery::default()).await.unwrap();
        entries.retain(|entry| entry.body["protoPayload"]["methodName"] == method);
        entries
    }
}

pub(crate) fn settings(dir: &Path, command: &[&str]) -> Settings {
    Settings {
        log_dir: dir.join("logs"),
        workload: Workload {
            command: command.iter().map(ToString::to_string).collect(),
            env: vec![("WHERE".into(), "127.0.0.1:$PORT".into())],
            ..Workload::default()
        },
        simulated: false,
        supervisor: vec![PROGRAM.into(), "supervise".into()],
        burner: vec![PROGRAM.into(), "burn".into()],
        grace: Duration::from_secs(30),
        faults: gce_emulator::faults::Faults::default(),
    }
}

pub(crate) fn group() -> Key {
    Key::zonal(Kind::InstanceGroupManager, ZONE, "web")
}

pub(crate) fn template(name: &str) -> Key {
    Key::global(Kind::InstanceTemplate, name)
}

pub(crate) fn names(machines: &[Machine]) -> Vec<String> {
    machines
        .iter()
        .map(|machine| machine.key.name.clone())
        .collect()
}

pub(crate) fn is_running(machine: &Machine) -> bool {
    machine.status == MachineStatus::Running
}

/// Waits for what no watch tells of.
pub(crate) async fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < HANG, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// A request to an instance's program; `None` if it did not answer.
pub(crate) fn get(addr: SocketAddr, path: &str) -> Option<String> {
    let mut connection = TcpStream::connect(addr).ok()?;
    connection
        .write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes())
        .ok()?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).ok()?;
    Some(answer)
}
