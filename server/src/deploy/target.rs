//! A deployment in a cloud: the file that asks for it, and the client that makes it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use control_plane::{
    configuration::Configuration,
    deployment::{Blueprint, InService, Inventory, Mark, Release, Sought},
    preflight::{Finding, Severity},
};
use gce::Client;
use tokio::sync::OnceCell;

use super::{
    build::Recipe,
    image::{Choosing, Chosen},
    pin::{Pin, Pinning, architecture},
};
use crate::{cloud, failure::Failure};

/// What a command's flags say of the configuration.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct File {
    /// The deployment's configuration
    #[arg(
        long = "config",
        value_name = "FILE",
        default_value = "flaskscale.toml"
    )]
    pub(crate) path: PathBuf,
}

/// What a command's flags say of the version.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub(crate) struct Wish {
    /// The container image to run [default: the configuration's, else what is built from its
    /// Dockerfile, else the one in service]
    #[arg(long)]
    pub(crate) image: Option<String>,
    /// Move on to the newest system of the image family
    #[arg(long)]
    pub(crate) newest_os: bool,
}

/// A deployment in a cloud.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) configuration: Configuration,
    /// As it was read.
    pub(crate) text: String,
    /// Where it was read, and its image is built.
    pub(crate) folder: PathBuf,
    pub(crate) client: Client,
    builds: bool,
    /// Chosen once, so that a plan, what is done of it and what is seen after it are about one image,
    /// whoever moves its tag meanwhile.
    image: OnceCell<Chosen>,
    /// What the image of the console beside the app leads to, looked up once as well.
    console: OnceCell<Pin>,
}

/// The system that instances boot: a milestone with long support.
pub(crate) const BOOT_IMAGE: &str = "projects/cos-cloud/global/images/family/cos-125-lts";

impl File {
    /// Reads the configuration, and finds the cloud that it is for.
    pub(crate) fn open(&self) -> Result<Target, Failure> {
        Target::read(text(&self.path)?, &self.path)
    }
}

/// A configuration by itself, for whoever wants nothing of its deployment.
pub(crate) fn read_configuration(path: &Path) -> Result<Configuration, Failure> {
    parse(&text(path)?, path)
}

fn text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| {
        let path = path.display();
        Failure::input_because(format!("{path} (flaskscale init writes one)"), &error)
    })
}

fn parse(text: &str, path: &Path) -> Result<Configuration, Failure> {
    Configuration::read(text).map_err(|faults| {
        let line = |fault| format!("{}: {fault}", path.display());
        Failure::inputs(faults.0.iter().map(line).collect())
    })
}

impl Target {
    /// From a configuration's text; `path` says where it is from.
    pub(crate) fn read(text: String, path: &Path) -> Result<Self, Failure> {
        let configuration = parse(&text, path)?;
        let client = cloud::deployer(configuration.project.as_deref())?;
        Ok(Self {
            configuration,
            text,
            folder: Path::new(".").join(path.parent().unwrap_or(Path::new(""))),
            client,
            builds: false,
            image: OnceCell::new(),
            console: OnceCell::new(),
        })
    }

    /// The same for a command that makes versions: it builds the image, if that is what is asked for.
    pub(crate) fn building(mut self, wish: &Wish) -> Self {
        self.builds = true;
        if wish.image.is_some() {
            // What is named is not built, and nothing is needed for building it.
            self.configuration.app.dockerfile = None;
        }
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.configuration.name
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark::of(self.name())
    }

    /// What there is.
    pub(crate) async fn inventory(&self) -> Result<Inventory, Failure> {
        Inventory::gather(&self.client, &Sought::of(&self.configuration))
            .await
            .map_err(|error| Failure::broken_because("cannot read what is deployed", &error))
    }

    /// What there should be.
    pub(crate) async fn blueprint(
        &self,
        found: &Inventory,
        wish: &Wish,
    ) -> Result<Blueprint, Failure> {
        let before = found.in_service(self.name());
        let release = Release {
            image: self
                .choose(before.as_ref(), wish)
                .await?
                .pin
                .image()
                .to_owned(),
            console_image: self.pin_console().await.map(|pin| pin.image().to_owned()),
            boot_image: self.boot_image(before.as_ref(), wish).await?,
        };
        let project = self.client.project();
        Ok(Blueprint::of(&self.configuration, project, &release))
    }

    /// Which image it is, once [`Target::blueprint`] has chosen it.
    pub(crate) fn pinned(&self) -> Option<&Pin> {
        self.image.get().map(|chosen| &chosen.pin)
    }

