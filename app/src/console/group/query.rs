//! What the URL of a group's page says: the group, the window, the pages, and a form in progress.

use control_plane::{GroupId, Window};

use crate::{
    console::{
        backtest::Span,
        history::HistoryKind,
        policy::{Field, Fields},
    },
    context,
};

/// The choices that a URL carries.
#[derive(Clone, Debug)]
pub struct GroupQuery {
    /// The group.
    pub group: GroupId,
    /// The span of the charts.
    pub window: Window,
    /// Only this kind of history.
    pub kind: Option<HistoryKind>,
    /// The page of history; `None` is the newest one.
    pub history: Option<String>,
    /// The page of instances, from 1.
    pub page: u32,
    /// Whether the form asked what would change.
    pub review: bool,
    /// Hash of the policy that the form was drawn from.
    pub base: Option<String>,
    /// What was typed into the form, by field. What still reads as it was seen is not typed: it
    /// follows the policy, also when somebody else changes it meanwhile.
    pub typed: Vec<(Field, String)>,
    /// The recorded load that the form's values are tried on.
    pub backtest: Option<Span>,
    /// The operation of a change that was just applied.
    pub applied: Option<String>,
}

impl GroupQuery {
    /// The choices of a URL; `None` if `group` cannot be a group. Anything else that cannot be is
    /// as if it were absent.
    pub fn parse(group: &str, get: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let typed = Field::ALL
            .into_iter()
            .filter_map(|field| Some((field, get(field.name())?)))
            .filter(|(field, text)| get(&field.seen_name()).as_ref() != Some(text))
            .collect();
        Some(Self {
            group: group.parse().ok()?,
            window: get("window")
                .and_then(|slug| slug.parse().ok())
                .unwrap_or(Window::Minutes15),
            kind: get("kind").and_then(|slug| HistoryKind::from_slug(&slug)),
            history: get("history").filter(|token| !token.is_empty()),
            page: get("page")
                .and_then(|page| page.parse().ok())
                .unwrap_or(1)
                .max(1),
            review: get("review").is_some(),
            base: get("base").filter(|hash| !hash.is_empty()),
            typed,
            backtest: get("backtest").and_then(|slug| Span::from_slug(&slug)),
            applied: get("applied").filter(|operation| !operation.is_empty()),
        })
    }

    /// The group's page without any choice.
    pub fn path(&self) -> String {
        format!("/admin/groups/{}", self.group)
    }

    /// Path and label of each window, and whether it is the shown one.
    pub fn windows(&self) -> Vec<(String, &'static str, bool)> {
        Window::ALL
            .into_iter()
            .map(|window| {
                let there = Self {
                    window,
                    ..self.clone()
                };
                (there.href("charts"), label(window), window == self.window)
            })
            .collect()
    }

    /// The page with these choices of what to look at, at the section `anchor`.
    pub fn href(&self, anchor: &str) -> String {
        format!("{}?{}#{anchor}", self.path(), self.choices())
    }

    /// Where the page's stream is.
    pub fn live(&self) -> String {
        format!(
            "/api/admin/live?group={}&{}",
            context::encode(&self.group.to_string()),
            self.choices()
        )
    }

    fn choices(&self) -> String {
        let mut choices = format!("window={}", self.window);
        if let Some(kind) = self.kind {
            choices.push_str("&kind=");
            choices.push_str(kind.slug());
        }
        if let Some(token) = &self.history {
            choices.push_str("&history=");
            choices.push_str(&context::encode(token));
        }
        if self.page > 1 {
            choices.push_str("&page=");
            choices.push_str(&self.page.to_string());
        }
        choices
    }

    /// `current` with what was typed.
    pub fn typed_over(&self, current: &Fields) -> Fields {
        let mut fields = current.clone();
        for (field, text) in &self.typed {
            fields.set(*field, text.clone());
        }
        fields
    }
}

const fn label(window: Window) -> &'static str {
    match window {
        Window::Minutes15 => "15 min",
        Window::Hour1 => "1 h",
        Window::Hours6 => "6 h",
        Window::Day1 => "24 h",
        Window::Days7 => "7 d",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> GroupQuery {
        GroupQuery::parse("us-central1-a/flaskscale", |name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
        .unwrap()
    }

    #[test]
    fn what_cannot_be_is_as_if_it_were_absent() {
        let query = parse(&[
            ("window", "1y"),
            ("kind", "all"),
            ("page", "-3"),
            ("history", ""),
        ]);
        assert_eq!(query.href("charts"), parse(&[]).href("charts"));
        assert_eq!(
            query.href("charts"),
            "/admin/groups/us-central1-a/flaskscale?window=15m#charts"
        );
    }

    #[test]
    fn every_choice_survives_in_links() {
        let query = parse(&[
            ("window", "6h"),
            ("kind", "change"),
            ("page", "2"),
            ("history", "a&b"),
        ]);
        assert_eq!(
            query.href("history"),
            "/admin/groups/us-central1-a/flaskscale?window=6h&kind=change&history=a%26b&page=2#history"
        );
    }

    #[test]
    fn typed_values_replace_only_their_own_fields() {
        let current = Fields {
            min: "2".into(),
            max: "6".into(),
            ..Fields::default()
        };
        let typed = parse(&[("min", "3")]).typed_over(&current);
        assert_eq!((typed.min.as_str(), typed.max.as_str()), ("3", "6"));
    }

    #[test]
    fn a_value_that_reads_as_it_was_seen_follows_the_policy() {
        let current = Fields {
            min: "2".into(),
            stabilization: "300".into(),
            ..Fields::default()
        };
        let typed = parse(&[
            ("min", "3"),
            ("seen-min", "2"),
            ("stabilization", "600"),
            ("seen-stabilization", "600"),
        ])
        .typed_over(&current);
        assert_eq!(
            (typed.min.as_str(), typed.stabilization.as_str()),
            ("3", "300")
        );
    }

    #[test]
    fn one_window_is_the_shown_one() {
        let shown: Vec<_> = parse(&[("window", "24h")])
            .windows()
            .into_iter()
            .filter(|(_, _, here)| *here)
            .map(|(_, label, _)| label)
            .collect();
        assert_eq!(shown, ["24 h"]);
    }
}
