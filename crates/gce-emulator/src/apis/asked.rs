//! What a call asks, read from its path: one table for dispatch, permissions, faults and the state of
//! the API.

use axum::http::Method;

/// An API beside Compute, Monitoring and Logging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    ArtifactRegistry,
    Billing,
    Dns,
    Iam,
    Iap,
    OrgPolicy,
    ResourceManager,
    SecretManager,
    ServiceUsage,
}

impl Api {
    /// The name under which a project enables it.
    pub(crate) const fn host(self) -> &'static str {
        match self {
            Self::ArtifactRegistry => "artifactregistry.googleapis.com",
            Self::Billing => "cloudbilling.googleapis.com",
            Self::Dns => "dns.googleapis.com",
            Self::Iam => "iam.googleapis.com",
            Self::Iap => "iap.googleapis.com",
            Self::OrgPolicy => "orgpolicy.googleapis.com",
            Self::ResourceManager => "cloudresourcemanager.googleapis.com",
            Self::SecretManager => "secretmanager.googleapis.com",
            Self::ServiceUsage => "serviceusage.googleapis.com",
        }
    }

    /// What its methods and permissions begin with.
    const fn prefix(self) -> &'static str {
        match self {
            Self::ArtifactRegistry => "artifactregistry",
            Self::Billing => "billing",
            Self::Dns => "dns",
            Self::Iam => "iam",
            Self::Iap => "iap",
            Self::OrgPolicy => "orgpolicy",
            Self::ResourceManager => "resourcemanager",
            Self::SecretManager => "secretmanager",
            Self::ServiceUsage => "serviceusage",
        }
    }
}

/// The collections and their paths; `*` stands for a name.
const COLLECTIONS: [(Api, &str, &str); 18] = [
    (Api::ResourceManager, "projects", "v1/projects"),
    (Api::ResourceManager, "projects", "v3/projects"),
    (Api::Billing, "info", "v1/projects/*/billingInfo"),
    (Api::ServiceUsage, "services", "v1/projects/*/services"),
    (Api::ServiceUsage, "operations", "v1/operations"),
    (Api::Iam, "serviceAccounts", "v1/projects/*/serviceAccounts"),
    (Api::Iam, "roles", "v1/projects/*/roles"),
    (
        Api::Iap,
        "webServices",
        "v1/projects/*/iap_web/compute/services",
    ),
    (Api::SecretManager, "secrets", "v1/projects/*/secrets"),
    (
        Api::SecretManager,
        "versions",
        "v1/projects/*/secrets/*/versions",
    ),
    (
        Api::ArtifactRegistry,
        "repositories",
        "v1/projects/*/locations/*/repositories",
    ),
    (
        Api::ArtifactRegistry,
        "operations",
        "v1/projects/*/locations/*/operations",
    ),
    (Api::OrgPolicy, "policies", "v2/projects/*/policies"),
    (Api::Dns, "projects", "dns/v1/projects"),
    (Api::Dns, "managedZones", "dns/v1/projects/*/managedZones"),
    (
        Api::Dns,
        "resourceRecordSets",
        "dns/v1/projects/*/managedZones/*/rrsets",
    ),
    (
        Api::Dns,
        "changes",
        "dns/v1/projects/*/managedZones/*/changes",
    ),
    (
        Api::Dns,
        "managedZoneOperations",
        "dns/v1/projects/*/managedZones/*/operations",
    ),
];

/// A call of one of these APIs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) api: Api,
    pub(crate) collection: &'static str,
    /// `list`, `get`, `create`, `patch`, `update`, `delete`, or what follows the colon.
    pub(crate) verb: String,
    /// The names in the path, outermost first; the last is the resource's own, unless the call is
    /// about the whole collection.
    pub(crate) names: Vec<String>,
}

impl Asked {
    /// Reads method and path; `None` for what is of none of these APIs.
    pub(crate) fn read(method: &Method, path: &str) -> Option<Self> {
        let path = path.trim_matches('/');
        let (path, custom) = match path.rsplit_once(':') {
            Some((path, verb)) if !verb.contains('/') => (path, Some(verb)),
            _ => (path, None),
        };
        let segments: Vec<&str> = path.split('/').collect();
        COLLECTIONS.iter().find_map(|(api, collection, pattern)| {
            let (names, below) = names(pattern, &segments)?;
            // A record set is named by its name and type.
            let is_item = match (*collection, below) {
                ("resourceRecordSets", 2) | ("info", 0) => true,
                ("resourceRecordSets", 1) | ("info", _) => return None,
                (_, 0) => false,
                (_, 1) => true,
                _ => return None,
            };
            Some(Self {
                api: *api,
                collection,
                verb: custom.map_or_else(|| verb(method, is_item), str::to_owned),
                names: names.into_iter().map(decoded).collect(),
            })
        })
    }

