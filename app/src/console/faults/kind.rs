//! The sorts of faults as a table: a form is drawn from a row, read by it, and put in words by it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{error::AppError, text};

/// The longest that a fault may be asked to last, in minutes.
const MAX_MINUTES: f64 = 1440.0;
/// Longer than the name of any method, zone or instance.
const LONGEST_PATTERN: usize = 128;

/// A sort of fault.
#[derive(Debug)]
pub struct Kind {
    /// `type` in the local cloud's API.
    pub id: &'static str,
    /// Its name in the console.
    pub title: &'static str,
    /// What happens.
    pub what: &'static str,
    /// What can be said about it.
    pub inputs: &'static [Input],
}

/// A value of a fault.
#[derive(Debug)]
pub struct Input {
    /// Its field in the local cloud's API.
    pub name: &'static str,
    /// Its label.
    pub label: &'static str,
    /// What it may be.
    pub entry: Entry,
    /// What the form suggests; empty where it has to be chosen.
    pub suggested: &'static str,
}

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A name, in which `*` stands for anything.
    Pattern(Names),
    /// A share of the cases: 1 to 100 percent in the form, above 0 and up to 1 in the API.
    Percent,
    /// One of these values, each with its words.
    Choice(&'static [(&'static str, &'static str)]),
    /// A whole number.
    Count {
        /// The least.
        min: u32,
        /// The most.
        max: u32,
        /// What is counted.
        unit: &'static str,
    },
}

/// What names are names of, so that a form can suggest some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Methods of Google's APIs, as `compute.instances.list`.
    Methods,
    /// Zones.
    Zones,
    /// Instances.
    Instances,
}

const METHOD: Input = Input {
    name: "method",
    label: "Calls of",
    entry: Entry::Pattern(Names::Methods),
    suggested: "*",
};
const RATE: Input = Input {
    name: "rate",
    label: "How many of them",
    entry: Entry::Percent,
    suggested: "30",
};
const ANY_INSTANCE: Input = Input {
    name: "instance",
    label: "Instance",
    entry: Entry::Pattern(Names::Instances),
    suggested: "*",
};
/// Where striking all at once takes the whole site down, nobody should do so by not choosing.
const CHOSEN_INSTANCE: Input = Input {
    suggested: "",
    ..ANY_INSTANCE
};

/// Every sort that the local cloud knows.
pub const KINDS: &[Kind] = &[
    Kind {
        id: "crash",
        title: "Crash",
        what: "The program of an instance is killed, once. Autohealing has to bring it back.",
        inputs: &[CHOSEN_INSTANCE],
    },
    Kind {
        id: "unhealthy",
        title: "Unhealthy but alive",
        what: "The program is frozen: it keeps its connections and answers nothing.",
        inputs: &[CHOSEN_INSTANCE],
    },
    Kind {
        id: "preemption",
        title: "Preemption",
        what: "An instance is taken back as Spot capacity is: first the notice, then the end.",
        inputs: &[
            CHOSEN_INSTANCE,
            Input {
                name: "noticeSec",
                label: "Notice",
                entry: Entry::Count {
                    min: 1,
                    max: 600,
                    unit: "s",
                },
                suggested: "30",
            },
        ],
    },
    Kind {
        id: "slowBoot",
        title: "Slow boot",
        what: "New instances take longer to come up.",
        inputs: &[
            ANY_INSTANCE,
            Input {
                name: "seconds",
                label: "Longer by, on the cloud's clock",
                entry: Entry::Count {
                    min: 1,
                    max: 3600,
                    unit: "s",
                },
                suggested: "120",
            },
        ],
    },
    Kind {
        id: "failedBoot",
        title: "Failed boot",
        what: "New instances do not come up at all.",
        inputs: &[ANY_INSTANCE, RATE],
    },
    Kind {
        id: "missingMetrics",
        title: "Missing metrics",
        what: "Nothing is heard of an instance's CPU. The autoscaler must not scale in on silence.",
        inputs: &[ANY_INSTANCE],
    },
    Kind {
        id: "stockout",
        title: "Zone stock-out",
        what: "A zone has no machine left for new instances.",
        inputs: &[Input {
            name: "zone",
            label: "Zone",
            entry: Entry::Pattern(Names::Zones),
            suggested: "*",
        }],
    },
    Kind {
        id: "quota",
        title: "Quota",
        what: "The project may have no more than so many instances.",
        inputs: &[Input {
            name: "instances",
            label: "At most",
            entry: Entry::Count {
                min: 0,
                max: 10_000,
                unit: "instances",
            },
            suggested: "4",
        }],
    },
    Kind {
        id: "apiError",
        title: "API errors",
        what: "Calls of the cloud's API fail.",
        inputs: &[
            METHOD,
            RATE,
            Input {
                name: "error",
                label: "They fail with",
                entry: Entry::Choice(&[
                    ("unavailable", "503, unavailable"),
                    ("internalError", "500, internal error"),
                    ("tooManyRequests", "429, too many requests"),
                    ("quotaExceeded", "403, quota exceeded"),
                    ("timeout", "no answer at all"),
                ]),
                suggested: "unavailable",
            },
        ],
    },
    Kind {
        id: "slowAnswer",
        title: "Slow answers",
        what: "Calls of the cloud's API are answered late.",
        inputs: &[
            METHOD,
            RATE,
            Input {
                name: "delayMs",
                label: "Later by",
                entry: Entry::Count {
                    min: 1,
                    max: 60_000,
                    unit: "ms",
                },
                suggested: "2000",
            },
        ],
    },
];

