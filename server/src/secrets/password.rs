//! Passwords: their rules, their hash, and how one is made up.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use rand::Rng;

/// The shortest password that is accepted, in characters.
const SHORTEST: usize = 12;
/// The longest: hashing must stay cheap against a form that sends megabytes.
const LONGEST: usize = 1024;

/// Letters and digits that nobody mistakes for one another, so that a password can be typed from paper.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// 20 characters of five bits each: 100 bits, far beyond what a rate-limited form can be asked.
const GROUPS: usize = 4;
const GROUP: usize = 5;

/// Why a password cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    /// Too short or too long.
    #[error("the password has {length} characters; {SHORTEST} to {LONGEST} are allowed")]
    Length {
        /// In characters.
        length: usize,
    },
    /// The hash could not be made, for want of memory or randomness.
    #[error("cannot hash the password: {0}")]
    Hash(String),
}

/// Gives the password back if its length is within the rule.
pub(crate) fn accept(password: String) -> Result<String, PasswordError> {
    let length = password.chars().count();
    if (SHORTEST..=LONGEST).contains(&length) {
        Ok(password)
    } else {
        Err(PasswordError::Length { length })
    }
}

/// A new random password.
pub(crate) fn generate() -> String {
    let mut rng = rand::rng();
    let groups: Vec<String> = (0..GROUPS)
        .map(|_| {
            (0..GROUP)
                .map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())]))
                .collect()
        })
        .collect();
    groups.join("-")
}

/// An argon2id hash with a salt of its own. Takes tens of milliseconds and 19 MiB.
pub(crate) fn hash(password: &str) -> Result<String, PasswordError> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| PasswordError::Hash(error.to_string()))
}

/// Whether this is a hash that a password can be held against.
pub(super) fn is_hash(text: &str) -> bool {
    PasswordHash::new(text).is_ok()
}

/// Whether the password has this hash. As slow as [`hash`], whatever the answer.
pub(crate) fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|parsed| {
        Argon2::default()
            .verify_password(password.as_bytes(), &parsed)
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn only_the_right_password_matches_its_hash() {
        let hash = hash("correct horse battery").unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(verify("correct horse battery", &hash));
        assert!(!verify("correct horse batterz", &hash));
        assert!(!verify("anything", "not a hash"));
    }

    #[test]
    fn a_generated_password_is_acceptable_and_never_the_same() {
        let (one, other) = (generate(), generate());
        assert_ne!(one, other);
        assert_eq!(accept(one.clone()).unwrap(), one);
    }

    #[test]
    fn the_length_rule_names_the_length_and_the_range() {
        let error = accept("short".to_owned()).unwrap_err().to_string();
        assert_eq!(
            error,
            "the password has 5 characters; 12 to 1024 are allowed"
        );
        assert!(accept("x".repeat(1025)).is_err());
    }
}
