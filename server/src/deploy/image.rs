//! Which image a deployment runs: the one that is named, the one that is built here, or the one in service.

use control_plane::{
    configuration::{Configuration, is_image},
    deployment::{InService, built_image},
};
use gce::Client;

use super::{
    Wish,
    build::{Built, Recipe, build},
    pin::{Pin, Pinning, credentials, with_cure},
};
use crate::{
    cloud,
    failure::Failure,
    registry::{Reference, Registry, RegistryError},
};

/// For whom an image is chosen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choosing<'a> {
    pub(super) configuration: &'a Configuration,
    pub(super) client: &'a Client,
    pub(super) recipe: Recipe<'a>,
    /// Whether the configuration's image is to be built; it takes minutes, and who only looks does not
    /// want it.
    pub(super) builds: bool,
}

/// What is going to run.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) pin: Pin,
    /// What is to be pushed before an instance fetches it.
    built: Option<Built>,
}

impl Choosing<'_> {
    /// The flag's, else the file's, else what is built from its Dockerfile, else the one in service.
    pub(super) async fn choose(
        self,
        before: Option<&InService>,
        wish: &Wish,
    ) -> Result<Chosen, Failure> {
        if let Some(image) = wish.image.as_ref().filter(|image| !is_image(image)) {
            return Err(Failure::input(format!(
                "--image {image}: it must be a container image, as in \
                 us-central1-docker.pkg.dev/PROJECT/REPOSITORY/app:TAG"
            )));
        }
        let app = &self.configuration.app;
        let named = wish.image.as_ref().or(app.image.as_ref());
        if named.is_none() && self.builds && app.dockerfile.is_some() {
            return self.build().await;
        }
        let in_service = before.and_then(|before| before.image.as_ref());
        let image = named.or(in_service).ok_or_else(|| self.nothing_to_run())?;
        Ok(Chosen {
            pin: self.pinning().pin(image, before).await,
            built: None,
        })
    }

    async fn build(self) -> Result<Chosen, Failure> {
        let built = build(self.recipe)
            .await
            .map_err(|error| Failure::input_because("app.dockerfile", &error))?;
        let digest = built.layout.digest().to_owned();
        let registry = cloud::local_registry();
        let name = built_image(
            self.configuration,
            self.client.project(),
            registry.as_deref(),
        );
        let pin = Pin::Built {
            image: format!("{name}:{}@{digest}", tag(&digest)),
            digest,
            engine: built.engine,
            is_pushed: registry.is_some() || !cloud::is_local(),
        };
        Ok(Chosen {
            pin,
            built: Some(built),
        })
    }

    fn pinning(&self) -> Pinning<'_> {
        Pinning {
            client: self.client,
            machine_type: &self.configuration.machine.machine_type,
        }
    }

    fn nothing_to_run(&self) -> Failure {
        let cure = if self.configuration.app.dockerfile.is_some() {
            "flaskscale deploy builds it first, and --image names another"
        } else {
            "name the container's image there or with --image, or what it is built from in app.dockerfile"
        };
        Failure::input(format!(
            "app.image is missing, and no version is in service that could stay: {cure}"
        ))
    }
}

impl Chosen {
    /// Brings what was built here to where the instances find it: to its registry, or for a local cloud
    /// without one to its name on this machine.
    pub(super) async fn publish(&self, client: &Client) -> Result<(), Failure> {
        let (
            Some(built),
            Pin::Built {
                image, is_pushed, ..
            },
        ) = (&self.built, &self.pin)
        else {
            return Ok(());
        };
        if *is_pushed {
            return push(client, built, image).await;
        }
        let (name, _) = image.split_once('@').unwrap_or((image, ""));
        let named = built.name(name).await;
        named.map_err(|error| Failure::broken_because("the image stays without its name", &error))
    }
}

/// What the registry has already does not go over the line again.
async fn push(client: &Client, built: &Built, image: &str) -> Result<(), Failure> {
    let Some(reference) = Reference::parse(image) else {
        return Err(Failure::input(format!("{image} is no name of an image")));
    };
    let started = std::time::Instant::now();
    let pushed = async {
        let credentials = credentials(client, &reference).await?;
        let mut registry = Registry::of(&reference, credentials.as_ref())?;
        registry.push(&built.layout).await
    };
    let sent = pushed.await.map_err(|error| {
        let why = match &error {
            RegistryError::Missing(_) => "its repository is not there yet; run it again".to_owned(),
            RegistryError::Refused { .. } => {
                format!("{error}; ask for the role roles/artifactregistry.writer on its repository")
            }
            _ => with_cure(&error),
        };
        Failure::broken(format!("cannot push {image}: {why}"))
    })?;
    println!(
        "pushed {image}, {:.1} MB of it new ({:.1} s)",
        sent as f64 / 1e6,
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

/// A name for people, who see it beside the digest: what has the same content has the same tag.
fn tag(digest: &str) -> &str {
    let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
    hex.get(..12).unwrap_or(hex)
}
