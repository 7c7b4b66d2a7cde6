//! The deployment that `up` makes on the emulator: the tutorial's, or the one that a file describes.

use control_plane::{
    Location,
    configuration::Configuration,
    deployment::{Blueprint, Inventory, Release, Sought, Terms, Values, apply, built_image, plan},
};
use gce::{Client, Scope};
use gce_emulator::resource::{self, Key, Kind};

use crate::{
    cloud::LOCAL_PROJECT,
    deploy::{BOOT_IMAGE, newest_boot_image},
    failure::Failure,
};

/// What is deployed when the local cloud starts.
#[derive(Clone, Debug, Default)]
pub(crate) enum Deployment {
    /// One group in a zone, behind a balancer with as few parts as it takes.
    #[default]
    Tutorial,
    /// What a `flaskscale.toml` says, as far as it means something on a laptop.
    Configured(Box<Configuration>),
}

/// The name of the tutorial's group, and of everything around it.
const NAME: &str = "flaskscale";
/// Where the tutorial's group lives.
const ZONE: &str = "us-central1-a";

impl Deployment {
    /// Of a file. What needs the world beyond the laptop is left out: the domain with its certificate,
    /// the console under it, who is let in, secrets, and accounts and networks that somebody made elsewhere.
    pub(crate) fn configured(mut configuration: Configuration) -> Self {
        let Configuration {
            app,
            console,
            machine,
            site,
            ..
        } = &mut configuration;
        app.console = false;
        *console = None;
        app.secrets.clear();
        machine.service_account = None;
        "default".clone_into(&mut machine.network);
        machine.subnetwork = None;
        site.domain = None;
        site.iap_members.clear();
        Self::Configured(Box::new(configuration))
    }

    /// What its group and everything around it is called.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Tutorial => NAME,
            Self::Configured(configuration) => &configuration.name,
        }
    }

    /// The file's, as far as it means something on a laptop.
    pub(crate) fn configuration(&self) -> Option<&Configuration> {
        match self {
            Self::Tutorial => None,
            Self::Configured(configuration) => Some(configuration),
        }
    }

    /// A folder of its own for its state, beside that of others.
    pub(crate) fn folder(&self) -> Option<&str> {
        match self {
            Self::Tutorial => None,
            Self::Configured(configuration) => Some(&configuration.name),
        }
    }

    /// The image that its instances run, if it says one: what is built at a deployment has its name here
    /// already.
    pub(crate) fn image(&self) -> Option<String> {
        let Self::Configured(configuration) = self else {
            return None;
        };
        let Configuration { name, app, .. } = &**configuration;
        let unnamed = || match app.dockerfile {
            Some(_) => built_image(configuration, LOCAL_PROJECT, None),
            None => name.clone(),
        };
        let named = app.image.clone();
        Some(named.unwrap_or_else(|| format!("{}:local", unnamed())))
    }

    /// The names of its containers' variables.
    pub(crate) fn variables(&self) -> Vec<String> {
        match self {
            Self::Tutorial => Vec::new(),
            Self::Configured(configuration) => {
                configuration.app.environment.keys().cloned().collect()
            }
        }
    }

    /// The forwarding rule by which visitors come.
    pub(super) fn rule(&self) -> String {
        self.part("80")
    }

    /// The backend service.
    pub(super) fn service(&self) -> String {
        self.part("site")
    }

    fn part(&self, suffix: &str) -> String {
        match self {
            Self::Tutorial => NAME.to_owned(),
            Self::Configured(configuration) => format!("{}-{suffix}", configuration.name),
        }
    }

    /// Where it has a group.
    pub(super) fn scopes(&self) -> Vec<Scope> {
        match self {
            Self::Tutorial => vec![Scope::Zone(ZONE.to_owned())],
            Self::Configured(configuration) => {
                let scope = |location: &Location| match location {
                    Location::Region(region) => Scope::Region(region.clone()),
                    Location::Zone(zone) => Scope::Zone(zone.clone()),
                };
                configuration.locations.iter().map(scope).collect()
            }
        }
    }

    /// Its groups' keys.
    pub(super) fn groups(&self) -> Vec<Key> {
        let key = |scope: Scope| Key::new(Kind::InstanceGroupManager, in_store(scope), self.name());
        self.scopes().into_iter().map(key).collect()
    }

    /// Makes what is missing, in the order in which one thing needs another. An owner's later changes,
    /// as of the policy, are not undone.
    pub(super) async fn make(&self, client: &Client) -> Result<(), Failure> {
        let (blueprint, sought) = self.wanted(client).await?;
        let inventory = Inventory::gather(client, &sought)
            .await
            .map_err(|error| Failure::broken_because("the local cloud does not answer", &error))?;
        let plan = plan(&blueprint, &inventory, Terms::default());
        apply(client, &plan, &Values::default(), |_| {})
            .await
            .map_err(|error| Failure::broken_because("the deployment failed", &error))
    }

    async fn wanted(&self, client: &Client) -> Result<(Blueprint, Sought), Failure> {
        let Self::Configured(configuration) = self else {
            let blueprint = Blueprint::tutorial(LOCAL_PROJECT, ZONE, NAME);
            return Ok((blueprint, Sought::in_compute(NAME)));
        };
        let boot_image = configuration.machine.boot_image.as_deref();
        let release = Release {
            image: self.image().unwrap_or_default(),
            console_image: None,
            boot_image: newest_boot_image(client, boot_image.unwrap_or(BOOT_IMAGE)).await?,
        };
        let blueprint = Blueprint::of(configuration, LOCAL_PROJECT, &release);
        Ok((blueprint, Sought::of(configuration)))
    }
}

fn in_store(scope: Scope) -> resource::Scope {
    match scope {
        Scope::Global => resource::Scope::Global,
        Scope::Region(region) => resource::Scope::Region(region),
        Scope::Zone(zone) => resource::Scope::Zone(zone),
    }
}
