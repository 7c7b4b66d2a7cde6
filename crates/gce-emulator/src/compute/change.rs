//! What a kind's behaviour may see and do while a change is decided.

use autoscaler::Timestamp;
use serde_json::{Map, Value};

use super::image::Image;
use crate::{
    api::Cloud,
    error::ApiError,
    fleet::UpdateAction,
    resource::{Key, Resource},
    store::Transaction,
};

/// A change that is being decided, alone on the writer thread: what it reads cannot change before
/// what it writes is stored.
pub(crate) struct Change<'a, 't> {
    pub(crate) tx: &'a mut Transaction<'t>,
    pub(crate) project: &'a str,
    pub(crate) now: Timestamp,
}

impl Change<'_, '_> {
    /// The path of a key, as refusals name it.
    pub(crate) fn path(&self, key: &Key) -> String {
        key.path(self.project)
    }

    /// The canonical URL of a key.
    pub(crate) fn url(&self, key: &Key) -> String {
        key.url(self.project)
    }

    /// A resource that must be there.
    pub(crate) fn get(&self, key: &Key) -> Result<std::sync::Arc<Resource>, ApiError> {
        self.tx
            .get(key)
            .ok_or_else(|| ApiError::not_found(&self.path(key)))
    }
}

/// What is to be done with instances once a change is stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Command {
    /// Drain and end them for good.
    Delete(Vec<Key>),
    /// Drain and end them, then make them anew.
    Recreate(Vec<Key>),
    /// Bring them to their versions, at least by this action.
    Update(Vec<Key>, UpdateAction),
    /// Let them go; their records say so already.
    Abandon(Vec<Key>),
}

type Decided = Result<Vec<Command>, ApiError>;

/// What only one kind knows. Every method has the answer of a kind that is nothing special.
pub(crate) trait Behaviour: Sync {
    /// Completes and checks a body, on insert (`old` is `None`) and after each change.
    fn check(
        &self,
        _change: &mut Change<'_, '_>,
        _key: &Key,
        _old: Option<&Map<String, Value>>,
        _body: &mut Map<String, Value>,
    ) -> Result<(), ApiError> {
        Ok(())
    }

    /// After an insert or a change of the resource: what else belongs to it.
    fn stored(&self, _change: &mut Change<'_, '_>, _resource: &Resource) -> Result<(), ApiError> {
        Ok(())
    }

    /// After a delete: what goes with it.
    fn deleted(&self, _change: &mut Change<'_, '_>, _resource: &Resource) -> Decided {
        Ok(Vec::new())
    }

    /// Adds what is computed and never stored to an answer.
    fn view(&self, _cloud: &Cloud, _resource: &Resource, _image: &mut Image<'_>) {}

    /// The verb of this name, if the kind has it.
    fn verb(&self, _name: &str) -> Option<Verb> {
        None
    }
}

/// A kind that is nothing special.
pub(crate) struct Plain;

impl Behaviour for Plain {}

/// A call on one resource beyond reading, changing and deleting it.
pub(crate) enum Verb {
    /// Answers at once; no operation, and nothing to refuse.
    View(fn(&Cloud, &Resource) -> Value),
    /// Answers at once; no operation.
    Read(fn(&Cloud, &Resource, &super::call::Call) -> Result<Value, ApiError>),
    /// Answers at once, whether the resource exists or not; no operation.
    Try(fn(&Cloud, &Key, &super::call::Call) -> Result<Value, ApiError>),
    /// Changes; answered with an operation of this type.
    Change {
        operation: &'static str,
        decide: Decide,
    },
}

/// Decides a change of a resource.
pub(crate) type Decide = fn(&mut Change<'_, '_>, &Resource, &super::call::Call) -> Decided;