/// What a form says, as the local cloud's API wants it: the fields of the sort `type`, and `minutes`
/// as `durationSec`. Fields of other sorts are not looked at.
pub(super) fn read(form: &BTreeMap<String, String>) -> Result<Value, AppError> {
    let said = |name: &str| form.get(name).map_or("", |text| text.trim());
    let kind = kind(said("type")).ok_or_else(|| {
        AppError::Invalid(format!("There is no fault of the sort “{}”.", said("type")))
    })?;
    let mut fault = Map::from_iter([("type".to_owned(), json!(kind.id))]);
    for input in kind.inputs {
        let value = input.read(said(input.name))?;
        fault.insert(input.name.to_owned(), value);
    }
    if let Some(seconds) = seconds(said("minutes"))? {
        fault.insert("durationSec".to_owned(), json!(seconds));
    }
    Ok(Value::Object(fault))
}

/// Nothing stands for no end.
fn seconds(minutes: &str) -> Result<Option<f64>, AppError> {
    if minutes.is_empty() {
        return Ok(None);
    }
    let number = minutes.parse().ok();
    let number = number.filter(|minutes: &f64| *minutes > 0.0 && *minutes <= MAX_MINUTES);
    let number = number.ok_or_else(|| {
        AppError::Invalid(format!(
            "The fault cannot last “{minutes}” minutes; it must be more than 0 and at most {MAX_MINUTES}."
        ))
    })?;
    Ok(Some(number * 60.0))
}

fn kind(id: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.id == id)
}

/// A fault's title and what is said about it, as `Quota` and `At most 4 instances`.
pub(super) fn words(fault: &Value) -> (String, String) {
    let id = fault["type"].as_str().unwrap_or_default();
    let Some(kind) = kind(id) else {
        // A newer cloud may know more than this console does.
        return (id.to_owned(), String::new());
    };
    let details: Vec<String> = kind
        .inputs
        .iter()
        .filter_map(|input| {
            Some(format!(
                "{} {}",
                input.label,
                input.show(&fault[input.name])?
            ))
        })
        .collect();
    (kind.title.to_owned(), details.join(" · "))
}

impl Input {
    fn read(&self, text: &str) -> Result<Value, AppError> {
        let value = match self.entry {
            Entry::Pattern(_) => is_pattern(text).then(|| json!(text)),
            Entry::Percent => number(text, 1, 100).map(|percent| json!(f64::from(percent) / 100.0)),
            Entry::Choice(choices) => choices
                .iter()
                .find(|(value, _)| *value == text)
                .map(|(value, _)| json!(value)),
            Entry::Count { min, max, .. } => number(text, min, max).map(|count| json!(count)),
        };
        value.ok_or_else(|| {
            let (label, allowed) = (self.label, self.allowed());
            AppError::Invalid(format!("{label} cannot be “{text}”; it must be {allowed}."))
        })
    }

