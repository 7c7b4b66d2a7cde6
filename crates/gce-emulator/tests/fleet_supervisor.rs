//! One supervisor and real process trees under it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command as Process, Stdio},
    time::{Duration, Instant},
};

use gce_emulator::supervise::protocol::{Command, Event, Exit};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_emulator-test-instance");

/// Long enough for any machine; only a hang reaches it.
const HANG: Duration = Duration::from_mins(2);

/// Forks twice into a session of its own, as a daemon does, and leaves the grandchild running.
const DAEMON: &str = "
import os, sys, time
def note(pid):
    with open(sys.argv[1], 'a') as f: f.write(f'{pid}\\n')
note(os.getpid())
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.environ.clear()
        note(os.getpid())
        for fd in range(3): os.close(fd)
        time.sleep(600)
    os._exit(0)
os.wait()
for _ in range(2):
    if os.fork() == 0:
        note(os.getpid())
        time.sleep(600)
print('forked', flush=True)
time.sleep(600)
";

struct Supervised {
    process: Child,
    commands: Option<ChildStdin>,
    events: BufReader<ChildStdout>,
    dir: tempfile::TempDir,
}

impl Supervised {
    fn start(command: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut process = Process::new(PROGRAM)
            .args(["supervise", "run", "--log"])
            .arg(dir.path().join("log"))
            .args(["--", PROGRAM, "supervise", "exec", "--"])
            .args(
                command
                    .iter()
                    .map(|arg| arg.replace("$DIR", dir.path().to_str().unwrap())),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let commands = process.stdin.take();
        let events = BufReader::new(process.stdout.take().unwrap());
        Self {
            process,
            commands,
            events,
            dir,
        }
    }

    /// A program of which the file `pids` names all members.
    fn daemon() -> Self {
        let supervised = Self::start(&["python3", "-c", DAEMON, "$DIR/pids"]);
        wait_for("the tree", || {
            supervised.pids().len() == 4 && supervised.log().contains("forked")
        });
        supervised
    }

    fn pids(&self) -> Vec<i32> {
        pids_in(&self.dir.path().join("pids"))
    }

    fn log_path(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn order(&mut self, command: &Command) {
        let mut line = serde_json::to_vec(command).unwrap();
        line.push(b'\n');
        self.commands.as_mut().unwrap().write_all(&line).unwrap();
    }

    fn event(&mut self) -> Option<Event> {
        let mut line = String::new();
        (self.events.read_line(&mut line).unwrap() > 0)
            .then(|| serde_json::from_str(&line).unwrap())
    }

    fn used_ns(&mut self) -> (u64, u64) {
        loop {
            if let Event::Cpu { used_ns, at_ns } = self.event().expect("it still runs") {
                return (used_ns, at_ns);
            }
        }
    }

    fn exit(&mut self) -> Exit {
        loop {
            if let Event::Exited { status } = self.event().expect("its last word") {
                self.process.wait().unwrap();
                return status;
            }
        }
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.commands = None;
        self.process.wait().ok();
    }
}

fn wait_for(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < HANG, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn lives(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

#[test]
fn the_end_of_the_pipe_kills_daemons_too() {
    let mut supervised = Supervised::daemon();
    assert!(supervised.pids().into_iter().all(lives));
    supervised.commands = None;
    assert_eq!(supervised.exit(), Exit::Signal(9));
    assert!(!supervised.pids().into_iter().any(lives));
}

#[test]
fn kill_9_of_the_parent_leaves_no_grandchild() {
    let dir = tempfile::tempdir().unwrap();
    let pids = dir.path().join("pids");
    let mut host = Process::new(PROGRAM)
        .args(["host", "run", "--log"])
        .arg(dir.path().join("log"))
        .args([
            "--",
            PROGRAM,
            "supervise",
            "exec",
            "--",
            "python3",
            "-c",
            DAEMON,
        ])
        .arg(&pids)
        .spawn()
        .unwrap();
    wait_for("the tree", || pids_in(&pids).len() == 4);
    host.kill().unwrap();
    host.wait().unwrap();
    wait_for("the end of all", || !pids_in(&pids).into_iter().any(lives));
}

fn pids_in(file: &Path) -> Vec<i32> {
    let list = std::fs::read_to_string(file).unwrap_or_default();
    list.lines().filter_map(|line| line.parse().ok()).collect()
}

#[test]
fn kill_9_of_the_supervisor_takes_the_program_along() {
    let mut supervised = Supervised::start(&["sleep", "600"]);
    let Some(Event::Started { pid }) = supervised.event() else {
        panic!("it did not start")
    };
    kill(
        Pid::from_raw(supervised.process.id() as i32),
        Signal::SIGKILL,
    )
    .unwrap();
    wait_for("its end", || !lives(pid));
}

#[test]
fn a_program_may_end_within_its_grace() {
    let script = "trap 'echo leaving; exit 5' TERM; echo ready; while :; do sleep 0.01; done";
    let mut supervised = Supervised::start(&["sh", "-c", script]);
    wait_for("the program", || supervised.log().contains("ready"));
    supervised.order(&Command::Terminate { grace_ms: 120_000 });
    assert_eq!(supervised.exit(), Exit::Code(5));
    assert!(supervised.log().contains("leaving"));
}

#[test]
fn a_program_that_does_nothing_about_term_ends_by_it() {
    let mut supervised = Supervised::start(&[
        "python3",
        "-c",
        "print('ready', flush=True); import time; time.sleep(600)",
    ]);
    wait_for("the program", || supervised.log().contains("ready"));
    supervised.order(&Command::Terminate { grace_ms: 120_000 });
    assert_eq!(supervised.exit(), Exit::Signal(15));
}

#[test]
fn a_program_that_ignores_term_is_killed_after_its_grace() {
    let script = "trap '' TERM; echo ready; while :; do sleep 0.01; done";
    let mut supervised = Supervised::start(&["sh", "-c", script]);
    wait_for("the program", || supervised.log().contains("ready"));
    supervised.order(&Command::Terminate { grace_ms: 50 });
    assert_eq!(supervised.exit(), Exit::Signal(9));
}

#[test]
fn the_last_words_of_a_program_reach_its_log() {
    let mut supervised = Supervised::start(&["sh", "-c", "echo out; echo err >&2; exit 7"]);
    assert_eq!(supervised.exit(), Exit::Code(7));
    assert_eq!(supervised.log(), "out\nerr\n");
}

#[test]
fn a_program_that_closes_its_output_does_not_make_the_supervisor_spin() {
    let script = "exec >/dev/null 2>&1; exec sleep 600";
    let mut supervised = Supervised::start(&["sh", "-c", script]);
    let pid = supervised.process.id();
    for _ in 0..3 {
        supervised.used_ns();
    }
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat
        .rsplit_once(") ")
        .unwrap()
        .1
        .split_whitespace()
        .collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    assert!(ticks < 50, "{ticks} ticks of CPU for nothing");
}

#[test]
fn a_command_that_does_not_start_says_why() {
    let mut supervised = Supervised::start(&["/no/such/program"]);
    assert_eq!(supervised.exit(), Exit::Code(127));
    assert!(
        supervised
            .log()
            .starts_with("cannot start `/no/such/program`: No such file")
    );
}

#[test]
fn the_descendants_of_a_program_that_ended_end_with_it() {
    let mut supervised =
        Supervised::start(&["sh", "-c", "setsid sleep 600 & echo $! > $DIR/pids; exit 0"]);
    assert_eq!(supervised.exit(), Exit::Code(0));
    assert!(!supervised.pids().into_iter().any(lives));
}

#[test]
fn cpu_time_never_falls_while_members_come_and_go() {
    // Short burners whose parent waits for them, orphans, and some whose parent ignores SIGCHLD.
    let script = "
import os, signal, time
def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
if os.fork() == 0: signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for turn in range(8):
    if os.fork() == 0:
        if turn % 2 and os.fork() == 0: burn(0.2)
        burn(0.2); os._exit(0)
    burn(0.1)
    time.sleep(0.3)
";
    let mut supervised = Supervised::start(&["python3", "-c", script]);
    let mut last = 0;
    loop {
        match supervised.event().unwrap() {
            Event::Cpu { used_ns, .. } => {
                assert!(used_ns >= last, "{used_ns} after {last}");
                last = used_ns;
            }
            Event::Exited { .. } => break,
            Event::Started { .. } => {}
        }
    }
    assert!(last > 3_000_000_000, "only {last} ns of what was burnt");
}

#[test]
fn cpu_time_is_that_of_a_known_burn() {
    // Ten children burn 0.2 s of CPU each and are waited for, one that lives on burns 1 s.
    let script = "
import os, time
def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
for _ in range(10):
    if os.fork() == 0:
        burn(0.2); os._exit(0)
    os.wait()
burn(1)
";
    let mut supervised = Supervised::start(&["python3", "-c", script]);
    let mut last = 0;
    while let Some(event) = supervised.event() {
        if let Event::Cpu { used_ns, .. } = event {
            last = used_ns;
        }
    }
    let seconds = last as f64 / 1e9;
    assert!(
        (2.9..4.0).contains(&seconds),
        "{seconds} s measured, 3 s and a start burnt"
    );
}

#[test]
fn a_program_beside_counts_and_ends_alone() {
    let mut supervised = Supervised::start(&["sleep", "600"]);
    let idle = supervised.used_ns();
    let burner = [PROGRAM, "burn", "--cores", "0.5"]
        .map(String::from)
        .to_vec();
    supervised.order(&Command::StartSide { command: burner });
    let mut now = idle;
    while now.0 < idle.0 + 500_000_000 {
        now = supervised.used_ns();
    }
    supervised.order(&Command::StopSide);
    let root = supervised.process.id();
    let children = format!("/proc/{root}/task/{root}/children");
    wait_for("the end of the burner", || {
        std::fs::read_to_string(&children)
            .unwrap()
            .split_whitespace()
            .count()
            == 1
    });
    supervised.order(&Command::Kill);
    assert_eq!(supervised.exit(), Exit::Signal(9));
    assert!(Path::new(&supervised.log_path()).exists());
}
