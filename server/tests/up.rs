//! `flaskscale up`, the program itself: what it prints, what it refuses, and what it leaves behind.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{fs, net::TcpListener, path::Path, process::Command};

use support::{flaskscale, refuses, up::Up};

/// `up` on free ports with its state in `directory`.
fn up(directory: &Path) -> Command {
    let mut command = flaskscale();
    command
        .args(["up", "--site-port", "0", "--api-port", "0", "--speed", "20"])
        .arg("--state-dir")
        .arg(directory);
    command
}

#[test]
fn a_port_or_a_directory_that_cannot_be_had_is_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let state = directory.path().join("state");
    let on = |site: &str, api: &str| {
        let mut command = flaskscale();
        command.args(["up", "--site-port", site, "--api-port", api, "--state-dir"]);
        command.arg(&state);
        command
    };
    refuses(&mut on(&port, "0"), &port);
    refuses(&mut on("0", &port), &port);

    let file = directory.path().join("a-file");
    fs::write(&file, "").unwrap();
    refuses(&mut up(&file.join("state")), "a-file");
    refuses(flaskscale().args(["up", "--speed", "61"]), "61");
}

#[test]
fn a_command_that_does_not_start_is_named_and_leaves_nothing_running() {
    let directory = tempfile::tempdir().unwrap();
    refuses(
        up(directory.path()).args(["--", "/no/such/program", "$PORT"]),
        "/no/such/program",
    );
    // The state directory is free again: nothing of the first start holds it.
    refuses(
        up(directory.path()).args(["--", "/no/such/program", "$PORT"]),
        "/no/such/program",
    );
}

#[test]
fn a_damaged_state_file_stays_as_it_is_until_somebody_asks_for_a_new_one() {
    let directory = tempfile::tempdir().unwrap();
    assert!(Up::start(&mut up(directory.path())).end().success());
    let state = database(directory.path());
    fs::write(
        &state,
        "this is no database, but somebody may still want it",
    )
    .unwrap();
    for log in ["-wal", "-shm"] {
        drop(fs::remove_file(format!("{}{log}", state.display())));
    }

    let name = state.file_name().unwrap().to_str().unwrap();
    refuses(&mut up(directory.path()), name);
    assert!(
        fs::read_to_string(&state)
            .unwrap()
            .starts_with("this is no")
    );

    let begun_anew = Up::start(up(directory.path()).arg("--reset-state"));
    assert!(begun_anew.end().success());
    let kept = fs::read_dir(directory.path()).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"this is no"))
    });
    assert!(kept, "the damaged file was renamed and not removed");
}

#[test]
fn a_state_directory_belongs_to_one_cloud_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let first = Up::start(&mut up(directory.path()));
    refuses(
        &mut up(directory.path()),
        directory.path().to_str().unwrap(),
    );
    assert_eq!(first.get("/").status, 200);
    assert!(first.end().success());
}

#[test]
fn the_password_is_printed_once_and_ctrl_c_leaves_no_process() {
    let directory = tempfile::tempdir().unwrap();
    let first = Up::start(&mut up(directory.path()));
    assert!(first.said("password").is_some());
    let instances = first.instances();
    assert_eq!(instances.len(), 2);
    assert!(first.end().success());
    for pid in instances {
        assert!(
            !Path::new(&format!("/proc/{pid}")).exists(),
            "{pid} is left"
        );
    }

    let second = Up::start(&mut up(directory.path()));
    assert_eq!(second.said("password"), None);
    assert!(second.end().success());
}

/// The only file of the state directory that SQLite made.
fn database(directory: &Path) -> std::path::PathBuf {
    fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3")))
        .unwrap()
}
