//! The program that the tests of the fleet start: supervisor, instance and burner in one.

#![expect(clippy::expect_used, reason = "a test's program fails by panicking")]

use std::{
    ffi::OsString,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    os::unix::process::CommandExt,
    process::{Command, ExitCode, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let command = args.next().unwrap_or_default();
    if command == "supervise" {
        return gce_emulator::supervise::main(args);
    }
    let args: Vec<OsString> = args.collect();
    match command.to_str() {
        Some("serve") => serve(),
        Some("burn") => burn(cores(&args)),
        Some("host") => host(&args),
        _ => {
            eprintln!("supervise, serve, burn or host");
            ExitCode::from(2)
        }
    }
}

/// Stands in for an emulator that is killed: holds the pipe of one supervisor, and nothing else.
fn host(args: &[OsString]) -> ExitCode {
    let program = std::env::current_exe().expect("the path of this program");
    let mut supervisor = Command::new(program)
        .arg("supervise")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .expect("a supervisor");
    supervisor
        .stdout
        .take()
        .map(BufReader::new)
        .into_iter()
        .flat_map(BufRead::lines)
        .for_each(drop);
    supervisor.wait().expect("its end");
    ExitCode::SUCCESS
}

/// How many cores one instance burns at most. Where others leave little, several threads get a share.
const BURNERS: usize = 8;

/// Answers every request with 200. Each `GET /burn` makes it burn one core more from then on, `GET /exit` ends it.
fn serve() -> ExitCode {
    let port = std::env::var("PORT").unwrap_or_default();
    let listener = match TcpListener::bind(format!("127.0.0.1:{port}")) {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("cannot listen on port {port}: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("listening on {port}");
    for connection in listener.incoming().flatten() {
        std::thread::spawn(move || answer(connection));
    }
    ExitCode::SUCCESS
}

fn answer(mut connection: TcpStream) {
    static BURNING: AtomicUsize = AtomicUsize::new(0);
    let mut request = String::new();
    if BufReader::new(&connection).read_line(&mut request).is_err() {
        return;
    }
    if request.starts_with("GET /exit") {
        std::process::exit(3);
    }
    if request.starts_with("GET /burn") && BURNING.fetch_add(1, Ordering::Relaxed) < BURNERS {
        std::thread::spawn(|| burn(1.0));
    }
    connection
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
        .ok();
}

fn cores(args: &[OsString]) -> f64 {
    let after = args.iter().skip_while(|arg| *arg != "--cores").nth(1);
    after
        .and_then(|cores| cores.to_str()?.parse().ok())
        .unwrap_or(1.0)
}

/// Burns by duty cycle until it is killed.
fn burn(cores: f64) -> ExitCode {
    let cycle = Duration::from_millis(50);
    loop {
        let start = Instant::now();
        while start.elapsed() < cycle.mul_f64(cores.min(1.0)) {
            std::hint::black_box(start.elapsed());
        }
        std::thread::sleep(cycle.saturating_sub(start.elapsed()));
    }
}
