//! A blueprint from somebody's configuration.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::user_data::{Instructions, user_data};
use super::{Blueprint, Front, Identity, Public};
use crate::configuration::{App, Configuration, Console, Machine};
use crate::deployment::apis::{self, Uses};
use crate::deployment::beside::repositories;
use crate::deployment::{ConsoleSecrets, Mark};

/// What a configuration leaves open, decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The container's image.
    pub image: String,
    /// The image of the console beside it, where the configuration asks for one.
    pub console_image: Option<String>,
    /// The image of the boot disk: one image and not a family, else two instances of one template
    /// could differ.
    pub boot_image: String,
}

impl Blueprint {
    /// What `configuration` asks for, in `project`.
    pub fn of(configuration: &Configuration, project: &str, release: &Release) -> Self {
        let Configuration {
            name,
            locations,
            app,
            machine,
            policy,
            site,
            update,
            ..
        } = configuration;
        let beside = beside(configuration, release);
        let user_data = user_data(&Instructions {
            project,
            image: &release.image,
            app: &with_console(app, project, name),
            console: beside.as_ref(),
            console_secrets: &console_secrets(project, name),
        });
        let identity = Identity::of(configuration, project, &release.image);
        Self {
            name: name.clone(),
            project: project.to_owned(),
            mark: Some(Mark::of(name)),
            locations: locations.clone(),
            machine_type: machine.machine_type.clone(),
            image: Some(release.image.clone()),
            metadata: metadata(user_data),
            properties: properties(
                configuration,
                project,
                &release.boot_image,
                identity.as_ref(),
            ),
            policy: policy.clone(),
            update: Some(*update),
            port: app.port,
            port_name: "http".to_owned(),
            health_path: app.health_path.clone(),
            timeout_s: site.timeout_s,
            draining_s: site.draining_s,
            front: Front::Public(Public {
                network: machine.network.clone(),
                domain: site.domain.clone(),
                secure: site.domain.clone().filter(|_| site.https),
                redirect: site.redirect,
                members: site.iap_members.clone(),
            }),
            identity,
            repository: builds(&configuration.app)
                && repositories::holds(project, name, &release.image),
            console: configuration.serves_console(),
            beside,
            apis: apis::needed(uses(configuration))
                .into_iter()
                .map(str::to_owned)
                .collect(),
        }
    }
}

/// The console beside the app, with the image that its name leads to.
fn beside(configuration: &Configuration, release: &Release) -> Option<Console> {
    let console = configuration.console.as_ref()?;
    let image = release.console_image.as_ref().unwrap_or(&console.image);
    Some(Console {
        image: image.clone(),
        ..console.clone()
    })
}

/// The app with the names of what its console shares, if it has one. The values it reads itself.
fn with_console(app: &App, project: &str, deployment: &str) -> App {
    let mut app = app.clone();
    if app.console {
        for (variable, secret) in console_secrets(project, deployment) {
            app.environment.entry(variable).or_insert(secret);
        }
    }
    app
}

/// What consoles are told of their secrets, by variable.
fn console_secrets(project: &str, deployment: &str) -> BTreeMap<String, String> {
    let ConsoleSecrets {
        session_key,
        admin_password,
    } = ConsoleSecrets::of(deployment);
    let latest = |secret| format!("projects/{project}/secrets/{secret}/versions/latest");
    let named = [
        ("FLASKSCALE_SESSION_KEY_SECRET", session_key),
        ("FLASKSCALE_ADMIN_PASSWORD_SECRET", admin_password),
    ];
    let named = named.map(|(variable, secret)| (variable.to_owned(), latest(secret)));
    named.into()
}

/// An image that is named is not built.
fn builds(app: &App) -> bool {
    app.dockerfile.is_some() && app.image.is_none()
}

/// Which APIs beside Compute's a configuration asks for.
pub(crate) fn uses(configuration: &Configuration) -> Uses {
    Uses {
        account: configuration.machine.service_account.is_none(),
        repository: builds(&configuration.app),
        secrets: !configuration.secrets().is_empty(),
        iap: !configuration.site.iap_members.is_empty(),
    }
}

fn metadata(user_data: String) -> BTreeMap<String, String> {
    let items = [
        ("user-data", user_data),
        // A template says what runs, to the version: the system does not change by itself.
        ("cos-update-strategy", "update_disabled".to_owned()),
        // The container's output reaches Cloud Logging, and a refusal there does not stop it.
        ("google-logging-enabled", "true".to_owned()),
        ("block-project-ssh-keys", "TRUE".to_owned()),
        ("enable-oslogin", "TRUE".to_owned()),
    ];
    items.map(|(key, value)| (key.to_owned(), value)).into()
}

fn properties(
    configuration: &Configuration,
    project: &str,
    boot_image: &str,
    identity: Option<&Identity>,
) -> Map<String, Value> {
    let Configuration { name, machine, .. } = configuration;
    let mut labels = machine.labels.clone();
    labels.insert("flaskscale".to_owned(), name.clone());
    let own = identity.map(|identity| identity.email.as_str());
    let account = machine.service_account.as_deref().or(own);
    let properties = json!({
        "disks": [{
            "boot": true,
            "autoDelete": true,
            "initializeParams": {
                "sourceImage": boot_image,
                "diskSizeGb": machine.disk_gb.to_string(),
                "diskType": "pd-balanced",
            },
        }],
        "networkInterfaces": [network_interface(configuration, project)],
        "serviceAccounts": [{
            "email": account,
            "scopes": ["https://www.googleapis.com/auth/cloud-platform"],
        }],
        "tags": { "items": [name] },
        "labels": labels,
        "shieldedInstanceConfig": {
            "enableSecureBoot": true,
            "enableVtpm": true,
            "enableIntegrityMonitoring": true,
        },
    });
    match properties {
        Value::Object(properties) => properties,
        _ => Map::new(),
    }
}

fn network_interface(configuration: &Configuration, project: &str) -> Value {
    let Machine {
        network,
        subnetwork,
        external_ip,
        ..
    } = &configuration.machine;
    let mut interface =
        json!({ "network": format!("projects/{project}/global/networks/{network}") });
    if let (Some(subnetwork), Some(location)) = (subnetwork, configuration.locations.first()) {
        let region = location.region();
        interface["subnetwork"] = json!(format!(
            "projects/{project}/regions/{region}/subnetworks/{subnetwork}"
        ));
    }
    if *external_ip {
        interface["accessConfigs"] = json!([{
            "type": "ONE_TO_ONE_NAT",
            "name": "external",
            "networkTier": "PREMIUM",
        }]);
    }
    interface
}
