//! References between resources: read in any form, stored as one canonical URL, and looked for
//! before anything is deleted.

use serde_json::{Map, Value, json};

use super::{catalog, change::Change, schema::resource_field, table};
use crate::{
    error::ApiError,
    resource::{Key, Kind, Scope},
};

/// A field that names another resource, which cannot be deleted as long as it does. `*` in the path stands for every element of a list.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) path: &'static str,
    pub(crate) kind: Kind,
}

/// A reference that keeps what it names from being deleted.
pub(crate) const fn holds(path: &'static str, kind: Kind) -> Reference {
    Reference { path, kind }
}

/// Makes every reference of a body canonical, and refuses one to what does not exist.
pub(super) fn canonicalise(
    change: &Change<'_, '_>,
    owner: &Key,
    references: &[Reference],
    body: &mut Map<String, Value>,
) -> Result<(), ApiError> {
    for reference in references {
        each(body, reference.path, &mut |value| {
            let Some(text) = value.as_str() else {
                let why = "It must be the URL of a resource.";
                return Err(ApiError::invalid(
                    &resource_field(reference.path),
                    &value.to_string(),
                    why,
                ));
            };
            let key = resolve(reference.kind, &owner.scope, text)
                .ok_or_else(|| malformed(reference, text))?;
            if change.tx.get(&key).is_none() && !catalog::has(&key) {
                return Err(ApiError::not_found(&change.path(&key)));
            }
            *value = json!(change.url(&key));
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

/// The key that a reference means: any form of URL, or a bare name in the owner's own scope.
pub(crate) fn resolve(kind: Kind, owner: &Scope, text: &str) -> Option<Key> {
    if let Some(key) = Key::from_url(text) {
        return (key.kind == kind).then_some(key);
    }
    let bare = !text.is_empty() && !text.contains('/');
    let scope = if table::row(kind).is_some_and(table::Row::is_global) {
        Scope::Global
    } else {
        owner.clone()
    };
    bare.then(|| Key::new(kind, scope, text))
}

/// Refuses to delete what another resource holds.
pub(super) fn check_unused(change: &Change<'_, '_>, key: &Key) -> Result<(), ApiError> {
    let url = change.url(key);
    for row in table::ROWS {
        let holding = row
            .references
            .iter()
            .filter(|reference| reference.kind == key.kind);
        for reference in holding {
            for user in change.tx.list(row.kind, None) {
                let mut body = user.body.clone();
                let mut used = false;
                each(&mut body, reference.path, &mut |value| {
                    used |= value.as_str() == Some(&url);
                    Ok(())
                })?;
                if used {
                    let noun = table::row(key.kind).map_or("resource", |row| row.noun);
                    return Err(ApiError::in_use(
                        noun,
                        &change.path(key),
                        &change.path(&user.key),
                    ));
                }
            }
        }
    }
    Ok(())
}

type Visit<'v> = &'v mut dyn FnMut(&mut Value) -> Result<(), ApiError>;

/// Visits every value at a path; what is absent is not visited.
fn each(body: &mut Map<String, Value>, path: &str, visit: Visit<'_>) -> Result<(), ApiError> {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    match (body.get_mut(first), rest.strip_prefix("*/"), rest) {
        (None | Some(Value::Null), ..) => Ok(()),
        (Some(value), _, "") => visit(value),
        (Some(Value::Array(elements)), None, "*") => elements.iter_mut().try_for_each(visit),
        (Some(Value::Array(elements)), Some(rest), _) => elements
            .iter_mut()
            .filter_map(Value::as_object_mut)
            .try_for_each(|element| each(element, rest, &mut *visit)),
        (Some(Value::Object(inner)), None, rest) => each(inner, rest, visit),
        _ => Ok(()),
    }
}
