//! What the signals of a step ask for together.

use super::{Engine, Signal, Signals};
use crate::Timestamp;

/// The signals of a step, and the largest wish of theirs and of the active schedules.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) signals: Signals,
    /// What asks for most, the first of equals; `None` when nothing shows anything.
    pub(super) leading: Option<Leading>,
    /// Whether a signal shows nothing that should.
    pub(super) is_blind: bool,
}

/// The signal that asks for most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leading {
    pub(super) signal: Signal,
    pub(super) wish: u32,
    /// The wish after the growth rule of an overloaded group.
    pub(super) demand: u32,
}

impl Asked {
    /// `is_empty` says that the group has no instance and is to have none: then what is measured on
    /// instances is silent, and not missing.
    pub(super) fn new(engine: &Engine, now: Timestamp, is_empty: bool) -> Self {
        let signals = engine.signals(now);
        let mut leading: Option<Leading> = None;
        let mut is_blind = false;
        let sleeps = |signal| is_empty && engine.policy.is_per_instance(signal);
        for step in signals.iter() {
            let (Some(wish), Some(demand)) = (step.wish, step.demand) else {
                is_blind |= !sleeps(step.signal);
                continue;
            };
            // A forecast alone wakes no empty group either.
            let leads = leading.is_none_or(|leading| demand > leading.demand);
            if leads && !sleeps(step.signal) {
                leading = Some(Leading {
                    signal: step.signal,
                    wish,
                    demand,
                });
            }
        }
        if let Some(required) = engine.schedules.required()
            && required.size > leading.map_or(0, |leading| leading.demand)
        {
            leading = Some(Leading {
                signal: Signal::Schedule(required.index),
                wish: required.size,
                demand: required.size,
            });
        }
        Self {
            signals,
            leading,
            is_blind,
        }
    }

    /// What to remember as needed: through a gap in the data, the size that was held through it.
    ///
    /// Nobody knows what the load was meanwhile, so the stabilization period starts over when the
    /// data returns.
    pub(super) fn needed(&self, recommended: u32) -> u32 {
        match self.leading {
            Some(leading) if self.is_blind => leading.demand.max(recommended),
            Some(leading) => leading.demand,
            None => recommended,
        }
    }
}
