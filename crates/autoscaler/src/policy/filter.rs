//! The part of the Monitoring filter language that an autoscaler may use.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A Monitoring filter of comparisons `name = "value"` joined by `AND`, parsed.
///
/// The resource type is `gce_instance` where the filter does not say: such a metric has a series for
/// each instance, and the autoscaler chooses those of its group by itself. A metric on any other
/// resource is one of the whole group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricFilter {
    text: String,
    selectors: Vec<Selector>,
}

/// One comparison of a [`MetricFilter`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// What is compared.
    pub field: SelectorField,
    /// The value that it must have.
    pub value: String,
}

/// What a [`Selector`] compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectorField {
    /// `metric.type`, which may only repeat the metric's name.
    MetricType,
    /// `metric.labels.NAME`.
    MetricLabel(String),
    /// `resource.type`.
    ResourceType,
    /// `resource.labels.NAME`, for a metric of the whole group alone.
    ResourceLabel(String),
}

/// What is wrong with a filter, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("at character {at} there must be {expected}")]
pub struct FilterError {
    /// The character that does not fit, counted from 1.
    pub at: usize,
    /// What must stand there.
    pub expected: &'static str,
}

/// The resource type of a metric that each instance has.
const INSTANCE: &str = "gce_instance";

impl MetricFilter {
    /// The comparisons, in their order.
    pub fn selectors(&self) -> &[Selector] {
        &self.selectors
    }

    /// The text that it was parsed from.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The monitored resource that the metric is about.
    pub fn resource_type(&self) -> &str {
        self.value_of(&SelectorField::ResourceType)
            .unwrap_or(INSTANCE)
    }

    /// Whether each instance has a series of its own.
    pub fn is_per_instance(&self) -> bool {
        self.resource_type() == INSTANCE
    }

    /// The name in `metric.type`, if it is compared.
    pub(super) fn metric_type(&self) -> Option<&str> {
        self.value_of(&SelectorField::MetricType)
    }

    fn value_of(&self, field: &SelectorField) -> Option<&str> {
        let found = self
            .selectors
            .iter()
            .find(|selector| selector.field == *field);
        found.map(|selector| selector.value.as_str())
    }
}

impl fmt::Display for MetricFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for MetricFilter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let mut cursor = Cursor { text, at: 0 };
        let mut selectors: Vec<Selector> = Vec::new();
        let mut resource_label_at = None;
        cursor.skip_spaces();
        while !cursor.is_at_end() {
            if !selectors.is_empty() {
                cursor.take_and()?;
            }
            let at = cursor.at;
            let selector = cursor.selector()?;
            if selectors.iter().any(|other| other.field == selector.field) {
                return Err(cursor.error_at(at, "a name that is not compared already"));
            }
            if matches!(selector.field, SelectorField::ResourceLabel(_)) {
                resource_label_at.get_or_insert(at);
            }
            selectors.push(selector);
            cursor.skip_spaces();
        }
        let filter = Self {
            text: text.to_owned(),
            selectors,
        };
        match resource_label_at {
            Some(at) if filter.is_per_instance() => Err(cursor.error_at(
                at,
                "no resource label, since a gce_instance metric is matched to the group's instances",
            )),
            _ => Ok(filter),
        }
    }
}

/// Walks over the text; `at` is a byte offset on a character boundary.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    fn skip_spaces(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn error(&self, expected: &'static str) -> FilterError {
        self.error_at(self.at, expected)
    }

    fn error_at(&self, at: usize, expected: &'static str) -> FilterError {
        let before = self.text.get(..at).unwrap_or_default();
        FilterError {
            at: before.chars().count() + 1,
            expected,
        }
    }

    fn take_and(&mut self) -> Result<(), FilterError> {
        let after = self
            .rest()
            .strip_prefix("AND")
            .filter(|after| after.starts_with(char::is_whitespace));
        if after.is_none() {
            return Err(self.error("AND and another comparison, or the end"));
        }
        self.at += "AND".len();
        self.skip_spaces();
        Ok(())
    }

    fn selector(&mut self) -> Result<Selector, FilterError> {
        let field = self.field()?;
        self.skip_spaces();
        if !self.rest().starts_with('=') {
            return Err(self.error("an = sign, the only comparison that an autoscaler may use"));
        }
        self.at += 1;
        self.skip_spaces();
        let value = self.quoted()?;
        Ok(Selector { field, value })
    }

    fn field(&mut self) -> Result<SelectorField, FilterError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
        let rest = self.rest();
        let name = &rest[..rest.find(|c| !fits(c)).unwrap_or(rest.len())];
        let expected = "metric.type, metric.labels.NAME, resource.type or resource.labels.NAME";
        let field = field_of(name).ok_or_else(|| self.error(expected))?;
        self.at += name.len();
        Ok(field)
    }

    /// A text in double quotes, in which a backslash takes the next character as it is.
    fn quoted(&mut self) -> Result<String, FilterError> {
        let mut value = String::new();
        let mut characters = self.rest().char_indices();
        if characters.next().is_none_or(|(_, first)| first != '"') {
            return Err(self.error("a value in double quotes"));
        }
        while let Some((offset, character)) = characters.next() {
            match character {
                '"' => {
                    self.at += offset + 1;
                    return Ok(value);
                }
                '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
                other => value.push(other),
            }
        }
        Err(self.error_at(self.text.len(), "the double quote that ends the value"))
    }
}

