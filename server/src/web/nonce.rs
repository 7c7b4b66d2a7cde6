//! The random word that tells our own scripts from injected ones.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// A new nonce: 128 random bits, 22 characters that need no escaping anywhere.
pub(crate) fn fresh() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>())
}
