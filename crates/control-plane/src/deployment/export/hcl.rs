//! Terraform's language, written as `terraform fmt` writes it.

use std::fmt::Write as _;

use serde_json::Value;

/// A block: what stands before its brace, its attributes, and the blocks inside.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    head: String,
    attributes: Vec<(String, String)>,
    blocks: Vec<Self>,
}

impl Block {
    /// `head` is `resource "google_compute_url_map" "site"`, for example.
    pub(super) fn new(head: impl Into<String>) -> Self {
        Self {
            head: head.into(),
            ..Self::default()
        }
    }

    /// An attribute with an expression: a reference, or what [`literal`] writes.
    pub(super) fn expression(mut self, name: &str, expression: impl Into<String>) -> Self {
        self.attributes.push((name.to_owned(), expression.into()));
        self
    }

    /// An attribute with a value; nothing where it is `null`.
    pub(super) fn value(self, name: &str, value: &Value) -> Self {
        if value.is_null() {
            return self;
        }
        self.expression(name, literal(value))
    }

    pub(super) fn block(mut self, block: Self) -> Self {
        self.blocks.push(block);
        self
    }

    /// A block that is there only if there is something to put into it.
    pub(super) fn maybe(self, block: Option<Self>) -> Self {
        match block {
            Some(block) => self.block(block),
            None => self,
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.write(0, &mut text);
        text
    }

    /// Writing to a string cannot fail.
    fn write(&self, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        if self.attributes.is_empty() && self.blocks.is_empty() {
            let _ = writeln!(out, "{indent}{} {{}}", self.head);
            return;
        }
        let _ = writeln!(out, "{indent}{} {{", self.head);
        write_attributes(&self.attributes, depth + 1, out);
        for (at, block) in self.blocks.iter().enumerate() {
            if at > 0 || !self.attributes.is_empty() {
                out.push('\n');
            }
            block.write(depth + 1, out);
        }
        let _ = writeln!(out, "{indent}}}");
    }
}

/// The equals signs stand below each other, except around an attribute of several lines, which stands
/// alone between empty lines.
fn write_attributes(attributes: &[(String, String)], depth: usize, out: &mut String) {
    let is_long = |(_, value): &(String, String)| value.contains('\n');
    let runs = attributes.chunk_by(|one, next| !is_long(one) && !is_long(next));
    for (at, run) in runs.enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let width = run.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, value) in run {
            let indent = "  ".repeat(depth);
            let _ = writeln!(out, "{indent}{name:width$} = {value}");
        }
    }
}

/// A value as an expression: a list in one line, a map in several, a text of several lines as a
/// heredoc.
pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::String(text) if text.ends_with('\n') => heredoc(text),
        Value::String(text) => string(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(literal).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

/// A map of literals. Its entries are indented as deep as those of an attribute of a resource are.
pub(super) fn map(entries: impl Iterator<Item = (String, Value)>) -> String {
    let entries: Vec<(String, String)> = entries
        .map(|(key, value)| (string(&key), literal(&value)))
        .collect();
    if entries.is_empty() {
        return "{}".to_owned();
    }
    let mut text = "{\n".to_owned();
    write_attributes(&entries, 2, &mut text);
    text.push_str("  }");
    text
}

/// In quotes. Outside of ASCII nothing needs an escape; `${` and `%{` would begin a template.
pub(super) fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for char in text.chars() {
        match char {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    without_templates(&quoted)
}

/// Nothing in it is escaped but the beginnings of templates, and its end is a line that is not in it.
fn heredoc(text: &str) -> String {
    let mut end = "EOT".to_owned();
    while text.lines().any(|line| line.trim() == end) {
        end.push('_');
    }
    format!("<<{end}\n{}{end}", without_templates(text))
}

fn without_templates(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}