/// Monitoring takes both `label` and `labels`.
fn field_of(name: &str) -> Option<SelectorField> {
    let label = |prefixes: [&str; 2]| {
        let label = prefixes
            .iter()
            .find_map(|prefix| name.strip_prefix(prefix))?;
        let fits = |c: char| c.is_ascii_alphanumeric() || "_-/".contains(c);
        (!label.is_empty() && label.chars().all(fits)).then(|| label.to_owned())
    };
    match name {
        "metric.type" => Some(SelectorField::MetricType),
        "resource.type" => Some(SelectorField::ResourceType),
        _ => label(["metric.labels.", "metric.label."])
            .map(SelectorField::MetricLabel)
            .or_else(|| {
                label(["resource.labels.", "resource.label."]).map(SelectorField::ResourceLabel)
            }),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn selectors(text: &str) -> Vec<(SelectorField, String)> {
        let filter: MetricFilter = text.parse().unwrap();
        assert_eq!(filter.to_string(), text);
        filter
            .selectors()
            .iter()
            .map(|selector| (selector.field.clone(), selector.value.clone()))
            .collect()
    }

    #[test]
    fn comparisons_joined_by_and_are_read() {
        let label = |name: &str| SelectorField::MetricLabel(name.to_owned());
        assert_eq!(selectors("  "), []);
        assert_eq!(
            selectors(r#"metric.labels.queue="a OR b"   AND resource.type = "generic_task""#),
            [
                (label("queue"), "a OR b".to_owned()),
                (SelectorField::ResourceType, "generic_task".to_owned()),
            ]
        );
        assert_eq!(
            selectors(r#"metric.label.q = "say \"=\\\"" AND metric.type="a/b" "#),
            [
                (label("q"), r#"say "=\""#.to_owned()),
                (SelectorField::MetricType, "a/b".to_owned()),
            ]
        );
    }

    #[test]
    fn the_resource_says_whether_each_instance_has_a_series() {
        let is_per_instance = |text: &str| text.parse::<MetricFilter>().unwrap().is_per_instance();
        assert!(MetricFilter::default().is_per_instance());
        assert!(is_per_instance(r#"metric.labels.a = "b""#));
        assert!(is_per_instance(r#"resource.type = "gce_instance""#));
        assert!(!is_per_instance(
            r#"resource.type = "global" AND resource.labels.project_id = "p""#
        ));
        assert!(!is_per_instance(
            r#"resource.labels.job = "j" AND resource.type = "generic_task""#
        ));
    }

    #[test]
    fn everything_else_is_refused_with_its_position() {
        for (filter, at) in [
            ("queue", 1),
            ("metric.labels.a = b", 19),
            (r#"metric.labels.a = "b"#, 21),
            (r#"metric.labels.ä = "b""#, 1),
            (r#"metric.labels.a != "b""#, 17),
            (r#"metric.labels.a = "ü" OR metric.labels.c = "d""#, 23),
            (r#"metric.labels.a = "b" AND"#, 23),
            (r#"metric.labels.a = "b" AND "#, 27),
            (r#"metric.labels.a = "b" ANDc = "d""#, 23),
            (r#"metric.labels.a = "b" AND metric.labels.a = "c""#, 27),
            (r#"metric.labels.a = starts_with("b")"#, 19),
            (r#"(metric.labels.a = "b")"#, 1),
            (r#"= "b""#, 1),
            (r#"metadata.user_labels.x = "b""#, 1),
            (r#"metric.labels. = "b""#, 1),
            (r#"project = "b""#, 1),
            (
                r#"metric.labels.a = "b" AND resource.labels.zone = "z""#,
                27,
            ),
        ] {
            let error = filter.parse::<MetricFilter>().unwrap_err();
            assert_eq!(error.at, at, "{filter}: {error}");
        }
        let error = "metric.labels.a > 1".parse::<MetricFilter>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "at character 17 there must be an = sign, the only comparison that an autoscaler may use"
        );
    }
}
