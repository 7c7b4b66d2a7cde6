//! Sources that exist once for each question that was asked.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::source::Source;

/// Questions come from URLs, and there are endless page tokens; so the oldest half is forgotten when
/// there are too many.
const AT_MOST: usize = 128;

/// A source per question, made when it is first asked.
#[derive(Debug)]
pub(crate) struct Keyed<K, T> {
    name: &'static str,
    max_age: Duration,
    client: gce::Client,
    sources: Mutex<Known<K, T>>,
}

#[derive(Debug)]
struct Known<K, T> {
    asked: u64,
    sources: HashMap<K, (u64, Arc<Source<T>>)>,
}

impl<K: Clone + Eq + Hash, T: Send + Sync + 'static> Keyed<K, T> {
    pub(crate) fn new(name: &'static str, max_age: Duration, client: gce::Client) -> Self {
        let known = Known {
            asked: 0,
            sources: HashMap::new(),
        };
        Self {
            name,
            max_age,
            client,
            sources: Mutex::new(known),
        }
    }

    pub(crate) fn of(&self, key: &K) -> Arc<Source<T>> {
        let mut known = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        known.asked += 1;
        let asked = known.asked;
        if !known.sources.contains_key(key) {
            known.make_room();
        }
        let new = || Arc::new(Source::new(self.name, self.max_age, self.client.clone()));
        let (last_asked, source) = known
            .sources
            .entry(key.clone())
            .or_insert_with(|| (asked, new()));
        *last_asked = asked;
        source.clone()
    }

    /// Whatever was read is old now.
    pub(crate) fn invalidate(&self) {
        let known = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .sources
            .values()
            .for_each(|(_, source)| source.invalidate());
    }
}

impl<K: Eq + Hash, T> Known<K, T> {
    fn make_room(&mut self) {
        if self.sources.len() < AT_MOST {
            return;
        }
        let mut asked: Vec<u64> = self.sources.values().map(|(asked, _)| *asked).collect();
        asked.sort_unstable();
        let oldest_kept = asked[asked.len() / 2];
        self.sources.retain(|_, (asked, _)| *asked >= oldest_kept);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use gce::{Client, Endpoints, NoToken};

    use super::*;

    #[test]
    fn endless_questions_do_not_fill_the_memory() {
        let endpoints = Endpoints::local("http://127.0.0.1:1");
        let client = Client::new(endpoints, Arc::new(NoToken), "p".to_owned()).unwrap();
        let keyed: Keyed<u32, u32> = Keyed::new("test", Duration::ZERO, client);
        let first = keyed.of(&0);
        for question in 1..1000 {
            keyed.of(&question);
            assert!(
                Arc::ptr_eq(&first, &keyed.of(&0)),
                "what is still asked is kept"
            );
        }
        assert!(keyed.sources.lock().unwrap().sources.len() <= AT_MOST);
    }
}
