//! What runs containers on this machine, through the words that docker and podman share.

use std::{
    io,
    net::Ipv4Addr,
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
use tokio::process::Command;

/// A program that runs containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerEngine {
    /// A client of a service: its containers are no descendants of whoever starts them.
    Docker,
    /// Without a service: its containers descend from whoever starts them.
    Podman,
}

/// The label of all containers of one run of a cloud, by which they are found when nobody is left who
/// knows their names.
const LABEL: &str = "dev.flaskscale.run";

/// What an engine has to say whether it works: its service may be on another machine, and out of reach.
const PATIENCE: Duration = Duration::from_secs(5);

/// A container to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Start<'a> {
    pub(crate) name: &'a str,
    /// The cloud's run.
    pub(crate) run: &'a str,
    /// The image's id, so that it is the very image that was found.
    pub(crate) image: &'a str,
    pub(crate) environment: &'a [(String, String)],
    /// A file with a line for each variable that no command line may show.
    pub(crate) secrets: Option<&'a Path>,
    /// On loopback, and where it leads to in the container.
    pub(crate) ports: (u16, u16),
}

impl ContainerEngine {
    /// The first that works here. A client of docker without its service does not.
    pub async fn find() -> Option<Self> {
        for engine in [Self::Docker, Self::Podman] {
            let question = match engine {
                Self::Docker => &["version", "--format", "{{.Server.Version}}"][..],
                Self::Podman => &["info"],
            };
            let answer = tokio::time::timeout(PATIENCE, engine.ask(question)).await;
            if matches!(answer, Ok(Ok(_))) {
                return Some(engine);
            }
        }
        None
    }

    /// Its command.
    pub fn program(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }

    pub(crate) fn from_program(program: &str) -> Option<Self> {
        [Self::Docker, Self::Podman]
            .into_iter()
            .find(|engine| engine.program() == program)
    }

    /// The id of an image that is on this machine, fetched from a registry of this machine if need be.
    /// An image from elsewhere is never fetched: whoever may write a template could have it run.
    pub(crate) async fn image(self, image: &str) -> Option<String> {
        let names = names(image);
        for name in &names {
            if let Some(id) = self.id(name).await {
                return Some(id);
            }
        }
        if !is_of_this_machine(image) {
            return None;
        }
        let name = names.first()?;
        let mut pull = vec!["pull", "--quiet"];
        if self == Self::Podman {
            // Docker knows by itself that a registry on loopback may do without a certificate.
            pull.push("--tls-verify=false");
        }
        pull.extend(["--", name]);
        self.ask(&pull).await.ok()?;
        self.id(name).await
    }

    /// A name comes from a template, and must not be taken for a flag.
    async fn id(self, name: &str) -> Option<String> {
        let inspect = ["image", "inspect", "--format", "{{.Id}}", "--", name];
        self.ask(&inspect).await.ok().filter(|id| !id.is_empty())
    }

    /// The command that runs a container until it ends, with its output as its own.
    pub(crate) fn run(self, start: &Start<'_>) -> Vec<String> {
        let (here, there) = start.ports;
        let mut command: Vec<String> = [
            self.program(),
            "run",
            "--rm",
            "--pull=never",
            "--log-driver=none",
            "--security-opt=no-new-privileges",
        ]
        .map(str::to_owned)
        .to_vec();
        command.push(format!("--name={}", start.name));
        command.push(format!("--label={LABEL}={}", start.run));
        command.push(format!("--publish=127.0.0.1:{here}:{there}"));
        for (name, value) in start.environment {
            command.push(format!("--env={name}={value}"));
        }
        if let Some(secrets) = start.secrets {
            command.push(format!("--env-file={}", secrets.display()));
        }
        if self == Self::Podman {
            command.extend(own_limits());
        }
        command.push(start.image.to_owned());
        command
    }

    /// The command that ends a container and removes it.
    pub(crate) fn remove(self, name: &str) -> Vec<String> {
        let mut command = vec![self.program(), "rm", "--force", "--volumes"];
        if self == Self::Podman {
            command.extend(["--time=0", "--ignore"]);
        }
        command.push(name);
        command.into_iter().map(str::to_owned).collect()
    }

    /// The command that stops a container as it stands, or lets it go on.
    pub(crate) fn pause(self, name: &str, frozen: bool) -> Vec<String> {
        let verb = if frozen { "pause" } else { "unpause" };
        [self.program(), verb, name].map(str::to_owned).to_vec()
    }

    /// Stops a container as it stands, or lets it go on.
    pub(crate) async fn freeze(self, name: &str, frozen: bool) -> io::Result<()> {
        self.carry_out(&self.pause(name, frozen)).await
    }

    /// Ends and removes what a run of a cloud may have left.
    pub(crate) async fn sweep(self, run: &str) -> io::Result<()> {
        let filter = format!("label={LABEL}={run}");
        let left = self
            .ask(&["ps", "--all", "--quiet", "--filter", &filter])
            .await?;
        for id in left.lines() {
            self.end(id).await?;
        }
        Ok(())
    }

