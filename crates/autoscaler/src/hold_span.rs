//! Holds over time: one span for what many decisions in a row said.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::sentence::hold_cause;
use crate::words::span;
use crate::{Hold, HoldCause, Timestamp};

/// A span in which a group stayed at one size for one reason, though it could have had another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HoldSpan {
    /// Why.
    pub cause: HoldCause,
    /// The first decision that held.
    pub from: Timestamp,
    /// The first decision that did not any more, or the last one that did while it goes on.
    pub to: Timestamp,
    /// The size that was kept.
    pub size: u32,
    /// The size that it would have been otherwise, at the last decision that held.
    pub wanted: u32,
    /// The next instant at which the group might have shrunk, as far as that was known.
    pub until: Option<Timestamp>,
    /// When the size was last needed.
    pub needed_at: Option<Timestamp>,
}

/// Merges the holds of one group's decisions into spans.
///
/// A load that wavers about a threshold lets go of a hold for a decision or two and takes it up
/// again; such gaps are bridged, up to [`HoldMerger::BRIDGE`].
#[derive(Clone, Debug, Default)]
pub struct HoldMerger {
    open: Option<HoldSpan>,
    /// Since when there is no hold, while it may be taken up again.
    quiet_since: Option<Timestamp>,
}

impl HoldMerger {
    /// The longest gap between two equal holds that does not part them.
    pub const BRIDGE: Duration = Duration::from_mins(2);

    /// One that has seen no decision.
    pub fn new() -> Self {
        Self::default()
    }

    /// One that goes on with a span that was [stored](Self::latest).
    ///
    /// Nobody saw what happened since its last decision, which counts as a gap like any other: it is
    /// bridged or it parts.
    pub fn resume(open: HoldSpan) -> Self {
        Self {
            open: Some(open),
            quiet_since: Some(open.to),
        }
    }

    /// Takes the hold of the next decision, in the order of time; gives the span that ended.
    pub fn take(&mut self, at: Timestamp, hold: Option<Hold>) -> Option<HoldSpan> {
        match hold {
            Some(hold) => self.hold(at, hold),
            None => self.let_go(at),
        }
    }

    /// The span that goes on.
    pub fn open(&self) -> Option<&HoldSpan> {
        self.open.as_ref().filter(|_| self.quiet_since.is_none())
    }

    /// The span that has not ended for certain: it goes on, or may be taken up again.
    pub fn latest(&self) -> Option<&HoldSpan> {
        self.open.as_ref()
    }

    /// Ends: gives the span that was open.
    pub fn finish(&mut self, at: Timestamp) -> Option<HoldSpan> {
        let to = self.quiet_since.take().unwrap_or(at);
        self.open.take().map(|span| span.ended(to))
    }

    fn hold(&mut self, at: Timestamp, hold: Hold) -> Option<HoldSpan> {
        let continues = |span: &HoldSpan| {
            (span.cause, span.size) == (hold.cause, hold.size)
                && self
                    .quiet_since
                    .is_none_or(|since| at.since(since) <= Self::BRIDGE)
        };
        let from = self.open.filter(continues).map(|span| span.from);
        let ended = if from.is_some() {
            self.quiet_since = None;
            None
        } else {
            self.finish(at)
        };
        self.open = Some(HoldSpan {
            cause: hold.cause,
            from: from.unwrap_or(at),
            to: at,
            size: hold.size,
            wanted: hold.wanted,
            until: hold.until,
            needed_at: hold.needed_at,
        });
        ended
    }

    fn let_go(&mut self, at: Timestamp) -> Option<HoldSpan> {
        let since = *self.quiet_since.get_or_insert(at);
        if self.open.is_none() || at.since(since) <= Self::BRIDGE {
            return None;
        }
        self.finish(at)
    }
}

impl HoldSpan {
    /// How long it lasted.
    pub fn duration(&self) -> Duration {
        self.to.since(self.from)
    }

    /// "Held at 4 for 23 minutes: load was higher at 14:22. Load alone asked for 2; the next
    /// possible scale-in is 14:32."; `clock` writes an instant as people read it.
    pub fn sentence(&self, clock: impl Fn(Timestamp) -> String) -> String {
        let needed_at = self.needed_at.map(&clock);
        let mut sentence = format!(
            "Held at {} for {}: {}.",
            self.size,
            whole(self.duration()),
            hold_cause(self.cause, needed_at.as_deref(), self.wanted),
        );
        if self.cause.is_of_the_mode() {
            return sentence;
        }
        let next = self
            .until
            .map(|until| format!("the next possible scale-in is {}", clock(until)));
        let asked =
            (self.wanted != self.size).then(|| format!("load alone asked for {}", self.wanted));
        let rest: Vec<String> = asked.into_iter().chain(next).collect();
        if !rest.is_empty() {
            sentence.push(' ');
            sentence.push_str(&capitalized(&rest.join("; ")));
            sentence.push('.');
        }
        sentence
    }

    fn ended(self, to: Timestamp) -> Self {
        Self { to, ..self }
    }
}

