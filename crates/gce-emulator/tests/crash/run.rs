//! A local cloud in a process of its own.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use gce_emulator::{Conditions, Config, Emulator, Workload};
use rusqlite::Connection;

const PROGRAM: &str = env!("CARGO_BIN_EXE_emulator-test-instance");

/// In the environment of a run, and so of all its processes: which run it is.
const RUN: &str = "CRASH_TEST_RUN";
const DIR: &str = "CRASH_TEST_DIR";
/// Where a run writes the address of its API.
const ADDRESS: &str = "api-address";

/// Long enough for any machine; only a hang reaches it.
const HANG: Duration = Duration::from_mins(2);

/// What runs in the process that is killed.
pub(crate) async fn serve_until_killed() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let dir = Path::new(&dir);
    let program = |word: &str| vec![PROGRAM.to_owned(), word.to_owned()];
    let cloud = Emulator::start(Config {
        state_dir: dir.to_owned(),
        project: "demo".to_owned(),
        api_port: 0,
        site_rule: None,
        speed: 60,
        slow_operations: false,
        metrics_late: false,
        reset_state: false,
        workload: Workload {
            command: program("serve"),
            own: true,
            ..Workload::default()
        },
        supervisor: program("supervise"),
        burner: program("burn"),
        conditions: Conditions::default(),
    })
    .await
    .unwrap();
    // Renamed into place, so that nobody reads half of it.
    let draft = dir.join("api-address.draft");
    std::fs::write(&draft, cloud.api_addr().to_string()).unwrap();
    std::fs::rename(draft, dir.join(ADDRESS)).unwrap();
    std::future::pending::<()>().await;
}

pub(crate) struct Run {
    process: Child,
    id: String,
    address: String,
}

impl Run {
    /// Starts a cloud and waits until it answers.
    pub(crate) async fn start(dir: &Path) -> Self {
        let file = dir.join(ADDRESS);
        _ = std::fs::remove_file(&file);
        let id = uuid::Uuid::new_v4().to_string();
        let process = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "a_cloud_to_be_killed",
                "--ignored",
                "--nocapture",
            ])
            .env(RUN, &id)
            .env(DIR, dir)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("the cloud", || file.exists()).await;
        let address = std::fs::read_to_string(file).unwrap();
        Self {
            process,
            id,
            address,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/compute/v1/projects/demo", self.address)
    }

    pub(crate) fn kill_9(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Waits until no process of the run is left.
    pub(crate) async fn is_gone(&self) {
        wait_until("the end of all processes", || self.processes() == 0).await;
    }

    fn processes(&self) -> usize {
        let wanted = format!("{RUN}={}", self.id);
        let bears = |pid: &u32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            let mut variables = environment.split(|byte| *byte == 0);
            variables.any(|variable| variable == wanted.as_bytes())
        };
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(bears).count()
    }
}

/// Asks the database itself whether the state file is whole.
pub(crate) fn is_sound(dir: &Path) {
    let connection = Connection::open(dir.join("state.sqlite")).unwrap();
    let check = connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
    assert_eq!(check.unwrap(), "ok");
}

async fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < HANG, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
