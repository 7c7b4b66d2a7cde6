//! The policies that forms were drawn from.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// Policies change rarely: this reaches back over many changes.
const AT_MOST: usize = 64;

/// Remembers policies by hash, so that a refused change can say what was changed meanwhile. Another
/// instance may have drawn the form; then the refusal shows what is there now.
#[derive(Debug, Default)]
pub(crate) struct Drawn(Mutex<VecDeque<(String, Value)>>);

impl Drawn {
    pub(crate) fn remember(&self, hash: &str, policy: &Value) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.iter().any(|(known, _)| known == hash) {
            return;
        }
        known.push_back((hash.to_owned(), policy.clone()));
        if known.len() > AT_MOST {
            known.pop_front();
        }
    }

    pub(crate) fn policy(&self, hash: &str) -> Option<Value> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .iter()
            .find(|(known, _)| known == hash)
            .map(|(_, policy)| policy.clone())
    }
}
