//! Reading the cloud: one module per source, each a single gather.

mod health;
mod managed;
mod numbers;
mod recent;
mod resources;

pub(crate) use health::{Health, health};
pub(crate) use managed::{ManagedGroup, groups};
pub(crate) use numbers::{Numbers, numbers};
pub(crate) use recent::{Recent, recent};
pub(crate) use resources::{autoscalers, instances};
