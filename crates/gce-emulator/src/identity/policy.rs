//! IAM policies: who may do what with the project, or with one resource of it.
//!
//! A project without a policy is open to every service account, so that a local cloud works
//! without any setting up.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{USER, roles};
use crate::{
    apis,
    compute::{change::Change, fingerprint},
    error::ApiError,
    resource::{Key, Kind, Resource},
    store::Store,
};

/// What Google says of a policy that nobody has written.
const NEVER_WRITTEN: &str = "ACAB";

/// How many members a policy can name.
const MEMBERS: usize = 1500;

/// A policy as it is read and written.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Policy {
    version: i64,
    etag: Option<String>,
    bindings: Vec<Binding>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Binding {
    role: String,
    /// Such as `serviceAccount:a@p.iam.gserviceaccount.com`, or `allUsers`.
    #[serde(default)]
    members: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    condition: Option<Value>,
}

impl Binding {
    fn names(&self, email: &str) -> bool {
        self.members.iter().any(|member| {
            let address = member
                .split_once(':')
                .map_or(&**member, |(_, address)| address);
            address == email || matches!(member.as_str(), "allUsers" | "allAuthenticatedUsers")
        })
    }

    /// For callers that know no conditions the role is another one, which grants nothing they know.
    fn without_condition(&self) -> Value {
        let Some(condition) = &self.condition else {
            return json!(self);
        };
        let hash = Sha256::digest(condition.to_string());
        let hash = hash
            .first_chunk()
            .map_or(0, |head| u64::from_be_bytes(*head));
        json!({"role": format!("{}_withcond_{hash:016x}", self.role), "members": self.members})
    }
}

impl Policy {
    /// What a caller wants to set.
    pub(crate) fn read(given: &Value) -> Result<Self, ApiError> {
        serde_json::from_value(given.clone()).map_err(|error| {
            ApiError::bad_request(format!("Invalid value for field 'policy': {error}."))
        })
    }

    /// What nobody has written. That of the project names those who work here, as at Google: whoever
    /// adds somebody by read, change and write then keeps them.
    pub(crate) fn unwritten(project: &str, holder: &str) -> Self {
        if holder != format!("projects/{project}") {
            return Self::default();
        }
        let account = format!("serviceAccount:default@{project}.iam.gserviceaccount.com");
        let owners = Binding {
            role: "roles/owner".to_owned(),
            members: vec![account, format!("user:{USER}")],
            condition: None,
        };
        Self {
            bindings: vec![owners],
            ..Self::default()
        }
    }

    /// What was set.
    pub(crate) fn stored(resource: &Resource) -> Self {
        serde_json::from_value(Value::Object(resource.body.clone())).unwrap_or_default()
    }

    /// The body to store.
    pub(crate) fn body(&self) -> Map<String, Value> {
        match json!(self) {
            Value::Object(body) => body,
            _ => Map::new(),
        }
    }

    /// As an answer shows it, to a caller that knows policies up to a version.
    pub(crate) fn view(&self, version: i64) -> Value {
        let conditional = self
            .bindings
            .iter()
            .any(|binding| binding.condition.is_some());
        let shown = |binding: &Binding| match version {
            3.. => json!(binding),
            _ => binding.without_condition(),
        };
        let etag = self.etag.as_deref().unwrap_or(NEVER_WRITTEN);
        let version = if conditional && version >= 3 { 3 } else { 1 };
        let mut view = json!({"version": version, "etag": etag});
        if !self.bindings.is_empty() {
            view["bindings"] = self.bindings.iter().map(shown).collect();
        }
        view
    }

    /// Whether it was made from `old`. Without an etag the last write wins.
    pub(crate) fn is_based_on(&self, old: &Self) -> bool {
        let known = old.etag.as_deref().unwrap_or(NEVER_WRITTEN);
        self.etag.as_deref().is_none_or(|etag| etag == known)
    }

    pub(crate) fn with_fresh_etag(mut self) -> Self {
        self.etag = fingerprint::fresh().as_str().map(str::to_owned);
        self
    }