/// To the minute from two minutes on; nobody cares for the seconds of a long hold.
fn whole(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let rounded = if seconds < 120 {
        seconds
    } else {
        seconds / 60 * 60
    };
    span(Duration::from_secs(rounded))
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1000)
    }

    fn hold(cause: HoldCause, size: u32, wanted: u32) -> Hold {
        Hold {
            cause,
            size,
            wanted,
            until: None,
            needed_at: None,
        }
    }

    fn stable(wanted: u32) -> Hold {
        hold(HoldCause::Stabilization, 4, wanted)
    }

    /// The spans of decisions fifteen seconds apart, as cause, begin, end, size and wanted.
    fn spans(holds: &[Option<Hold>]) -> Vec<(HoldCause, i64, i64, u32, u32)> {
        let mut merger = HoldMerger::new();
        let mut spans = Vec::new();
        let mut now = 0;
        for hold in holds {
            spans.extend(merger.take(at(now), *hold));
            now += 15;
        }
        spans.extend(merger.finish(at(now)));
        let shown = |span: HoldSpan| {
            let (from, to) = (span.from.0 / 1000, span.to.0 / 1000);
            (span.cause, from, to, span.size, span.wanted)
        };
        spans.into_iter().map(shown).collect()
    }

    #[test]
    fn equal_holds_are_one_span() {
        assert_eq!(
            spans(&[None, Some(stable(3)), Some(stable(2)), Some(stable(2))]),
            [(HoldCause::Stabilization, 15, 60, 4, 2)]
        );
        assert_eq!(spans(&[None, None]), []);
    }

    #[test]
    fn another_cause_or_size_is_another_span() {
        let settling = Some(hold(HoldCause::Settling, 3, 2));
        assert_eq!(
            spans(&[
                Some(stable(2)),
                settling,
                Some(hold(HoldCause::Settling, 2, 1))
            ]),
            [
                (HoldCause::Stabilization, 0, 15, 4, 2),
                (HoldCause::Settling, 15, 30, 3, 2),
                (HoldCause::Settling, 30, 45, 2, 1),
            ]
        );
    }

    #[test]
    fn a_short_gap_is_bridged_and_a_long_one_parts() {
        let mut holds = vec![Some(stable(2)), None, None, Some(stable(2))];
        assert_eq!(
            spans(&holds),
            [(HoldCause::Stabilization, 0, 60, 4, 2)],
            "45 seconds do not count"
        );
        holds.splice(1..1, [None; 10]);
        assert_eq!(
            spans(&holds),
            [
                (HoldCause::Stabilization, 0, 15, 4, 2),
                (HoldCause::Stabilization, 195, 210, 4, 2),
            ]
        );
    }

    #[test]
    fn the_end_is_told_when_it_is_certain() {
        let mut merger = HoldMerger::new();
        assert_eq!(merger.take(at(0), Some(stable(2))), None);
        assert!(merger.open().is_some());
        assert_eq!(merger.take(at(60), None), None);
        assert_eq!(merger.open(), None);
        assert_eq!(merger.take(at(180), None), None);
        let ended = merger.take(at(181), None).map(|span| span.to);
        assert_eq!(ended, Some(at(60)));
        assert_eq!(merger.take(at(500), None), None);
        assert_eq!(merger.finish(at(600)), None);
    }

    #[test]
    fn a_stored_span_goes_on() {
        let mut merger = HoldMerger::new();
        merger.take(at(0), Some(stable(2)));
        let stored = merger.latest().copied();
        let resume = || stored.map_or_else(HoldMerger::new, HoldMerger::resume);
        let mut resumed = resume();
        assert_eq!(resumed.open(), None, "nobody has seen it yet");
        assert_eq!(resumed.take(at(60), Some(stable(3))), None);
        assert_eq!(resumed.open().map(|span| span.from), Some(at(0)));
    }

    #[test]
    fn a_stored_span_ends_where_it_was_seen_last_when_too_much_time_has_passed() {
        let mut merger = HoldMerger::new();
        merger.take(at(0), Some(stable(2)));
        merger.take(at(60), Some(stable(2)));
        let stored = merger.latest().copied();
        let resume = || stored.map_or_else(HoldMerger::new, HoldMerger::resume);
        let ended = |span: Option<HoldSpan>| span.map(|span| (span.from, span.to));
        let whole = Some((at(0), at(60)));
        let mut holds_again = resume();
        assert_eq!(ended(holds_again.take(at(181), Some(stable(2)))), whole);
        assert_eq!(
            holds_again.open().map(|span| span.from),
            Some(at(181)),
            "what holds now is another span"
        );
        assert_eq!(ended(resume().take(at(181), None)), whole);
        assert_eq!(ended(resume().take(at(180), None)), None);
    }

    #[test]
    fn a_span_is_told_in_a_sentence() {
        let clock = |at: Timestamp| at.utc_clock().to_string();
        let span = HoldSpan {
            cause: HoldCause::Stabilization,
            from: at(0),
            to: at(23 * 60 + 40),
            size: 4,
            wanted: 2,
            until: Some(at(32 * 60)),
            needed_at: Some(at(22 * 60)),
        };
        assert_eq!(
            span.sentence(clock),
            "Held at 4 for 23 minutes: load was higher at 00:22. Load alone asked for 2; the next \
             possible scale-in is 00:32."
        );
        let blind = HoldSpan {
            cause: HoldCause::MissingData,
            to: at(90),
            wanted: 4,
            until: None,
            needed_at: None,
            ..span
        };
        assert_eq!(
            blind.sentence(clock),
            "Held at 4 for 90 seconds: there is no data, and silence removes nothing."
        );
        let off = HoldSpan {
            cause: HoldCause::ModeOff,
            ..blind
        };
        assert_eq!(
            off.sentence(clock),
            "Held at 4 for 90 seconds: the mode is OFF, it would be 4."
        );
    }

    #[test]
    fn a_span_survives_json() {
        let mut merger = HoldMerger::new();
        merger.take(at(5), Some(stable(2)));
        let span = merger.finish(at(65));
        let text = serde_json::json!(span).to_string();
        assert_eq!(
            serde_json::from_str::<Option<HoldSpan>>(&text).ok(),
            Some(span)
        );
    }
}
