//! Which cloud this program looks after, found or told.

use std::{env, sync::Arc, time::Duration};

use app::{CloudLabel, console::faults::FaultBoard};
use clap::ValueEnum;
use control_plane::{ControlPlane, Pace, Settings};
use gce::{Client, Endpoints, GoogleToken, RetryPolicy};

use crate::{
    failure::Failure, local_faults::LocalFaults, local_token::LocalToken, metadata::Metadata,
    plain_http,
};

/// What the local cloud calls its one project.
pub(crate) const LOCAL_PROJECT: &str = "flaskscale-local";
/// Where the firmware of a virtual machine names its maker.
const PRODUCT_NAME: &str = "/sys/class/dmi/id/product_name";
/// A local API answers at once or is not there.
const LOOK: Duration = Duration::from_secs(2);

/// `--cloud`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CloudChoice {
    /// Google on a Google machine, else the emulator of FLASKSCALE_API, else one of its own under
    /// `cargo leptos watch`, else none.
    Auto,
    /// Google.
    Google,
    /// The emulator of FLASKSCALE_API.
    Local,
    /// No cloud: the site works, the console says so.
    None,
}

/// The choice, made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Google,
    /// An emulator at this URL.
    Local(String),
    /// An emulator has to be started in this process first.
    Embedded,
    Nothing,
}

/// The control plane and what goes with it.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) control: Option<ControlPlane>,
    /// What the control plane asks with, for whatever this instance reads and writes by itself.
    pub(crate) client: Option<Client>,
    /// Why there is none.
    pub(crate) no_cloud: String,
    pub(crate) label: CloudLabel,
    /// What the cloud does wrong on demand, where it is a local one.
    pub(crate) faults: Option<Arc<dyn FaultBoard>>,
    /// The metadata server of this very instance.
    pub(crate) metadata: Option<Metadata>,
    /// How many times as fast as ours the cloud's clock runs.
    pub(crate) speed: u32,
}

impl CloudChoice {
    /// Looks around. Asks the network only on a machine whose firmware says Google.
    pub(crate) async fn find(self, watched: bool) -> Result<Found, Failure> {
        let api = local_api();
        match self {
            Self::None => Ok(Found::Nothing),
            Self::Google => Ok(Found::Google),
            Self::Auto if on_google().await => Ok(Found::Google),
            Self::Auto | Self::Local => match api {
                Some(url) => Ok(Found::Local(url)),
                None if watched && cfg!(feature = "local") => Ok(Found::Embedded),
                None if self == Self::Auto => Ok(Found::Nothing),
                None => Err(Failure::input(
                    "--cloud local needs the URL of an emulator in FLASKSCALE_API",
                )),
            },
        }
    }
}

async fn on_google() -> bool {
    let product = std::fs::read_to_string(PRODUCT_NAME).unwrap_or_default();
    product.contains("Google")
        && Metadata::google()
            .value("project/project-id")
            .await
            .is_some()
}

impl Connection {
    /// The site without a cloud.
    pub(crate) fn none() -> Self {
        Self {
            control: None,
            client: None,
            no_cloud: "No cloud: this program was started with none. Run `flaskscale up`, or set \
                       FLASKSCALE_API to the URL of a local one."
                .to_owned(),
            label: CloudLabel::None,
            faults: None,
            metadata: None,
            speed: 1,
        }
    }

    /// Google, with the identity of this machine or of its user.
    pub(crate) async fn google() -> Result<Self, Failure> {
        let metadata = Metadata::google();
        let project = match env::var("GOOGLE_CLOUD_PROJECT") {
            Ok(project) if !project.is_empty() => project,
            _ => metadata.value("project/project-id").await.ok_or_else(|| {
                Failure::input("--cloud google: no metadata server answers; name the project in GOOGLE_CLOUD_PROJECT")
            })?,
        };
        let client = google_client(project)
            .map_err(|error| Failure::input_because("--cloud google", &error))?;
        Ok(Self::to_google(client, Some(metadata)))
    }

