//! Walks a JSON object and notes everything that is wrong with it, rather than the first thing.

use serde_json::{Map, Value};

use super::rule::Rule;
use crate::Violation;

/// An object under examination, with the path that leads to it.
pub(super) struct Reader<'a> {
    path: String,
    object: &'a Map<String, Value>,
    violations: &'a mut Vec<Violation>,
}

impl<'a> Reader<'a> {
    /// `None`, and a violation, when the value is not an object.
    pub(super) fn new(
        path: String,
        value: &'a Value,
        violations: &'a mut Vec<Violation>,
    ) -> Option<Self> {
        let Some(object) = value.as_object() else {
            violations.push(violation(path, Some(value), "a JSON object"));
            return None;
        };
        Some(Self {
            path,
            object,
            violations,
        })
    }

    /// The field's value; `null` counts as absent, as in a merge patch.
    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.object.values().all(Value::is_null)
    }

    /// Absent is fine, wrong is a violation.
    pub(super) fn optional<T>(&mut self, name: &str, rule: &Rule<'_, T>) -> Option<T> {
        let value = self.value(name)?;
        let read = (rule.read)(value);
        if read.is_none() {
            self.reject(name, &rule.expectation);
        }
        read
    }

    /// Absent and wrong are violations.
    pub(super) fn required<T>(&mut self, name: &str, rule: &Rule<'_, T>) -> Option<T> {
        if self.value(name).is_none() {
            self.reject(name, &rule.expectation);
        }
        self.optional(name, rule)
    }

    /// The reader of a field that holds an object.
    pub(super) fn object(&mut self, name: &str) -> Option<Reader<'_>> {
        let value = self.value(name)?;
        Reader::new(self.field(name), value, self.violations)
    }

    /// The entries of a field that holds a list, with the path of each.
    pub(super) fn list(&mut self, name: &str) -> Vec<(String, &'a Value)> {
        let Some(value) = self.value(name) else {
            return Vec::new();
        };
        let Some(items) = value.as_array() else {
            self.reject(name, "a list");
            return Vec::new();
        };
        let entry = |(index, item)| (format!("{}[{index}]", self.field(name)), item);
        items.iter().enumerate().map(entry).collect()
    }

    /// The names of the entries that the object has.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a String> + use<'a> {
        self.object
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, _)| name)
    }

    /// The reader of an entry of one of this object's lists.
    pub(super) fn entry<'b>(&'b mut self, path: String, value: &'b Value) -> Option<Reader<'b>> {
        Reader::new(path, value, self.violations)
    }

    /// Notes that the field is not what it must be.
    pub(super) fn reject(&mut self, name: &str, expectation: &str) {
        let violation = violation(self.field(name), self.value(name), expectation);
        self.violations.push(violation);
    }

    /// The path of one of this object's fields.
    pub(super) fn field(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }
}

/// A long value would bury the sentence that it stands in.
const LONGEST_VALUE: usize = 80;

fn violation(field: String, value: Option<&Value>, expectation: &str) -> Violation {
    let value = value.map_or_else(|| "missing".to_owned(), shortened);
    let message = format!("{field} is {value}; it must be {expectation}.");
    Violation {
        field,
        value,
        message,
    }
}

fn shortened(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= LONGEST_VALUE {
        return text;
    }
    text.chars().take(LONGEST_VALUE).chain(['…']).collect()
}