    /// What Google calls the method, without the version: `secretmanager.secrets.get`.
    pub(crate) fn method(&self) -> String {
        format!("{}.{}.{}", self.api.prefix(), self.collection, self.verb)
    }

    /// The path of the resource whose own IAM policy has a say beside the project's.
    pub(crate) fn holder(&self, project: &str) -> Option<String> {
        match (self.api, self.collection, &self.names[..]) {
            (Api::SecretManager, _, [_, secret, ..]) => {
                Some(format!("projects/{project}/secrets/{secret}"))
            }
            (Api::ArtifactRegistry, "repositories", [_, location, name]) => Some(format!(
                "projects/{project}/locations/{location}/repositories/{name}"
            )),
            (Api::Iam, "serviceAccounts", [_, email]) => {
                Some(format!("projects/{project}/serviceAccounts/{email}"))
            }
            (Api::Iap, "webServices", [_, service]) => Some(format!(
                "projects/{project}/iap_web/compute/services/{service}"
            )),
            _ => None,
        }
    }
}

/// The names in a path that begins as a pattern says, and how many segments follow the pattern.
fn names<'p>(pattern: &str, segments: &[&'p str]) -> Option<(Vec<&'p str>, usize)> {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let below = segments.len().checked_sub(pattern.len())?;
    let mut names = Vec::new();
    for (pattern, segment) in pattern.iter().zip(segments) {
        match *pattern {
            "*" => names.push(*segment),
            word if word == *segment => {}
            _ => return None,
        }
    }
    names.extend(&segments[pattern.len()..]);
    Some((names, below))
}

fn verb(method: &Method, is_item: bool) -> String {
    let verb = match (method, is_item) {
        (&Method::GET, false) => "list",
        (&Method::GET, true) => "get",
        (&Method::POST, _) => "create",
        (&Method::PUT, _) => "update",
        (&Method::PATCH, _) => "patch",
        (&Method::DELETE, _) => "delete",
        _ => "unknown",
    };
    verb.to_owned()
}

/// Google's Python client escapes the `@` of an account.
fn decoded(segment: &str) -> String {
    let pair: Option<Vec<(String, String)>> =
        serde_urlencoded::from_str(&format!("n={}", segment.replace('+', "%2B"))).ok();
    let name = pair.and_then(|pairs| pairs.into_iter().next());
    name.map_or_else(|| segment.to_owned(), |(_, name)| name)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    #[test]
    fn a_path_says_which_method_of_which_api_is_meant() {
        for (method, path, name, names) in [
            (
                Method::POST,
                "/v3/projects/p:getIamPolicy",
                "resourcemanager.projects.getIamPolicy",
                &["p"][..],
            ),
            (
                Method::GET,
                "/v1/projects/p/billingInfo",
                "billing.info.get",
                &["p"],
            ),
            (
                Method::GET,
                "/v1/projects/p/services:batchGet",
                "serviceusage.services.batchGet",
                &["p"],
            ),
            (
                Method::DELETE,
                "/v1/projects/p/serviceAccounts/a%40p.iam",
                "iam.serviceAccounts.delete",
                &["p", "a@p.iam"],
            ),
            (
                Method::GET,
                "/v1/projects/p/secrets/s/versions/latest:access",
                "secretmanager.versions.access",
                &["p", "s", "latest"],
            ),
            (
                Method::POST,
                "/v1/projects/p/locations/l/repositories",
                "artifactregistry.repositories.create",
                &["p", "l"],
            ),
            (
                Method::PATCH,
                "/dns/v1/projects/p/managedZones/z/rrsets/a.test./A",
                "dns.resourceRecordSets.patch",
                &["p", "z", "a.test.", "A"],
            ),
        ] {
            let asked = Asked::read(&method, path).unwrap();
            assert_eq!(
                (asked.method().as_str(), asked.names),
                (name, names.iter().map(|name| (*name).to_owned()).collect()),
                "{path}"
            );
        }
        for path in [
            "/v3/projects/p/timeSeries",
            "/v2/entries:list",
            "/compute/v1/projects/p",
            "/v1/projects/p/secrets/s/versions/1/more",
        ] {
            assert_eq!(Asked::read(&Method::GET, path), None, "{path}");
        }
    }

    #[test]
    fn a_version_is_guarded_by_the_policy_of_its_secret() {
        let path = "/v1/projects/1/secrets/s/versions/1:access";
        let asked = Asked::read(&Method::GET, path).unwrap();
        assert_eq!(asked.holder("p").unwrap(), "projects/p/secrets/s");
    }
}