    /// A line for each image, once they are chosen.
    pub(crate) fn images(&self) -> String {
        let app = self.pinned().map(|pin| format!("{pin}\n"));
        let console = self.console.get().map(|pin| format!("console {pin}\n"));
        app.into_iter().chain(console).collect()
    }

    /// Pushes the image, if it was built here.
    pub(crate) async fn publish_image(&self) -> Result<(), Failure> {
        match self.image.get() {
            Some(chosen) => chosen.publish(&self.client).await,
            None => Ok(()),
        }
    }

    /// What a person should know of the images before the plan.
    pub(crate) fn image_findings(&self) -> Vec<Finding> {
        let console = self.console.get();
        // In the local cloud this program stands for its own image: there is nothing to fetch.
        let console = console.filter(|pin| !matches!(pin, Pin::NotFetched(_)));
        let pins = self.pinned().into_iter().chain(console);
        pins.filter_map(Pin::finding).collect()
    }

    /// Tells which images they are, and refuses one that cannot be run.
    pub(crate) fn say_images(&self) -> Result<(), Failure> {
        for finding in self.image_findings() {
            if finding.severity == Severity::Stops {
                return Err(Failure::input(finding.text));
            }
            println!("{finding}");
        }
        print!("{}", self.images());
        Ok(())
    }

    async fn pin_console(&self) -> Option<&Pin> {
        let Configuration {
            console, machine, ..
        } = &self.configuration;
        let console = console.as_ref()?;
        let pinning = Pinning {
            client: &self.client,
            machine_type: &machine.machine_type,
        };
        let pin = || pinning.pin(&console.image, None);
        Some(self.console.get_or_init(pin).await)
    }

    async fn choose(&self, before: Option<&InService>, wish: &Wish) -> Result<&Chosen, Failure> {
        let Configuration { app, machine, .. } = &self.configuration;
        let choosing = Choosing {
            configuration: &self.configuration,
            client: &self.client,
            recipe: Recipe {
                name: self.name(),
                folder: &self.folder,
                dockerfile: app.dockerfile.as_deref().unwrap_or_default(),
                architecture: architecture(&machine.machine_type),
            },
            builds: self.builds,
        };
        let choose = || choosing.choose(before, wish);
        self.image.get_or_try_init(choose).await
    }

    /// The file's image; of a family, the image in service as long as it is of that family, so that a
    /// new system comes when somebody wants it and not with some other change.
    async fn boot_image(&self, before: Option<&InService>, wish: &Wish) -> Result<String, Failure> {
        let asked = self.configuration.machine.boot_image.as_deref();
        let asked = asked.unwrap_or(BOOT_IMAGE);
        let stays = |before: &&str| {
            !wish.newest_os && family(asked).is_some_and(|(_, family)| is_of(before, family))
        };
        let before = before.and_then(|before| before.boot_image.as_deref());
        if let Some(before) = before.filter(stays) {
            return Ok(before.to_owned());
        }
        newest_boot_image(&self.client, asked).await
    }
}

/// The newest image of a family, or the image itself.
pub(crate) async fn newest_boot_image(client: &Client, asked: &str) -> Result<String, Failure> {
    let Some((project, family)) = family(asked) else {
        return Ok(asked.to_owned());
    };
    match client.newest_image(project, family).await {
        Ok(newest) => Ok(format!("projects/{project}/global/images/{}", newest.name)),
        // The plan that enables the API is followed by one that knows the image.
        Err(error) if error.disabled_service().is_some() => Ok(asked.to_owned()),
        Err(error) => Err(Failure::broken_because(
            format!("cannot find the newest image of {asked}"),
            &error,
        )),
    }
}

/// Project and family of `projects/P/global/images/family/F`.
fn family(image: &str) -> Option<(&str, &str)> {
    let (project, rest) = image.strip_prefix("projects/")?.split_once('/')?;
    Some((project, rest.strip_prefix("global/images/family/")?))
}

/// Google names the images of `cos-125-lts` by the milestone: `cos-125-19216-0-0`.
fn is_of(image: &str, family: &str) -> bool {
    let milestone = family.strip_suffix("-lts").unwrap_or(family);
    let rest = gce::name_of(image).strip_prefix(milestone);
    rest.is_some_and(|rest| rest.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_by_the_milestone_of_its_family() {
        assert_eq!(family(BOOT_IMAGE), Some(("cos-cloud", "cos-125-lts")));
        assert_eq!(family("projects/cos-cloud/global/images/cos-125-1"), None);
        let image = "projects/cos-cloud/global/images/cos-125-19216-0-0";
        assert!(is_of(image, "cos-125-lts"));
        assert!(!is_of(image, "cos-121-lts"));
        assert!(!is_of("projects/p/global/images/cos-1250-1", "cos-125-lts"));
    }
}
