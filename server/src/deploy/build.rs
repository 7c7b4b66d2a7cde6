//! From a Dockerfile to an image in a folder of this program's own, with whatever builds images here.
//! Nothing leaves the machine: the digest is known before anything is pushed.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};

use tempfile::TempDir;
use tokio::process::Command;

use crate::registry::{Layout, LayoutError, lay_out};

/// What builds images, in the order in which it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Docker,
    Podman,
    Buildah,
}

/// What is to be built.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recipe<'a> {
    /// The deployment's name.
    pub(crate) name: &'a str,
    /// What the build gets to see.
    pub(crate) folder: &'a Path,
    /// Below the folder.
    pub(crate) dockerfile: &'a str,
    /// `amd64`.
    pub(crate) architecture: &'a str,
}

/// An image that is on this machine only.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) engine: Engine,
    pub(crate) layout: Layout,
    /// What the engine knows it by.
    tag: String,
    /// Goes with it.
    _folder: TempDir,
}

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    #[error(
        "nothing here builds images: install and start docker, podman or buildah, or name an image \
         with --image"
    )]
    NoEngine,
    #[error("{} is not there", _0.display())]
    NoDockerfile(PathBuf),
    #[error("cannot start {program}")]
    Start {
        program: &'static str,
        source: io::Error,
    },
    #[error("{program} {verb} ended with {status}")]
    Failed {
        program: &'static str,
        verb: &'static str,
        status: ExitStatus,
    },
    #[error("no folder for the image can be made")]
    Folder(#[source] io::Error),
    #[error("what {0} has built is no image in the layout of OCI")]
    Layout(Engine, #[source] LayoutError),
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.program())
    }
}

impl Engine {
    fn program(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Buildah => "buildah",
        }
    }

    /// The first that works. A client of Docker without its server does not.
    async fn find() -> Option<Self> {
        for (engine, question) in [
            (
                Self::Docker,
                &["version", "--format", "{{.Server.Version}}"][..],
            ),
            (Self::Podman, &["info"]),
            (Self::Buildah, &["info"]),
        ] {
            let mut asked = Command::new(engine.program());
            let asked = asked.args(question).stdin(Stdio::null());
            let answer = asked.stdout(Stdio::null()).stderr(Stdio::null()).status();
            if answer.await.is_ok_and(|status| status.success()) {
                return Some(engine);
            }
        }
        None
    }

    /// Has it build an image of that name.
    ///
    /// What is built again from the same is the same, as long as the engine keeps its layers.
    pub(crate) async fn build(self, recipe: Recipe<'_>, tag: &str) -> Result<(), BuildError> {
        let dockerfile = recipe.folder.join(recipe.dockerfile);
        if !dockerfile.is_file() {
            return Err(BuildError::NoDockerfile(dockerfile));
        }
        eprintln!("building {} with {self}", dockerfile.display());
        let platform = format!("linux/{}", recipe.architecture);
        let mut command = Command::new(self.program());
        command.current_dir(recipe.folder).arg("build");
        if self == Self::Buildah {
            command.arg("--layers");
        }
        command.args(["--platform", &platform, "--tag", tag]);
        command.args(["--file", recipe.dockerfile, "."]);
        self.run("build", &mut command).await
    }

    /// Has it fetch an image unless it has it.
    #[cfg(feature = "local")]
    pub(crate) async fn fetch(self, image: &str) -> Result<(), BuildError> {
        let mut asked = Command::new(self.program());
        let asked = asked.args(["image", "inspect", image]).stdin(Stdio::null());
        let answer = asked.stdout(Stdio::null()).stderr(Stdio::null()).status();
        if answer.await.is_ok_and(|status| status.success()) {
            return Ok(());
        }
        let mut command = Command::new(self.program());
        self.run("pull", command.args(["pull", image])).await
    }

    async fn write(self, tag: &str, folder: &Path) -> Result<(), BuildError> {
        let mut command = Command::new(self.program());
        if self != Self::Docker {
            let layout = format!("oci:{}", folder.display());
            return self
                .run("push", command.args(["push", "--quiet", tag, &layout]))
                .await;
        }
        let archive = folder.join("image.tar");
        let save = command.args(["save", "--output"]).arg(&archive).arg(tag);
        self.run("save", save).await?;
        let mut unpack = Command::new("tar");
        let unpack = unpack.arg("-xf").arg(&archive).arg("-C").arg(folder);
        run("tar", "-x", unpack).await?;
        std::fs::remove_file(archive).map_err(BuildError::Folder)?;
        lay_out(folder).map_err(|error| BuildError::Layout(self, error))
    }

    async fn run(self, verb: &'static str, command: &mut Command) -> Result<(), BuildError> {
        run(self.program(), verb, command).await
    }
}

/// What it says goes to standard error: standard output is for plans.
async fn run(
    program: &'static str,
    verb: &'static str,
    command: &mut Command,
) -> Result<(), BuildError> {
    let command = command.stdin(Stdio::null()).stdout(io::stderr());
    let status = command.kill_on_drop(true).status().await;
    let status = status.map_err(|source| BuildError::Start { program, source })?;
    if status.success() {
        Ok(())
    } else {
        Err(BuildError::Failed {
            program,
            verb,
            status,
        })
    }
}

/// Builds an image.
pub(crate) async fn build(recipe: Recipe<'_>) -> Result<Built, BuildError> {
    let engine = Engine::find().await.ok_or(BuildError::NoEngine)?;
    let tag = format!("localhost/flaskscale/{}:latest", recipe.name);
    engine.build(recipe, &tag).await?;
    let folder = TempDir::with_prefix("flaskscale-image-").map_err(BuildError::Folder)?;
    engine.write(&tag, folder.path()).await?;
    let layout = Layout::read(folder.path(), recipe.architecture);
    let layout = layout.map_err(|error| BuildError::Layout(engine, error))?;
    Ok(Built {
        engine,
        layout,
        tag,
        _folder: folder,
    })
}

impl Built {
    /// Has the engine know it by another name too, under which the local cloud finds it.
    pub(crate) async fn name(&self, name: &str) -> Result<(), BuildError> {
        let mut command = Command::new(self.engine.program());
        let command = command.args(["tag", &self.tag, name]);
        self.engine.run("tag", command).await
    }
}
