//! The local cloud as `up` and `cargo leptos watch` run it: the emulator, the group of the tutorial on
//! it, and the secrets that its instances share.

mod cloud;
mod container;
mod deployment;
mod ready;
mod workload;

pub(crate) use cloud::{LocalCloud, Wish, for_development};
pub(crate) use container::have_image;
pub(crate) use deployment::Deployment;
pub(crate) use ready::until_healthy;
pub(crate) use workload::{Program, substitute};
