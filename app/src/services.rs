//! What the pages are given by the program that serves them.

use std::sync::Arc;

use control_plane::{ControlPlane, GroupId};
use tokio::sync::watch;

use crate::console::faults::FaultBoard;

/// Everything a page or a server function may use.
#[derive(Clone, Debug)]
pub struct Services {
    /// The hands, or `None` where there is no cloud.
    pub control: Option<ControlPlane>,
    /// Why there is no cloud, and what to do about it; empty where there is one.
    pub no_cloud: String,
    /// Which cloud this is, for the top bar.
    pub cloud: CloudLabel,
    /// The instance that answers.
    pub instance: InstanceIdentity,
    /// Whether the public page shows the fleet's counts.
    pub public_status: bool,
    /// `Err` with the reason where the console must not open, as without secrets.
    pub console: Result<(), String>,
    /// Whether stress drills may be started.
    pub drills: bool,
    /// What fails on demand, where the cloud is a local one.
    pub faults: Option<Arc<dyn FaultBoard>>,
    /// Turns `true` when the program begins to stop: streams end at once.
    pub shutdown: watch::Receiver<bool>,
    /// The program's version.
    pub version: String,
}

/// Where the fleet lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloudLabel {
    /// The local cloud, whose clock runs `speed` times as fast.
    Local {
        /// 1 to 60.
        speed: u32,
    },
    /// A Google Cloud project.
    Google {
        /// The project's id.
        project: String,
    },
    /// No cloud at all.
    None,
}

impl CloudLabel {
    /// The label in words.
    pub fn text(&self) -> String {
        match self {
            Self::Local { speed: 1 } => "local cloud".to_owned(),
            Self::Local { speed } => format!("local cloud, clock ×{speed}"),
            Self::Google { project } => project.clone(),
            Self::None => "no cloud".to_owned(),
        }
    }
}

/// Which instance this is, as the metadata server told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceIdentity {
    /// The instance's name.
    pub name: String,
    /// Its zone; empty outside a cloud.
    pub zone: String,
    /// The managed instance group it belongs to.
    pub group: Option<GroupId>,
}
