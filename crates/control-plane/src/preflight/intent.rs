/// What a deployment is going to need.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a choice of its own, and all combinations mean something"
)]
pub struct Intent {
    /// The project's id.
    pub project: String,
    /// The name of the machine type: `e2-small`.
    pub machine_type: String,
    /// The regions, each with the most instances that it can come to have.
    pub places: Vec<Place>,
    /// Whether each instance has an external address.
    pub external_ip: bool,
    /// Gigabytes of each boot disk.
    pub disk_gb: u32,
    /// An account that must be there; `None` where the deployment makes one.
    pub service_account: Option<String>,
    /// The host name of the site, without a dot at its end.
    pub domain: Option<String>,
    /// The address of the load balancer, once there is one.
    pub address: Option<String>,
    /// Whether the site is served by HTTPS.
    pub https: bool,
    /// Whether instances read secrets.
    pub secrets: bool,
    /// Whether an image is pushed to a repository of the project.
    pub pushes_image: bool,
}

/// A region of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// `us-central1`.
    pub region: String,
    /// The policy's maximum and what a roll-out adds to it.
    pub instances: u32,
    /// Those of them that run already, and count as used.
    pub running: u32,
}

impl Place {
    /// How many instances are still to come.
    pub(super) fn coming(&self) -> u32 {
        self.instances.saturating_sub(self.running)
    }
}