    /// Ends and removes a container.
    pub(crate) async fn end(self, name: &str) -> io::Result<()> {
        // What is frozen cannot be killed; that it is not is what the engine mostly says.
        self.freeze(name, false).await.ok();
        self.carry_out(&self.remove(name)).await
    }

    async fn carry_out(self, command: &[String]) -> io::Result<()> {
        let arguments = command.iter().skip(1).map(String::as_str);
        let arguments: Vec<&str> = arguments.collect();
        self.ask(&arguments).await.map(drop)
    }

    /// Its answer, without the end of the line; its own words if it refuses.
    async fn ask(self, arguments: &[&str]) -> io::Result<String> {
        let mut command = Command::new(self.program());
        let command = command.args(arguments).stdin(Stdio::null());
        let Output {
            status,
            stdout,
            stderr,
        } = command.kill_on_drop(true).output().await?;
        if !status.success() {
            let why = String::from_utf8_lossy(&stderr);
            return Err(io::Error::other(why.trim().to_owned()));
        }
        Ok(String::from_utf8_lossy(&stdout).trim().to_owned())
    }
}

/// The names under which an image may be known here, the surest first. A tag says what the image is
/// where there is no digest, or where it was made from the digest, as those of what FlaskScale builds.
fn names(image: &str) -> Vec<String> {
    let Some((tagged, digest)) = image.split_once('@') else {
        return vec![image.to_owned()];
    };
    let (bare, tag) = split_tag(tagged);
    let mut names = vec![format!("{bare}@{digest}")];
    let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
    if tag.is_some_and(|tag| tag.len() >= 12 && hex.starts_with(tag)) {
        names.push(tagged.to_owned());
    }
    names
}

/// A name without its tag, and the tag. A colon before a slash is that of a port.
pub(crate) fn split_tag(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(':') {
        Some((bare, tag)) if !tag.contains('/') => (bare, Some(tag)),
        _ => (name, None),
    }
}

fn is_of_this_machine(image: &str) -> bool {
    let host = image.split_once('/').map_or("", |(host, _)| host);
    let (name, port) = split_tag(host);
    let is_loopback = |address: Ipv4Addr| address.is_loopback();
    port.is_some() && (name == "localhost" || name.parse().is_ok_and(is_loopback))
}

/// What this process may open and start, and so podman. Its defaults may be more than that, where this
/// is a container itself, and what nobody may have is refused. Of processes podman itself keeps no more
/// than the system has numbers for.
fn own_limits() -> Vec<String> {
    let numbers = std::fs::read_to_string("/proc/sys/kernel/pid_max").ok();
    let numbers = numbers.and_then(|text| text.trim().parse().ok());
    [
        ("nofile", Resource::RLIMIT_NOFILE, u64::MAX),
        ("nproc", Resource::RLIMIT_NPROC, numbers.unwrap_or(u64::MAX)),
    ]
    .into_iter()
    .filter_map(|(name, resource, most)| {
        let (soft, hard) = getrlimit(resource).ok()?;
        let (soft, hard) = (soft.min(most), hard.min(most));
        (hard < RLIM_INFINITY).then(|| format!("--ulimit={name}={soft}:{hard}"))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_by_its_digest_or_by_a_tag_that_tells_it() {
        let digest = format!("sha256:{}", "4df2c0f23e12".repeat(5));
        for (image, expected) in [
            ("web:1".to_owned(), vec!["web:1".to_owned()]),
            (format!("web:1@{digest}"), vec![format!("web@{digest}")]),
            (
                format!("host:5000/web:4df2c0f23e12@{digest}"),
                vec![
                    format!("host:5000/web@{digest}"),
                    "host:5000/web:4df2c0f23e12".to_owned(),
                ],
            ),
        ] {
            assert_eq!(names(&image), expected, "{image}");
        }
    }

    #[test]
    fn only_a_registry_on_loopback_is_of_this_machine() {
        for (image, expected) in [
            ("127.0.0.1:5000/web:1", true),
            ("localhost:5000/web", true),
            ("localhost/web:1", false),
            ("docker.io/library/web:1", false),
            ("web:1", false),
            ("127.example.com:5000/web", false),
        ] {
            assert_eq!(is_of_this_machine(image), expected, "{image}");
        }
    }

    #[test]
    fn a_container_gets_what_its_template_says_and_no_more() {
        let command = ContainerEngine::Docker.run(&Start {
            name: "flaskscale-web-1",
            run: "abc",
            image: "sha256:1",
            environment: &[("A".to_owned(), "b c".to_owned())],
            secrets: Some(Path::new("/tmp/secrets")),
            ports: (20_000, 5000),
        });
        let expected = [
            "docker",
            "run",
            "--rm",
            "--pull=never",
            "--log-driver=none",
            "--security-opt=no-new-privileges",
            "--name=flaskscale-web-1",
            "--label=dev.flaskscale.run=abc",
            "--publish=127.0.0.1:20000:5000",
            "--env=A=b c",
            "--env-file=/tmp/secrets",
            "sha256:1",
        ];
        assert_eq!(command, expected);
    }
}
