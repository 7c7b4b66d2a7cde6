//! Scripts beside this file, run in the environment of Google's client libraries.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::OnceLock,
    time::Duration,
};

use tokio::process::Command;

/// Long enough for a whole life cycle on a busy machine; only a hang reaches it.
const HANG: Duration = Duration::from_mins(20);

pub(crate) struct Python(Command);

impl Python {
    pub(crate) fn script(name: &str) -> Self {
        let mut command = Command::new(interpreter());
        command
            .arg(here().join(name))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self(command)
    }

    /// Under which the script finds the API.
    pub(crate) fn api(self, url: &str) -> Self {
        self.env("API", url)
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.0.arg(arg);
        self
    }

    /// Runs the script to its end, which must be good; what it said.
    pub(crate) async fn passes(self) -> String {
        let (passed, said) = self.runs().await;
        assert!(passed, "{said}");
        said
    }

    /// Runs the script to its end: whether that was good, and what it said.
    pub(crate) async fn runs(mut self) -> (bool, String) {
        let output = tokio::time::timeout(HANG, self.0.output()).await;
        let output = output.expect("the script hangs").unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        (output.status.success(), said)
    }
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/google_clients")
}

/// The Python program of the environment. Whichever test comes first makes it.
fn interpreter() -> &'static str {
    static INTERPRETER: OnceLock<String> = OnceLock::new();
    INTERPRETER.get_or_init(|| {
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/google-clients-env.sh");
        let set_up = std::process::Command::new("bash").arg(script).output();
        let set_up = set_up.unwrap();
        let complaint = String::from_utf8_lossy(&set_up.stderr);
        assert!(set_up.status.success(), "{complaint}");
        String::from_utf8(set_up.stdout).unwrap().trim().to_owned()
    })
}

/// Whether `gcloud` can be run.
pub(crate) fn has_gcloud() -> bool {
    let version = std::process::Command::new("gcloud")
        .arg("--version")
        .output();
    version.is_ok_and(|output| output.status.success())
}
