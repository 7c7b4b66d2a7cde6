use crate::Location;
use crate::configuration::Configuration;

/// Which resources an inventory looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought {
    /// The deployment's name.
    pub(super) deployment: String,
    /// Whether it has parts that are not Compute's.
    pub(super) beside: bool,
    /// What the account may have been granted something on, beside the project and the repositories of
    /// its images: `secrets/S`.
    pub(super) holders: Vec<String>,
    /// Where the repository of its images is.
    pub(super) registry: Option<String>,
    /// The host names under which it is reached.
    pub(super) domains: Vec<String>,
}

impl Sought {
    /// All that a configuration can have led to.
    pub fn of(configuration: &Configuration) -> Self {
        let names = configuration.secrets();
        let holders = names.into_iter().map(|name| format!("secrets/{name}"));
        Self {
            deployment: configuration.name.clone(),
            beside: true,
            holders: holders.collect(),
            registry: configuration
                .locations
                .first()
                .map(Location::region)
                .map(str::to_owned),
            domains: configuration.domains().map(str::to_owned).collect(),
        }
    }

    /// The resources of Compute alone, of the deployment with this name.
    pub fn in_compute(deployment: &str) -> Self {
        Self {
            deployment: deployment.to_owned(),
            beside: false,
            holders: Vec::new(),
            registry: None,
            domains: Vec::new(),
        }
    }
}
