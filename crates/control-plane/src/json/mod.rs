//! JSON as a value to compare: its hash, its differences and the patch between two of them.
//!
//! Numbers are compared as numbers, since Google may send 2 where 2.0 was written.

mod difference;
mod hash;
mod merge_patch;

pub(crate) use difference::{changes, text};
pub(crate) use hash::hash;
pub(crate) use merge_patch::{merge_patch, merged};

use serde_json::Value;

/// Whether two values mean the same.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64()
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, one)| other.get(key).is_some_and(|other| same(one, other)))
        }
        _ => one == other,
    }
}
