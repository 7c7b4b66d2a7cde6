//! The filters of list calls, over any JSON: Compute's two dialects, Logging's and Monitoring's.
//!
//! They share a grammar, so there is one parser and one evaluation; what differs is how many names
//! of operators and functions each uses.

mod eval;
mod lex;
mod parse;

use serde_json::Value;

use self::parse::Expression;

/// A parsed filter. The empty filter matches everything.
#[derive(Clone, Debug)]
pub(crate) struct Filter(Option<Expression>);

/// Why a text is no filter. One sentence that names the place.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct FilterError(String);

impl Filter {
    /// Parses a filter of any dialect.
    pub(crate) fn parse(text: &str) -> Result<Self, FilterError> {
        if text.trim().is_empty() {
            return Ok(Self(None));
        }
        parse::parse(&lex::lex(text)?).map(|expression| Self(Some(expression)))
    }

    /// Whether everything passes.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Whether a document passes.
    pub(crate) fn matches(&self, document: &Value) -> bool {
        self.0
            .as_ref()
            .is_none_or(|expression| expression.matches(document))
    }

    /// The values that a field must have for anything to match, if the filter says so with `=`,
    /// `>=`, … in its outermost conjunction: indexes are chosen by them.
    pub(crate) fn bounds(&self, field: &str) -> Vec<(&str, &str)> {
        self.0
            .as_ref()
            .map_or_else(Vec::new, |expression| expression.bounds(field))
    }
}

#[cfg(test)]
mod tests;
