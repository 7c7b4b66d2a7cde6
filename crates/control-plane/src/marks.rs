//! The changes that were met already.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// A browser shows its mark for minutes, and few people change things at the same time.
const AT_MOST: usize = 64;

/// Remembers marks of changes, so that each has the cloud read anew once and not at every look.
#[derive(Debug, Default)]
pub(crate) struct Marks(Mutex<VecDeque<String>>);

impl Marks {
    /// Whether the mark is met for the first time.
    pub(crate) fn is_new(&self, mark: &str) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.iter().any(|known| known == mark) {
            return false;
        }
        known.push_back(mark.to_owned());
        if known.len() > AT_MOST {
            known.pop_front();
        }
        true
    }
}
