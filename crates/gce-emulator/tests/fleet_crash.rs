//! A whole run that is killed with -9, and the one after it.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::{
    collections::BTreeSet,
    path::Path,
    process::{Child, Command},
};

use gce_emulator::resource::Kind;
use support::{Cloud, PROGRAM, wait_until};

/// In the environment of a run, and so of all its processes: which run it is.
const RUN: &str = "FLEET_TEST_RUN";
const DIR: &str = "FLEET_TEST_DIR";
/// One argument a line.
const COMMAND: &str = "FLEET_TEST_COMMAND";

/// Serves, and has a daemon that left its session and its parent.
const WITH_DAEMON: &str = "
import http.server, os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(600)
    os._exit(0)
os.wait()
http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
";

/// A fleet in a process of its own, which can be killed.
struct Run {
    process: Child,
    id: String,
}

impl Run {
    fn start(dir: &Path, command: &[&str]) -> Self {
        let id = uuid::Uuid::new_v4().to_string();
        let process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_run_to_be_killed", "--ignored", "--nocapture"])
            .env(RUN, &id)
            .env(DIR, dir)
            .env(COMMAND, command.join("\n"))
            .spawn()
            .unwrap();
        Self { process, id }
    }

    /// The processes of this run, itself included.
    fn processes(&self) -> BTreeSet<u32> {
        let wanted = format!("{RUN}={}", self.id);
        let bears = |pid: &u32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == wanted.as_bytes())
        };
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(bears).collect()
    }

    fn kill_9(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Not a test of its own: the run that the tests here start and kill.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the tests of this file start it as a process of its own"]
async fn a_run_to_be_killed() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let command = std::env::var(COMMAND).unwrap();
    let command: Vec<&str> = command.split('\n').collect();
    let cloud = Cloud::start(Path::new(&dir), &command).await;
    cloud.group(2).await;
    cloud.wait_for_running(2).await;
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_ends_every_process_and_the_next_run_continues() {
    let dir = tempfile::tempdir().unwrap();
    // Lines would be taken for arguments, so the script stands in a file.
    let script = dir.path().join("with_daemon.py");
    std::fs::write(&script, WITH_DAEMON).unwrap();
    let mut run = Run::start(dir.path(), &["python3", script.to_str().unwrap(), "$PORT"]);
    // The run, and twice a supervisor, a program and its daemon.
    wait_until("the run", || run.processes().len() == 7).await;
    run.kill_9();
    wait_until("the end of all", || run.processes().is_empty()).await;

    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    cloud.wait_for_running(2).await;
    assert_eq!(cloud.store.list(Kind::Instance, None).len(), 2);
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_ends_the_workers_of_gunicorn() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/python-env.sh");
    let set_up = Command::new("bash").arg(script).output().unwrap();
    assert!(
        set_up.status.success(),
        "{}",
        String::from_utf8_lossy(&set_up.stderr)
    );
    let python = String::from_utf8(set_up.stdout).unwrap().trim().to_owned();

    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("web.py"),
        "import flask\napp = flask.Flask(__name__)\n",
    )
    .unwrap();
    let chdir = dir.path().to_str().unwrap();
    let gunicorn = [
        "-m",
        "gunicorn",
        "--workers",
        "2",
        "--bind",
        "127.0.0.1:$PORT",
        "--chdir",
        chdir,
        "web:app",
    ];
    let mut run = Run::start(dir.path(), &[&[python.as_str()][..], &gunicorn].concat());
    // The run, and twice a supervisor, a master and two workers.
    wait_until("the workers", || run.processes().len() == 9).await;
    run.kill_9();
    wait_until("the end of all", || run.processes().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_outlived_its_supervisor_is_ended_before_anything_starts() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    cloud.group(1).await;
    let machine = cloud.wait_for_running(1).await.remove(0);
    let mark = mark_of(machine.pid.unwrap());
    cloud.shutdown().await;
    // A daemon whose supervisor somebody killed together with the fleet.
    let mut orphan = Command::new("sleep")
        .arg("600")
        .env("FLASKSCALE_RUN", mark)
        .spawn()
        .unwrap();

    let cloud = Cloud::start(dir.path(), &[PROGRAM, "serve"]).await;
    assert!(!orphan.wait().unwrap().success());
    let next = cloud.wait_for_running(1).await.remove(0);
    assert_ne!(next.key, machine.key);
    cloud.shutdown().await;
}

/// What the environment of an instance says about the run that it belongs to.
fn mark_of(pid: u32) -> String {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
    let environment = String::from_utf8(environment).unwrap();
    let mark = environment
        .split('\0')
        .find_map(|line| line.strip_prefix("FLASKSCALE_RUN="));
    mark.unwrap().to_owned()
}
