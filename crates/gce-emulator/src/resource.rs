//! What the local cloud holds: resources of a kind, in a scope, under a name.

mod kind;

use std::{fmt, str::FromStr};

use serde_json::{Map, Value};

pub use self::kind::Kind;

/// The host and path under which Google's own answers name every resource.
const CANONICAL: &str = "https://www.googleapis.com/compute/v1/";

/// The number that stands for the project where Google uses numbers: in metadata and tokens.
pub const PROJECT_NUMBER: &str = "104857600001";

/// Where a resource lives inside its project. Displays as Google writes it: `zones/us-central1-a`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    Global,
    Region(String),
    Zone(String),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::Region(name) => write!(f, "regions/{name}"),
            Self::Zone(name) => write!(f, "zones/{name}"),
        }
    }
}

impl FromStr for Scope {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.split_once('/') {
            None if text == "global" => Ok(Self::Global),
            Some(("regions", name)) => Ok(Self::Region(name.to_owned())),
            Some(("zones", name)) => Ok(Self::Zone(name.to_owned())),
            _ => Err(()),
        }
    }
}

/// The identity of a resource inside the project of its store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub kind: Kind,
    pub scope: Scope,
    pub name: String,
}

impl Key {
    /// A key from its parts.
    pub fn new(kind: Kind, scope: Scope, name: impl Into<String>) -> Self {
        Self {
            kind,
            scope,
            name: name.into(),
        }
    }

    /// A key of a zonal resource.
    pub fn zonal(kind: Kind, zone: &str, name: impl Into<String>) -> Self {
        Self::new(kind, Scope::Zone(zone.to_owned()), name)
    }

    /// A key of a global resource.
    pub fn global(kind: Kind, name: impl Into<String>) -> Self {
        Self::new(kind, Scope::Global, name)
    }

    /// The path from `projects/` on, as error messages and audit logs have it.
    pub fn path(&self, project: &str) -> String {
        match self.kind {
            Kind::Zone | Kind::Region => {
                format!(
                    "projects/{project}/{}/{}",
                    self.kind.collection(),
                    self.name
                )
            }
            // What lies inside of another resource has that one's name before its own.
            Kind::SecretVersion => format!("projects/{project}/secrets/{}", self.name),
            Kind::RecordSet | Kind::DnsChange => {
                format!("projects/{project}/managedZones/{}", self.name)
            }
            Kind::LongRunning | Kind::IamPolicy => self.name.clone(),
            kind if !kind.is_of_compute() => {
                let location = match &self.scope {
                    Scope::Region(name) => format!("/locations/{name}"),
                    _ => String::new(),
                };
                let (collection, name) = (kind.collection(), &self.name);
                format!("projects/{project}{location}/{collection}/{name}")
            }
            kind => format!(
                "projects/{project}/{}/{}/{}",
                self.scope,
                kind.collection(),
                self.name
            ),
        }
    }

    /// The canonical URL: what `selfLink` and every reference hold.
    pub fn url(&self, project: &str) -> String {
        format!("{CANONICAL}{}", self.path(project))
    }

    /// Reads any form of reference that names kind and scope: a full URL of any host,
    /// `projects/P/zones/Z/instances/N`, or `zones/Z/instances/N`. The project is not compared.
    pub fn from_url(reference: &str) -> Option<Self> {
        let mut parts: Vec<&str> = relative(reference).split('/').collect();
        if parts.first() == Some(&"projects") {
            parts.drain(..parts.len().min(2));
        }
        match parts[..] {
            ["zones", name] => Some(Self::global(Kind::Zone, name)),
            ["regions", name] => Some(Self::global(Kind::Region, name)),
            ["global", collection, name] => Self::of(collection, Scope::Global, name),
            ["zones", zone, collection, name] => {
                Self::of(collection, Scope::Zone(zone.to_owned()), name)
            }
            ["regions", region, collection, name] => {
                Self::of(collection, Scope::Region(region.to_owned()), name)
            }
            _ => None,
        }
    }

    fn of(collection: &str, scope: Scope, name: &str) -> Option<Self> {
        let kind = Kind::from_collection(collection).filter(|kind| kind.is_of_compute())?;
        (!name.is_empty()).then(|| Self::new(kind, scope, name))
    }
}

/// A reference without host and API version.
fn relative(reference: &str) -> &str {
    let path = match reference.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => reference.trim_start_matches('/'),
    };
    ["compute/v1/", "compute/beta/", "compute/alpha/"]
        .iter()
        .find_map(|prefix| path.strip_prefix(prefix))
        .unwrap_or(path)
}

/// The canonical URL of a scope that is a resource itself: `https://…/projects/P/zones/Z`.
pub fn scope_url(project: &str, scope: &Scope) -> String {
    format!("{CANONICAL}projects/{project}/{scope}")
}

/// The canonical URL of any path that begins with `projects/`.
pub fn canonical_url(path: &str) -> String {
    format!("{CANONICAL}{path}")
}

/// The last segment of a URL or of a bare name.
pub fn last_segment(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

/// One resource: its identity, Google's number of it, and its body in Google's JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    pub key: Key,
    pub id: u64,
    pub body: Map<String, Value>,
}

impl Resource {
    /// A new resource with a number of its own.
    pub fn new(key: Key, body: Map<String, Value>) -> Self {
        // Google's numbers are large and not in order. Sixty random bits do not meet twice.
        let id = rand::random_range((1_u64 << 59)..(1 << 60));
        Self { key, id, body }
    }

    /// A text field of the body, also a nested one: `status/autoscaler`.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.field(path)?.as_str()
    }

    /// A whole number of the body, whether Google writes it as a number or as a string.
    pub fn number(&self, path: &str) -> Option<i64> {
        let value = self.field(path)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }

    /// The resource that a reference field names.
    pub fn reference(&self, path: &str) -> Option<Key> {
        Key::from_url(self.text(path)?)
    }

    /// A field of the body by its path; list elements by their index.
    pub fn field(&self, path: &str) -> Option<&Value> {
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        let value = self.body.get(first)?;
        if rest.is_empty() {
            Some(value)
        } else {
            value.pointer(&format!("/{rest}"))
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    #[test]
    fn every_form_of_reference_names_the_same_resource() {
        let group = Key::zonal(Kind::InstanceGroupManager, "z", "m");
        for text in [
            "http://127.0.0.1:8085/compute/v1/projects/p/zones/z/instanceGroupManagers/m",
            "https://www.googleapis.com/compute/v1/projects/p/zones/z/instanceGroupManagers/m",
            "https://compute.googleapis.com/compute/beta/projects/p/zones/z/instanceGroupManagers/m",
            "projects/p/zones/z/instanceGroupManagers/m",
            "zones/z/instanceGroupManagers/m",
        ] {
            assert_eq!(Key::from_url(text).unwrap(), group, "{text}");
        }
        assert_eq!(Key::from_url("m"), None);
        assert_eq!(Key::from_url("zones/z/unknown/m"), None);
    }

    #[test]
    fn a_zone_is_its_own_scope_in_paths() {
        let zone = Key::global(Kind::Zone, "us-central1-a");
        assert_eq!(zone.path("p"), "projects/p/zones/us-central1-a");
        assert_eq!(Key::from_url(&zone.url("p")).unwrap(), zone);
    }
}
