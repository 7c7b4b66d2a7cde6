//! IAM v1 and the policies of everything that has one: who there is, and who may do what.

mod accounts;
mod policy;
mod roles;

pub use accounts::ServiceAccount;
pub(crate) use accounts::gone;
pub use policy::{Binding, Policy, PolicyOf};
pub use roles::Role;
