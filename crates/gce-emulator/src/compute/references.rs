//! References between resources: read in any form, stored as one canonical URL, and looked for
//! before anything is deleted.

use serde_json::{Map, Value, json};

use super::{
    catalog,
    change::Change,
    paths::{all, each},
    schema::resource_field,
    table,
};
use crate::{
    error::ApiError,
    resource::{Key, Kind, Scope},
};

/// A field that names another resource, which cannot be deleted as long as it does. `*` in the path stands for every element of a list.
#[derive(Debug)]
pub(crate) struct Reference {
    path: &'static str,
    kind: Kind,
    /// A second kind that it may name.
    other: Option<Kind>,
    /// Whether it names only what lives in the owner's own scope.
    at_home: bool,
}

/// A reference that keeps what it names from being deleted.
pub(crate) const fn holds(path: &'static str, kind: Kind) -> Reference {
    Reference {
        path,
        kind,
        other: None,
        at_home: false,
    }
}

impl Reference {
    /// The same reference, which may also name a resource of another kind.
    pub(crate) const fn or(self, kind: Kind) -> Self {
        Self {
            other: Some(kind),
            ..self
        }
    }

    /// The same reference, which names only what lives in the owner's own scope.
    pub(crate) const fn at_home(self) -> Self {
        Self {
            at_home: true,
            ..self
        }
    }

    fn accepts(&self, kind: Kind) -> bool {
        self.kind == kind || self.other == Some(kind)
    }

    /// The key that a value means.
    fn read(&self, owner: &Scope, text: &str) -> Option<Key> {
        match Key::from_url(text) {
            Some(key) => self.accepts(key.kind).then_some(key),
            None => resolve(self.kind, owner, text),
        }
    }
}

/// Makes every reference of a body canonical, and refuses one to what does not exist or cannot be
/// reached from there.
pub(super) fn canonicalise(
    change: &Change<'_, '_>,
    owner: &Key,
    references: &[Reference],
    body: &mut Map<String, Value>,
) -> Result<(), ApiError> {
    let there = |key: &Key| change.tx.get(key).is_some();
    canonicalise_with(change.project, there, owner, references, body)
}

/// The same outside of a change; `there` says whether a resource is stored.
pub(super) fn canonicalise_with(
    project: &str,
    there: impl Fn(&Key) -> bool,
    owner: &Key,
    references: &[Reference],
    body: &mut Map<String, Value>,
) -> Result<(), ApiError> {
    for reference in references {
        let field = resource_field(reference.path);
        each(body, reference.path, &mut |value| {
            let Some(text) = value.as_str() else {
                let why = "It must be the URL of a resource.";
                return Err(ApiError::invalid(&field, &value.to_string(), why));
            };
            let key = reference
                .read(&owner.scope, text)
                .ok_or_else(|| malformed(reference, text))?;
            check_reach(project, &field, owner, &key)?;
            if reference.at_home && key.scope != owner.scope {
                let why = format!("It must be in the scope '{}'.", owner.scope);
                return Err(ApiError::invalid(&field, &key.path(project), &why));
            }
            if !there(&key) && !catalog::has(&key) {
                return Err(ApiError::not_found(&key.path(project)));
            }
            *value = json!(key.url(project));
            Ok(())
        })?;
    }
    Ok(())
}

fn malformed(reference: &Reference, text: &str) -> ApiError {
    let why = format!(
        "The URL is malformed: it must name one of the {}.",
        reference.kind.collection()
    );
    ApiError::invalid(&resource_field(reference.path), text, &why)
}

/// The key that a reference means: any form of URL, or a bare name in the owner's own scope if the
/// kind lives there.
pub(crate) fn resolve(kind: Kind, owner: &Scope, text: &str) -> Option<Key> {
    if let Some(key) = Key::from_url(text) {
        return (key.kind == kind).then_some(key);
    }
    let bare = !text.is_empty() && !text.contains('/');
    let at_home = table::row(kind).is_some_and(|row| row.lives_in(owner));
    let scope = if at_home {
        owner.clone()
    } else {
        Scope::Global
    };
    bare.then(|| Key::new(kind, scope, text))
}

/// The parts of a regional load balancer must be regional themselves.
const REGIONAL_CHAIN: [Kind; 6] = [
    Kind::BackendService,
    Kind::SslCertificate,
    Kind::SslPolicy,
    Kind::TargetHttpProxy,
    Kind::TargetHttpsProxy,
    Kind::UrlMap,
];

/// What a zone or region may name lies in it or above it; what is global may name groups anywhere.
pub(super) fn check_reach(
    project: &str,
    field: &str,
    owner: &Key,
    key: &Key,
) -> Result<(), ApiError> {
    let reached = match (&owner.scope, &key.scope) {
        (Scope::Region(_), Scope::Global) => !REGIONAL_CHAIN.contains(&key.kind),
        (_, Scope::Global) => true,
        (Scope::Global, _) => key.kind == Kind::InstanceGroup,
        (Scope::Zone(own), Scope::Zone(other)) => own == other,
        (own, other) => catalog::region_of(own) == catalog::region_of(other),
    };
    if reached {
        return Ok(());
    }
    let why = format!(
        "A resource in the scope '{}' cannot use one in the scope '{}'.",
        owner.scope, key.scope
    );
    Err(ApiError::invalid(field, &key.path(project), &why))
}

/// Refuses to delete what another resource holds.
pub(super) fn check_unused(change: &Change<'_, '_>, key: &Key) -> Result<(), ApiError> {
    let url = change.url(key);
    let names_it = |value: &&Value| value.as_str() == Some(&url);
    for row in table::ROWS {
        for reference in row.references.iter().filter(|r| r.accepts(key.kind)) {
            let users = change.tx.list(row.kind, None);
            let user = users
                .iter()
                .find(|user| all(&user.body, reference.path).iter().any(names_it));
            if let Some(user) = user {
                return Err(in_use(change, key, &user.key));
            }
        }
    }
    Ok(())
}

/// The refusal to delete what `user` needs.
pub(super) fn in_use(change: &Change<'_, '_>, key: &Key, user: &Key) -> ApiError {
    let noun = table::row(key.kind).map_or("resource", |row| row.noun);
    ApiError::in_use(noun, &change.path(key), &change.path(user))
}