    /// The emulator at `url`, whose clock runs `speed` times as fast.
    pub(crate) fn local(url: &str, speed: u32) -> Result<Self, Failure> {
        let client = local_client(url)?;
        Ok(Self {
            control: Some(ControlPlane::new(
                client.clone(),
                Settings {
                    pace: Pace::EverySecond,
                },
            )),
            client: Some(client),
            no_cloud: String::new(),
            label: CloudLabel::Local { speed },
            faults: Some(Arc::new(LocalFaults::of(url))),
            metadata: Metadata::named(),
            speed,
        })
    }

    /// The cloud that deployments go to, with its owner's own credentials.
    pub(crate) async fn of_owner(project: Option<&str>) -> Result<Self, Failure> {
        if let Some(url) = local_api() {
            return Self::local(&url, local_speed(&url).await);
        }
        let client = deployer(project)?.with_retry(RetryPolicy::new());
        Ok(Self::to_google(client, None))
    }

    fn to_google(client: Client, metadata: Option<Metadata>) -> Self {
        let project = client.project().to_owned();
        Self {
            control: Some(ControlPlane::new(
                client.clone(),
                Settings { pace: Pace::Google },
            )),
            client: Some(client),
            no_cloud: String::new(),
            label: CloudLabel::Google { project },
            faults: None,
            metadata,
            speed: 1,
        }
    }
}

/// The URL of the local cloud, if one is named.
fn local_api() -> Option<String> {
    variable("FLASKSCALE_API")
}

/// Whether deployments go to a cloud on this machine.
pub(crate) fn is_local() -> bool {
    local_api().is_some()
}

/// Where images for the local cloud are pushed, in place of Google's registry: `127.0.0.1:5000`.
pub(crate) fn local_registry() -> Option<String> {
    local_api().and_then(|_| variable("FLASKSCALE_REGISTRY"))
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn google_client(project: String) -> Result<Client, gce::Error> {
    let tokens = GoogleToken::from_env()?;
    Client::new(Endpoints::google(), Arc::new(tokens), project)
}

/// A deployment is dozens of calls, and one that is given up stops it: half a minute of refusals, or
/// every third call failing, is waited out.
const PERSISTENT: RetryPolicy = RetryPolicy::new().attempts(8);

/// A client for whoever deploys: of the emulator of FLASKSCALE_API, which has one project, or of
/// Google with the user's own credentials.
pub(crate) fn deployer(project: Option<&str>) -> Result<Client, Failure> {
    if let Some(url) = local_api() {
        return Ok(local_client(&url)?.with_retry(PERSISTENT));
    }
    let project = project.map(str::to_owned);
    let project = project
        .or_else(|| variable("GOOGLE_CLOUD_PROJECT"))
        .ok_or_else(|| {
            Failure::input(
                "project is missing: say it in the configuration or in GOOGLE_CLOUD_PROJECT, \
             or set FLASKSCALE_API to the URL of a local cloud",
            )
        })?;
    let client =
        google_client(project).map_err(|error| Failure::input_because("Google", &error))?;
    let client = client.with_retry(PERSISTENT);
    // A service account belongs to a project, and may lack the permission to name another.
    let is_account = variable("GOOGLE_APPLICATION_CREDENTIALS").is_some()
        || variable("GCE_METADATA_HOST").is_some();
    Ok(if is_account {
        client
    } else {
        client.naming_project()
    })
}

/// A client of the emulator at `url`.
pub(crate) fn local_client(url: &str) -> Result<Client, Failure> {
    Client::new(
        Endpoints::local(url),
        Arc::new(LocalToken::of(url)),
        LOCAL_PROJECT.to_owned(),
    )
    .map_err(|error| Failure::input_because(format!("cannot use the cloud at {url}"), &error))
}

/// The speed of the emulator's clock: what `up` told this instance, else what the emulator says.
pub(crate) async fn local_speed(url: &str) -> u32 {
    if let Some(speed) = env::var("FLASKSCALE_SPEED")
        .ok()
        .and_then(|speed| speed.parse().ok())
    {
        return speed;
    }
    asked_speed(url).await.unwrap_or(1)
}

async fn asked_speed(url: &str) -> Option<u32> {
    let authority = url.strip_prefix("http://")?.trim_end_matches('/');
    let answer = plain_http::get(authority, "/_emulator/clock", &[], LOOK)
        .await
        .ok()?;
    let clock: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
    u32::try_from(clock["speed"].as_u64()?).ok()
}
