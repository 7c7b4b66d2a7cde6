//! From the name of an image to its content: a tag can be moved, and two instances of one version must
//! not differ.

use std::fmt;

use control_plane::{
    deployment::{InService, googles_registry},
    preflight::{Finding, Severity},
};
use gce::Client;

use super::build::Engine;
use crate::{
    cloud,
    failure::chain,
    registry::{Credentials, Reference, Registry, RegistryError},
};

/// What the registry says of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pin {
    /// The name with the digest that it leads to.
    Is { image: String, digest: String },
    /// It was built here, and is pushed before anything fetches it.
    Built {
        image: String,
        digest: String,
        engine: Engine,
        /// False for a local cloud without a registry.
        is_pushed: bool,
    },
    /// The name stays, since nothing fetches it: the local cloud runs what is on this machine.
    NotFetched(String),
    /// Its content is known, and the registry could not be asked about it; a sentence.
    Unchecked { image: String, why: String },
    /// The name stays, since the registry does not tell; a sentence with the cure.
    Unknown { image: String, why: String },
}

/// Where an image is to run, and for whom it is looked up.
#[derive(Debug)]
pub(crate) struct Pinning<'a> {
    pub(crate) client: &'a Client,
    pub(crate) machine_type: &'a str,
}

/// As Google's registries call whoever brings an access token.
const TOKEN_USER: &str = "oauth2accesstoken";
/// The families of machine types with Arm processors.
const ARM: [&str; 4] = ["t2a-", "c4a-", "n4a-", "a4x-"];

impl Pin {
    /// What the template names.
    pub(crate) fn image(&self) -> &str {
        match self {
            Self::Is { image, .. }
            | Self::Built { image, .. }
            | Self::NotFetched(image)
            | Self::Unchecked { image, .. }
            | Self::Unknown { image, .. } => image,
        }
    }

    /// What a person should know before the plan.
    pub(crate) fn finding(&self) -> Option<Finding> {
        let (severity, text) = match self {
            Self::Is { .. }
            | Self::Built {
                is_pushed: true, ..
            } => return None,
            Self::Built { .. } => (
                Severity::Notes,
                "the image stays on this machine, where the local cloud runs it with docker or podman: \
                 FLASKSCALE_REGISTRY names no registry to push it to"
                    .to_owned(),
            ),
            Self::NotFetched(image) => (
                Severity::Notes,
                format!(
                    "{image} is not looked up: the local cloud asks registries of this machine alone, and \
                     runs an image that docker or podman have here"
                ),
            ),
            Self::Unchecked { why, .. } => (Severity::Warns, why.clone()),
            Self::Unknown { why, .. } => (Severity::Stops, why.clone()),
        };
        Some(Finding { severity, text })
    }
}

impl fmt::Display for Pin {
    /// `image HOST/NAME:TAG → sha256:…`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is { image, digest } => {
                write!(f, "image {} → {digest}", without(image, digest))
            }
            Self::Built {
                image,
                digest,
                engine,
                ..
            } => {
                let name = without(image, digest);
                write!(f, "image {name}, built here by {engine} → {digest}")
            }
            Self::NotFetched(image)
            | Self::Unchecked { image, .. }
            | Self::Unknown { image, .. } => write!(f, "image {image}"),
        }
    }
}

fn without<'a>(image: &'a str, digest: &str) -> &'a str {
    image
        .strip_suffix(digest)
        .unwrap_or(image)
        .trim_end_matches('@')
}

