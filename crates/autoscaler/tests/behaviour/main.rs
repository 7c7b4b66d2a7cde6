//! What the engine does, told as stories, laws and sentences.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod arbitrary;
mod backtest;
mod group;
mod parsers;
mod prediction;
mod properties;
mod recording;
mod schedules;
mod script;
mod sentences;
mod signals;
mod timelines;