    fn allowed(&self) -> String {
        match self.entry {
            Entry::Pattern(_) => format!(
                "a name of up to {LONGEST_PATTERN} letters, digits, dots and hyphens, in which * stands for anything"
            ),
            Entry::Percent => "1 to 100 percent".to_owned(),
            Entry::Choice(choices) => {
                let words: Vec<&str> = choices.iter().map(|(_, words)| *words).collect();
                format!("one of: {}", words.join("; "))
            }
            Entry::Count { min, max, unit } => format!("{min} to {max} {unit}"),
        }
    }

    fn show(&self, value: &Value) -> Option<String> {
        Some(match self.entry {
            Entry::Pattern(_) => match value.as_str()? {
                "*" => "any".to_owned(),
                name => name.to_owned(),
            },
            Entry::Percent => text::percent(value.as_f64()?),
            Entry::Choice(choices) => {
                let value = value.as_str()?;
                let choice = choices.iter().find(|(id, _)| *id == value);
                choice.map_or(value, |(_, words)| words).to_owned()
            }
            Entry::Count { unit, .. } => format!("{} {unit}", value.as_u64()?),
        })
    }
}

fn number(text: &str, min: u32, max: u32) -> Option<u32> {
    let number = text.parse().ok();
    number.filter(|number| (min..=max).contains(number))
}

fn is_pattern(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"*.-_".contains(&byte);
    !text.is_empty() && text.len() <= LONGEST_PATTERN && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(own).collect()
    }

    #[test]
    fn a_form_becomes_what_the_local_cloud_wants() {
        let said = form(&[
            ("type", "apiError"),
            ("method", " compute.*.list "),
            ("rate", "25"),
            ("error", "timeout"),
            ("minutes", "5"),
            ("instances", "a field of another sort"),
        ]);
        let expected = json!({
            "type": "apiError", "method": "compute.*.list", "rate": 0.25, "error": "timeout",
            "durationSec": 300.0,
        });
        assert_eq!(read(&said).unwrap(), expected);
        let lasting = form(&[("type", "quota"), ("instances", "0"), ("minutes", "")]);
        let expected = json!({"type": "quota", "instances": 0});
        assert_eq!(read(&lasting).unwrap(), expected);
    }

    #[test]
    fn a_wrong_value_is_named_with_what_it_may_be() {
        for (pairs, words) in [
            (vec![("type", "earthquake")], vec!["“earthquake”"]),
            (vec![("type", "crash")], vec!["Instance", "“”", "a name"]),
            (
                vec![("type", "crash"), ("instance", "web 1")],
                vec!["“web 1”", "* stands for anything"],
            ),
            (
                vec![("type", "quota"), ("instances", "-1")],
                vec!["At most", "“-1”", "0 to 10000 instances"],
            ),
            (
                vec![("type", "failedBoot"), ("instance", "*"), ("rate", "101")],
                vec!["How many", "“101”", "1 to 100 percent"],
            ),
            (
                vec![("type", "quota"), ("instances", "1"), ("minutes", "NaN")],
                vec!["“NaN” minutes", "more than 0"],
            ),
        ] {
            let refusal = read(&form(&pairs)).unwrap_err().to_string();
            for word in words {
                assert!(refusal.contains(word), "{refusal:?} lacks {word:?}");
            }
        }
    }

    #[test]
    fn what_every_form_suggests_can_be_sent_once_an_instance_is_chosen() {
        for kind in KINDS {
            let mut said = form(&[("type", kind.id), ("minutes", "5")]);
            for input in kind.inputs {
                let text = match input.suggested {
                    "" => "web-1",
                    suggested => suggested,
                };
                said.insert(input.name.to_owned(), text.to_owned());
            }
            let fault = read(&said).unwrap();
            let (title, details) = words(&fault);
            assert_eq!(title, kind.title);
            assert_eq!(details.split(" · ").count(), kind.inputs.len(), "{details}");
        }
    }

    #[test]
    fn a_fault_is_put_in_words() {
        for (fault, expected) in [
            (
                json!({"type": "slowAnswer", "method": "*", "rate": 0.3, "delayMs": 2000}),
                (
                    "Slow answers",
                    "Calls of any · How many of them 30\u{202f}% · Later by 2000 ms",
                ),
            ),
            (json!({"type": "flood", "depth": 3}), ("flood", "")),
        ] {
            let (title, details) = words(&fault);
            assert_eq!((title.as_str(), details.as_str()), expected);
        }
    }
}
