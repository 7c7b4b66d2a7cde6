//! Registries of container images, asked as the OCI distribution specification says.
//!
//! A client of our own: the ready ones bring a tree of dependencies for pushing and signing, and leave
//! open which server gets to see the credentials.

mod archive;
mod challenge;
mod client;
mod layout;
mod push;
mod reference;

pub(crate) use archive::lay_out;
pub(crate) use client::{Credentials, Registry, RegistryError};
pub(crate) use layout::{Layout, LayoutError};
pub(crate) use reference::Reference;
