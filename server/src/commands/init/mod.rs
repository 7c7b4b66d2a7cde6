//! `flaskscale init`: a commented `flaskscale.toml` for the app in this folder.

mod dockerfile;

use std::{
    env, fs,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use control_plane::configuration::Sketch;

use self::dockerfile::Dockerfile;
use super::CONFIGURATION;
use crate::failure::Failure;

/// The flags of `init`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The deployment's name [default: the folder's]
    #[arg(long)]
    name: Option<String>,
    /// The app's folder
    #[arg(default_value = ".")]
    folder: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let sketch = sketch(args);
    let path = args.folder.join(CONFIGURATION);
    let refuse = |error: &std::io::Error| Failure::input_because(path.display().to_string(), error);
    let file = fs::File::create_new(&path);
    let mut file = file.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::input(format!(
            "{} exists already, and init overwrites nothing",
            path.display()
        )),
        _ => refuse(&error),
    })?;
    file.write_all(sketch.to_toml().as_bytes())
        .map_err(|error| refuse(&error))?;
    println!("wrote {}", path.display());
    for finding in &sketch.findings {
        println!("{finding}");
    }
    let image = if sketch.dockerfile {
        ""
    } else {
        " --image IMAGE"
    };
    println!("next: flaskscale deploy --plan{image}");
    Ok(ExitCode::SUCCESS)
}

fn sketch(args: &Args) -> Sketch {
    let mut findings = Vec::new();
    let dockerfile = fs::read_to_string(args.folder.join("Dockerfile")).ok();
    let has_dockerfile = dockerfile.is_some();
    if !has_dockerfile {
        findings.push("There is no Dockerfile here: say the port and the health path.".to_owned());
    }
    let said = Dockerfile::read(&dockerfile.unwrap_or_default());
    if let Some(port) = said.port {
        findings.push(format!(
            "The port {port} is that of EXPOSE in the Dockerfile."
        ));
    }
    let health_path = match said.health_path {
        Some(path) => {
            findings.push(format!(
                "The health path {path} is that of HEALTHCHECK in the Dockerfile."
            ));
            path
        }
        None => health_path(&args.folder, &mut findings),
    };
    Sketch {
        name: args.name.clone().unwrap_or_else(|| name(&args.folder)),
        project: env::var("GOOGLE_CLOUD_PROJECT")
            .ok()
            .filter(|project| !project.is_empty()),
        port: said.port.unwrap_or(5000),
        health_path,
        dockerfile: has_dockerfile,
        findings,
    }
}

/// The paths that apps answer probes on, the usual one last: others are named on purpose.
const USUAL_PATHS: [&str; 5] = ["/healthz", "/livez", "/ping", "/up", "/health"];
/// A source file is smaller; what is larger was generated.
const LARGEST_SOURCE: u64 = 512 * 1024;

/// A health path that a source file of the folder has in quotes.
fn health_path(folder: &Path, findings: &mut Vec<String>) -> String {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            entry
                .metadata()
                .is_ok_and(|data| data.is_file() && data.len() <= LARGEST_SOURCE)
        })
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_none_or(|name| name != CONFIGURATION))
        .collect();
    files.sort();
    for path in USUAL_PATHS {
        let has = |file: &&PathBuf| {
            let text = fs::read_to_string(file).unwrap_or_default();
            ['"', '\'', '`']
                .iter()
                .any(|quote| text.contains(&format!("{quote}{path}{quote}")))
        };
        if let Some(file) = files.iter().find(has) {
            let file = file.file_name().unwrap_or_default().display();
            findings.push(format!("The health path {path} stands in {file}."));
            return path.to_owned();
        }
    }
    findings.push("No health path was found: /health is a guess.".to_owned());
    "/health".to_owned()
}

/// The folder's name with Google's letters only.
fn name(folder: &Path) -> String {
    let path = folder.canonicalize().unwrap_or_default();
    let folder = path.file_name().unwrap_or_default().to_string_lossy();
    let legal = |letter: char| {
        let letter = letter.to_ascii_lowercase();
        if letter.is_ascii_lowercase() || letter.is_ascii_digit() {
            letter
        } else {
            '-'
        }
    };
    let name: String = folder.chars().map(legal).collect();
    let name = name.trim_start_matches(|first: char| !first.is_ascii_lowercase());
    let name: String = name.chars().take(27).collect();
    let name = name.trim_end_matches('-');
    if name.len() < 3 {
        format!("{name}-app").trim_start_matches('-').to_owned()
    } else {
        name.to_owned()
    }
}
