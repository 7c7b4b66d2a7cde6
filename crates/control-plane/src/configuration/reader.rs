//! Walks a table of TOML and notes everything that is wrong with it, rather than the first thing.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Fault;
use super::rules::Rule;

/// A table under examination, with the path that leads to it.
pub(super) struct Reader<'a> {
    path: String,
    table: Option<&'a DeTable<'a>>,
    span: Range<usize>,
    text: &'a str,
    known: Vec<&'static str>,
    faults: &'a mut Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        text: &'a str,
        table: &'a DeTable<'a>,
        faults: &'a mut Vec<Fault>,
    ) -> Reader<'a> {
        Reader {
            path: String::new(),
            table: Some(table),
            span: 0..0,
            text,
            known: Vec::new(),
            faults,
        }
    }

    /// The value of a field; `None`, and a fault, when it is wrong. Absent is fine.
    pub(super) fn optional<T>(&mut self, name: &'static str, rule: &Rule<T>) -> Option<T> {
        self.known.push(name);
        let value = self.table?.get(name)?;
        let read = (rule.read)(value.get_ref());
        if read.is_none() {
            self.reject(name, &rule.expectation);
        }
        read
    }

    /// Like [`Reader::optional`], and absent is a fault.
    pub(super) fn required<T>(&mut self, name: &'static str, rule: &Rule<T>) -> Option<T> {
        if self.value(name).is_none() {
            self.known.push(name);
            self.reject(name, &rule.expectation);
            return None;
        }
        self.optional(name, rule)
    }

    /// The reader of a table in this one; of an empty one, if there is none.
    pub(super) fn section(&mut self, name: &'static str) -> Reader<'_> {
        self.known.push(name);
        let value = self.value(name);
        let table = value.and_then(|value| value.get_ref().as_table());
        if value.is_some() && table.is_none() {
            self.reject(name, "a table");
        }
        Reader {
            path: self.field(name),
            table,
            span: value.map_or(self.span.clone(), Spanned::span),
            text: self.text,
            known: Vec::new(),
            faults: self.faults,
        }
    }

    /// All entries of a table whose names the writer of the file chose.
    pub(super) fn entries<T>(
        self,
        name: impl Fn(&str) -> Option<&'static str>,
        rule: &Rule<T>,
    ) -> Vec<(String, T)> {
        let mut entries = Vec::new();
        for (key, value) in self.table.into_iter().flat_map(DeTable::iter) {
            let field = format!("{}.{}", self.path, key.get_ref());
            let read = (rule.read)(value.get_ref());
            if let Some(why) = name(key.get_ref()) {
                let message = format!("{field} cannot have this name: {why}.");
                self.faults.push(Fault::at(self.text, key.span(), message));
            } else if let Some(read) = read {
                entries.push((key.get_ref().to_string(), read));
            } else {
                let given = excerpt(self.text, value.span());
                let message = format!("{field} is {given}; it must be {}.", rule.expectation);
                self.faults
                    .push(Fault::at(self.text, value.span(), message));
            }
        }
        entries
    }

    /// Notes that a field is not what it must be.
    pub(super) fn reject(&mut self, name: &str, expectation: &str) {
        let field = self.field(name);
        let (span, given) = match self.value(name) {
            Some(value) => (value.span(), excerpt(self.text, value.span())),
            None => (self.span.clone(), "missing".to_owned()),
        };
        let message = format!("{field} is {given}; it must be {expectation}.");
        self.faults.push(Fault::at(self.text, span, message));
    }

    /// Whether the file says anything about a field.
    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Whether it says nothing at all.
    pub(super) fn is_empty(&self) -> bool {
        self.table.is_none_or(DeTable::is_empty)
    }

    /// Notes every key that no one has asked for: a misspelt setting must not be silently without effect.
    pub(super) fn finish(self) {
        let keys = self.table.into_iter().flat_map(DeTable::iter);
        for (key, _) in keys.filter(|(key, _)| !self.known.contains(&key.get_ref().as_ref())) {
            let field = self.field(key.get_ref());
            let message = if let Some(known) = nearest(key.get_ref(), &self.known) {
                let known = self.field(known);
                format!("{field} is not a setting; did you mean {known}?")
            } else {
                let known = self.known.join(", ");
                format!("{field} is not a setting; here are: {known}.")
            };
            self.faults.push(Fault::at(self.text, key.span(), message));
        }
    }

    fn value(&self, name: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table?.get(name)
    }

    fn field(&self, name: &str) -> String {
        if self.path.is_empty() {
            return name.to_owned();
        }
        format!("{}.{name}", self.path)
    }
}

/// Half of the letters or more must be the same: a suggestion that is no help is noise.
fn nearest(key: &str, known: &[&'static str]) -> Option<&'static str> {
    let similar = |known: &&&'static str| strsim::normalized_damerau_levenshtein(key, known);
    let best = known
        .iter()
        .max_by(|one, other| similar(one).total_cmp(&similar(other)))?;
    (similar(&best) >= 0.5).then_some(*best)
}

/// A long value would bury the sentence that it stands in.
const LONGEST_VALUE: usize = 60;

fn excerpt(text: &str, span: Range<usize>) -> String {
    let given = text.get(span).unwrap_or_default();
    let line = given.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST_VALUE {
        return line;
    }
    line.chars().take(LONGEST_VALUE).chain(['…']).collect()
}
