//! A way to the cloud on which calls fail, answers get lost, and whoever calls is killed.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::Command,
    sync::{Arc, Mutex},
    thread,
};

/// What happens on the way.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mood {
    Calm,
    /// The process is killed with -9 when its next change has been made, before it hears of it.
    KillAfterChange(u32),
    /// Nothing comes through.
    Cut,
    /// Three calls of ten fail: refused with 429, 500 or 503, never received, or answered in vain.
    /// Which ones depends on the seed.
    Bad(u64),
}

/// A listener in front of a local cloud.
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    mood: Arc<Mutex<Mood>>,
}

impl Gateway {
    pub(crate) fn before(cloud: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mood = Arc::new(Mutex::new(Mood::Calm));
        let shared = mood.clone();
        thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                let mood = shared.clone();
                thread::spawn(move || drop(serve(&stream, cloud, &mood, number)));
            }
        });
        Self { address, mood }
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }
}

/// One call: every answer closes its connection.
fn serve(
    client: &TcpStream,
    cloud: SocketAddr,
    mood: &Mutex<Mood>,
    number: usize,
) -> std::io::Result<()> {
    let call = Call::read(client, cloud)?;
    let mut shared = mood.lock().unwrap();
    let pid = match *shared {
        Mood::Cut => return Ok(()),
        // The lock stays: of steps side by side one alone comes through.
        Mood::KillAfterChange(pid) if call.is_change() => pid,
        Mood::Calm | Mood::KillAfterChange(_) => {
            drop(shared);
            return answer(client, &call.pass_on(cloud)?);
        }
        Mood::Bad(seed) => {
            drop(shared);
            return badly(client, &call, cloud, fate(seed, number));
        }
    };
    *shared = Mood::Cut;
    call.pass_on(cloud)?;
    let status = Command::new("kill").args(["-9", &pid.to_string()]).status();
    assert!(status?.success());
    Ok(())
}

fn badly(client: &TcpStream, call: &Call, cloud: SocketAddr, fate: Fate) -> std::io::Result<()> {
    match fate {
        Fate::Refused(status) => refuse(client, status),
        Fate::NotReceived => Ok(()),
        Fate::AnswerLost => call.pass_on(cloud).map(drop),
        Fate::Well => answer(client, &call.pass_on(cloud)?),
    }
}

fn answer(mut client: &TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    client.write_all(bytes)
}

enum Fate {
    Well,
    Refused(u16),
    NotReceived,
    AnswerLost,
}

/// The same for the same call and seed: 15 of 50 fail, three in each way, in no order.
fn fate(seed: u64, number: usize) -> Fate {
    let mut hasher = DefaultHasher::new();
    (seed, number).hash(&mut hasher);
    match hasher.finish() % 50 {
        0..3 => Fate::Refused(429),
        3..6 => Fate::Refused(500),
        6..9 => Fate::Refused(503),
        9..12 => Fate::NotReceived,
        12..15 => Fate::AnswerLost,
        _ => Fate::Well,
    }
}

fn refuse(client: &TcpStream, status: u16) -> std::io::Result<()> {
    let body = format!(r#"{{"error":{{"code":{status},"message":"Try again."}}}}"#);
    let head = format!(
        "HTTP/1.1 {status} No\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    answer(client, (head + &body).as_bytes())
}

struct Call {
    method: String,
    path: String,
    bytes: Vec<u8>,
}

impl Call {
    /// Reads a call and addresses it to the cloud, which answers to its own name only.
    fn read(client: &TcpStream, cloud: SocketAddr) -> std::io::Result<Self> {
        let mut reader = BufReader::new(client);
        let mut first = String::new();
        reader.read_line(&mut first)?;
        let mut words = first.split(' ').map(str::to_owned);
        let (method, path) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        let mut head = format!("{first}host: {cloud}\r\nconnection: close\r\n");
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if !lower.starts_with("host:") && !lower.starts_with("connection:") {
                head.push_str(&line);
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let bytes = [head.as_bytes(), b"\r\n", &body].concat();
        Ok(Self {
            method,
            path,
            bytes,
        })
    }

    fn pass_on(&self, cloud: SocketAddr) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(cloud)?;
        stream.write_all(&self.bytes)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    }

    /// Whether it makes, changes or removes something. Many a question is a POST; and labels are how
    /// a command says that it is at work, which is no step of it.
    fn is_change(&self) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        let verb = path.rsplit(['/', ':']).next().unwrap_or_default();
        let asks = [
            "get",
            "list",
            "test",
            "search",
            "wait",
            "token",
            "setLabels",
        ];
        self.method != "GET" && !asks.iter().any(|word| verb.starts_with(word))
    }
}