impl Pinning<'_> {
    /// Looks an image up, unless it is what runs already.
    ///
    /// A registry out of reach does not stop what needs nothing of it: an image that is named by its
    /// digest, or a tag whose image is in service.
    pub(crate) async fn pin(&self, image: &str, before: Option<&InService>) -> Pin {
        let Some(reference) = Reference::parse(image) else {
            let why = format!(
                "{image} names no image: write it as HOST/REPOSITORY/NAME:TAG, in small letters"
            );
            return unknown(image, why);
        };
        let before = before.and_then(|before| Reference::parse(before.image.as_deref()?));
        let known = [Some(reference.clone()), before.clone()];
        let known = known.into_iter().flatten().find(|known| {
            known.digest.is_some() && (reference.digest.is_some() || known.has_name_of(&reference))
        });
        if let (Some(digest), true) = (&reference.digest, before.as_ref() == Some(&reference)) {
            return is(&reference, digest);
        }
        if cloud::is_local() && !reference.is_on_this_machine() {
            return Pin::NotFetched(image.to_owned());
        }
        match (self.look_up(&reference).await, known) {
            (Ok(digest), _) => is(&reference.pinned(&digest), &digest),
            (Err(error @ RegistryError::Unreachable { .. }), Some(known)) => Pin::Unchecked {
                why: format!("{}, so that {known} is not looked up", chain(&error)),
                image: known.to_string(),
            },
            (Err(error), _) => unknown(image, with_cure(&error)),
        }
    }

    async fn look_up(&self, reference: &Reference) -> Result<String, RegistryError> {
        let credentials = credentials(self.client, reference).await?;
        let mut registry = Registry::of(reference, credentials.as_ref())?;
        registry.digest(architecture(self.machine_type)).await
    }
}

/// The instances fetch from Google's registries with their account, and from all others as anybody: so
/// it is looked up too. The local cloud's token is for registries on its machine.
pub(super) async fn credentials(
    client: &Client,
    reference: &Reference,
) -> Result<Option<Credentials>, RegistryError> {
    let is_googles = googles_registry(&format!("{}/", reference.authority)).is_some();
    if !(is_googles || cloud::is_local() && reference.is_on_this_machine()) {
        return Ok(None);
    }
    let token = client.access_token().await;
    let token = token.map_err(|source| RegistryError::Token(Box::new(source)))?;
    Ok(token.map(|password| Credentials {
        user: TOKEN_USER.to_owned(),
        password,
    }))
}

fn is(pinned: &Reference, digest: &str) -> Pin {
    Pin::Is {
        image: pinned.to_string(),
        digest: digest.to_owned(),
    }
}

fn unknown(image: &str, why: String) -> Pin {
    Pin::Unknown {
        image: image.to_owned(),
        why,
    }
}

pub(crate) fn architecture(machine_type: &str) -> &'static str {
    let is_arm = ARM.iter().any(|family| machine_type.starts_with(family));
    if is_arm { "arm64" } else { "amd64" }
}

pub(super) fn with_cure(error: &RegistryError) -> String {
    let cure = match error {
        RegistryError::Missing(_) => "push it first, or name another with --image",
        RegistryError::Refused { .. } => {
            "instances fetch from Google's registries with their account, and from others only what is \
             public: grant roles/artifactregistry.reader, or make it public"
        }
        RegistryError::Platform { .. } => "build it again for that platform",
        RegistryError::Token(_) => "sign in with gcloud auth application-default login",
        RegistryError::Layout(_) => "build it again",
        RegistryError::Setup(_)
        | RegistryError::Unreachable { .. }
        | RegistryError::Status { .. }
        | RegistryError::Odd { .. } => "look at the name of the registry, and try again later",
    };
    format!("{}; {cure}", chain(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_for_the_processor_of_the_machine_type() {
        for (machine_type, expected) in [
            ("e2-small", "amd64"),
            ("t2d-standard-1", "amd64"),
            ("t2a-standard-1", "arm64"),
            ("c4a-standard-1", "arm64"),
        ] {
            assert_eq!(architecture(machine_type), expected, "{machine_type}");
        }
    }

    #[test]
    fn what_stops_a_deployment_says_what_to_do() {
        let pin = unknown("a:1", with_cure(&RegistryError::Missing("a:1".to_owned())));
        let finding = pin.finding();
        let expected = Finding {
            severity: Severity::Stops,
            text: "there is no image a:1; push it first, or name another with --image".to_owned(),
        };
        assert_eq!(finding, Some(expected));
    }
}
