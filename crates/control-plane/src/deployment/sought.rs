use crate::configuration::Configuration;

/// Which resources an inventory looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought {
    /// The deployment's name.
    pub(super) deployment: String,
    /// Whether it has parts that are not Compute's.
    pub(super) beside: bool,
}

impl Sought {
    /// All that a configuration can have led to.
    pub fn of(configuration: &Configuration) -> Self {
        Self {
            deployment: configuration.name.clone(),
            beside: true,
        }
    }

    /// The resources of Compute alone, of the deployment with this name.
    pub fn in_compute(deployment: &str) -> Self {
        Self {
            deployment: deployment.to_owned(),
            beside: false,
        }
    }
}
