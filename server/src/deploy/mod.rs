//! What the commands of a deployment share: what is asked for, what is there, and the way between.

mod arrival;
mod ask;
mod build;
mod carry_out;
mod findings;
mod image;
mod lock;
mod pin;
mod reach;
mod saved;
mod show;
mod steps;
mod target;
mod teller;
mod values;
mod watch;

pub(crate) use arrival::{Arrival, arrival};
pub(crate) use ask::{Consent, agreed};
#[cfg(feature = "local")]
pub(crate) use build::{Engine, Recipe};
pub(crate) use carry_out::{CarryOut, canary_first, carry_out, show_and_carry_out, take};
pub(crate) use findings::Findings;
pub(crate) use lock::locked;
pub(crate) use pin::Pin;
#[cfg(feature = "local")]
pub(crate) use pin::architecture;
pub(crate) use reach::{address, first_request, records_of_others, records_to_set, site_url};
pub(crate) use saved::SavedPlan;
pub(crate) use show::{cost_change, money, usd_per_hour};
#[cfg(feature = "local")]
pub(crate) use target::{BOOT_IMAGE, newest_boot_image};
pub(crate) use target::{File, Target, Wish, read_configuration};
