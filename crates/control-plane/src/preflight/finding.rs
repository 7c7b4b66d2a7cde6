use std::fmt;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The deployment would fail.
    Stops,
    /// It would succeed, and something would not work.
    Warns,
    /// It is taken care of, or cannot be told.
    Notes,
}

/// One thing that was found: a sentence with its cure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// What is the matter, and what to do about it.
    pub text: String,
}

impl Finding {
    pub(super) fn stops(text: impl Into<String>) -> Self {
        Self::new(Severity::Stops, text)
    }

    pub(super) fn warns(text: impl Into<String>) -> Self {
        Self::new(Severity::Warns, text)
    }

    pub(super) fn notes(text: impl Into<String>) -> Self {
        Self::new(Severity::Notes, text)
    }

    fn new(severity: Severity, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { severity, text }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