    /// Refuses roles and members that do not exist, and conditions that would be lost.
    pub(crate) fn check(&self, change: &Change<'_, '_>) -> Result<(), ApiError> {
        let members = self.bindings.iter().map(|binding| binding.members.len());
        if members.sum::<usize>() > MEMBERS {
            let message = format!("A policy can name at most {MEMBERS} principals.");
            return Err(ApiError::bad_request(message));
        }
        for binding in &self.bindings {
            if binding.condition.is_some() && self.version != 3 {
                return Err(ApiError::bad_request(
                    "A policy with conditions must have the version 3.",
                ));
            }
            check_role(change, &binding.role)?;
            for member in &binding.members {
                check_member(change, member)?;
            }
        }
        Ok(())
    }

    /// The same after an account was deleted: its memberships stay, and name nobody. `None` if it
    /// had none.
    pub(crate) fn without_account(mut self, email: &str, uid: &str) -> Option<Self> {
        let (own, gone) = (
            format!("serviceAccount:{email}"),
            format!("deleted:serviceAccount:{email}?uid={uid}"),
        );
        let members = self
            .bindings
            .iter_mut()
            .flat_map(|binding| &mut binding.members);
        let mut found = false;
        for member in members.filter(|member| **member == own) {
            member.clone_from(&gone);
            found = true;
        }
        found.then(|| self.with_fresh_etag())
    }
}

fn check_role(change: &Change<'_, '_>, role: &str) -> Result<(), ApiError> {
    let is_own = || {
        let key = apis::custom_role(change.project, role)?;
        let role = change.tx.get(&key)?;
        (role.field("deleted") != Some(&json!(true))).then_some(())
    };
    if roles::exists(role) || is_own().is_some() {
        return Ok(());
    }
    let why = "Role is not supported for this resource.";
    Err(ApiError::invalid("policy.bindings.role", role, why))
}

fn check_member(change: &Change<'_, '_>, member: &str) -> Result<(), ApiError> {
    const KINDS: [&str; 7] = [
        "user",
        "serviceAccount",
        "group",
        "domain",
        "deleted",
        "principal",
        "principalSet",
    ];
    if matches!(member, "allUsers" | "allAuthenticatedUsers") {
        return Ok(());
    }
    match member.split_once(':') {
        Some(("serviceAccount", email)) if !apis::account_is_known(change, email) => Err(
            ApiError::bad_request(format!("Service account {email} does not exist.")),
        ),
        Some((kind, name)) if KINDS.contains(&kind) && !name.is_empty() => Ok(()),
        _ => {
            let why = "It must be a kind of principal, a colon and a name.";
            Err(ApiError::invalid("policy.bindings.members", member, why))
        }
    }
}

/// The policy of the project (`projects/P`) or of a resource, by its path.
pub(crate) fn policy_of(store: &Store, holder: &str) -> Option<Policy> {
    let stored = store.get(&Key::global(Kind::IamPolicy, holder))?;
    Some(Policy::stored(&stored))
}

/// Whether policies let somebody do something: the project's, or that of the resource.
pub(super) fn grants(store: &Store, email: &str, permission: &str, holder: Option<&str>) -> bool {
    let project = format!("projects/{}", store.project());
    let Some(policy) = policy_of(store, &project) else {
        return true;
    };
    let own = holder.filter(|holder| *holder != project);
    let own = own.and_then(|holder| policy_of(store, holder));
    let policies = std::iter::once(policy).chain(own);
    let bindings: Vec<Binding> = policies.flat_map(|policy| policy.bindings).collect();
    // What a condition says is not evaluated here, so it grants nothing.
    bindings.iter().any(|binding| {
        binding.condition.is_none() && binding.names(email) && has(store, &binding.role, permission)
    })
}

fn has(store: &Store, role: &str, permission: &str) -> bool {
    let own = apis::custom_role(store.project(), role).and_then(|key| store.get(&key));
    match own {
        None => roles::has(role, permission),
        Some(role) => {
            let included = role.field("includedPermissions").and_then(Value::as_array);
            let is_live = role.field("deleted") != Some(&json!(true));
            is_live && included.is_some_and(|included| included.contains(&json!(permission)))
        }
    }
}
