//! What several points together say: enough of them to answer every aligner afterwards.

use serde::{Deserialize, Serialize};

use super::Value;

/// One point, or many merged. Merging is associative, so that roll-ups of roll-ups are exact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Aggregate {
    Numbers(Numbers),
    Distribution(Distribution),
}

/// Numbers merged. A boolean counts as 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Numbers {
    #[serde(rename = "n")]
    pub count: u64,
    #[serde(rename = "s")]
    pub sum: f64,
    /// The sum of the squares: the standard deviation is made of it.
    #[serde(rename = "q")]
    pub squares: f64,
    #[serde(rename = "a")]
    pub min: f64,
    #[serde(rename = "z")]
    pub max: f64,
    /// The newest of them.
    #[serde(rename = "l")]
    pub last: f64,
}

/// How many values fell between which bounds. `counts` has one more element than `bounds`: the
/// first counts what lies below `bounds[0]`, the last what lies at or above the last bound.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    #[serde(rename = "b")]
    pub bounds: Vec<f64>,
    #[serde(rename = "c")]
    pub counts: Vec<u64>,
    /// The sum of all values, of which the mean is made.
    #[serde(rename = "s")]
    pub sum: f64,
}

impl Numbers {
    /// A single number.
    pub fn one(value: f64) -> Self {
        Self {
            count: 1,
            sum: value,
            squares: value * value,
            min: value,
            max: value,
            last: value,
        }
    }

    /// The mean of the numbers.
    pub fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }

    fn merge(&mut self, newer: &Self) {
        self.count += newer.count;
        self.sum += newer.sum;
        self.squares += newer.squares;
        self.min = self.min.min(newer.min);
        self.max = self.max.max(newer.max);
        self.last = newer.last;
    }
}

impl Distribution {
    /// An empty distribution over `bounds`, which rise.
    pub fn empty(bounds: Vec<f64>) -> Self {
        let counts = vec![0; bounds.len() + 1];
        Self {
            bounds,
            counts,
            sum: 0.0,
        }
    }

    /// Counts a value.
    pub fn add(&mut self, value: f64) {
        let bucket = self.bounds.partition_point(|bound| *bound <= value);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
            self.sum += value;
        }
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The value below which `fraction` of all lie, linear inside a bucket; the last, open bucket
    /// answers with its lower bound. `None` if there are no values.
    pub fn quantile(&self, fraction: f64) -> Option<f64> {
        let wanted = self.count() as f64 * fraction;
        let mut below = 0.0;
        for (bucket, count) in self
            .counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
        {
            let count = *count as f64;
            if below + count >= wanted {
                let lower = if bucket == 0 {
                    0.0
                } else {
                    self.bounds[bucket - 1]
                };
                let upper = self.bounds.get(bucket).copied().unwrap_or(lower);
                return Some(lower + (upper - lower) * ((wanted - below) / count).clamp(0.0, 1.0));
            }
            below += count;
        }
        None
    }

    /// Adds the counts of another; those over other bounds go where their bucket begins.
    pub fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        if self.bounds == other.bounds {
            self.counts
                .iter_mut()
                .zip(&other.counts)
                .for_each(|(mine, theirs)| *mine += theirs);
            return;
        }
        for (bucket, count) in other.counts.iter().enumerate() {
            let lower = if bucket == 0 {
                f64::NEG_INFINITY
            } else {
                other.bounds[bucket - 1]
            };
            let mine = self.bounds.partition_point(|bound| *bound <= lower);
            self.counts[mine] += count;
        }
    }
}

impl Aggregate {
    /// Adds what came after.
    pub fn merge(&mut self, newer: &Self) {
        match (self, newer) {
            (Self::Numbers(mine), Self::Numbers(theirs)) => mine.merge(theirs),
            (Self::Distribution(mine), Self::Distribution(theirs)) => mine.merge(theirs),
            // A series has one type for ever, so that two sorts never meet.
            _ => {}
        }
    }
}

impl From<Value> for Aggregate {
    fn from(value: Value) -> Self {
        match value {
            Value::Bool(value) => Self::Numbers(Numbers::one(f64::from(u8::from(value)))),
            Value::Int64(value) => Self::Numbers(Numbers::one(value as f64)),
            Value::Double(value) => Self::Numbers(Numbers::one(value)),
            Value::Distribution(value) => Self::Distribution(value),
        }
    }
}
