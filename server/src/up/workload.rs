//! What the instances of the local cloud run.

use control_plane::configuration::is_image;
use gce_emulator::{Companion, Substitute, Workload};

use super::cloud::Wish;
use crate::{site, state_dir::SECRETS_FILE};

/// The program of each instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// This one.
    Own,
    /// Somebody's, as words of a command; `$PORT` is replaced in each.
    Foreign(Vec<String>),
    /// None: what runs is the container that its template names.
    Container,
}

/// The emulator's view of it. A foreign program is told nothing but its port: neither the API nor the
/// secrets are its business.
pub(super) fn of(wish: &Wish, api_port: u16, own: &str) -> Workload {
    let all = Workload {
        containers: wish.substitutes.clone(),
        variables: wish.variables.clone(),
        engine: wish.engine,
        console: Some(console(wish, api_port, own)),
        ..Workload::default()
    };
    match &wish.program {
        Program::Foreign(command) => Workload {
            command: command.clone(),
            ..all
        },
        // The instance's log says then which image is missing.
        Program::Container => Workload {
            command: vec!["/bin/false".to_owned()],
            ..all
        },
        Program::Own => Workload {
            command: serve(own),
            env: own_environment(wish, api_port),
            own: true,
            ..all
        },
    }
}

/// What stands for FlaskScale's own image beside another: its secrets are those of Secret Manager that its
/// template names, and none of this machine's.
fn console(wish: &Wish, api_port: u16, own: &str) -> Companion {
    const ITS_OWN: [&str; 3] = [
        "FLASKSCALE_CONSOLE_HOST",
        "FLASKSCALE_SESSION_KEY_SECRET",
        "FLASKSCALE_ADMIN_PASSWORD_SECRET",
    ];
    Companion {
        command: serve(own),
        env: environment(wish, api_port),
        variables: ITS_OWN.map(str::to_owned).to_vec(),
    }
}

fn serve(own: &str) -> Vec<String> {
    let words = [own, "serve", "--cloud", "local", "--port", "$PORT"];
    words.map(str::to_owned).to_vec()
}

/// Reads `IMAGE=CMD`. The shell of the system reads the command, as it would in a terminal.
pub(crate) fn substitute(text: &str) -> Result<Substitute, String> {
    let (image, command) = text.split_once('=').unwrap_or((text, ""));
    if !is_image(image) || command.trim().is_empty() {
        return Err(
            "it must be a container image and a command, as in app:1='./serve $PORT'".to_owned(),
        );
    }
    let command = ["/bin/sh", "-c", command];
    Ok(Substitute {
        image: image.to_owned(),
        command: command.map(str::to_owned).to_vec(),
    })
}

fn own_environment(wish: &Wish, api_port: u16) -> Vec<(String, String)> {
    let file = wish.state_dir.join(SECRETS_FILE);
    let file = file.to_string_lossy().into_owned();
    let mut environment = environment(wish, api_port);
    environment.push(("FLASKSCALE_SECRETS_FILE".to_owned(), file));
    environment
}

fn environment(wish: &Wish, api_port: u16) -> Vec<(String, String)> {
    let public_status =
        std::env::var("FLASKSCALE_PUBLIC_STATUS").unwrap_or_else(|_| "on".to_owned());
    let pairs = [
        ("FLASKSCALE_API", format!("http://127.0.0.1:{api_port}")),
        ("FLASKSCALE_BIND", "127.0.0.1".to_owned()),
        ("FLASKSCALE_PROXY", "google".to_owned()),
        ("FLASKSCALE_PUBLIC_STATUS", public_status),
        ("FLASKSCALE_SPEED", wish.speed.to_string()),
        (
            "LEPTOS_SITE_ROOT",
            site::root().to_string_lossy().into_owned(),
        ),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).to_vec()
}
