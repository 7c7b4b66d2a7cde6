//! Fingerprints: the guard against overwriting somebody else's change.

use base64::{
    Engine,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::{Map, Value, json};

use crate::error::ApiError;

/// gcloud decodes and encodes the value again in the URL-safe alphabet, so that is what we give.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A fingerprint that no state before had.
pub(crate) fn fresh() -> Value {
    json!(LENIENT.encode(rand::random::<[u8; 8]>()))
}

/// Refuses a stale fingerprint. One that the caller leaves out means "the last write wins".
pub(crate) fn check(
    given: &Map<String, Value>,
    stored: &Map<String, Value>,
) -> Result<(), ApiError> {
    let text = |body: &Map<String, Value>| {
        body.get("fingerprint")
            .and_then(Value::as_str)
            .map(|text| text.replace('+', "-").replace('/', "_"))
    };
    let Some(given) = text(given) else {
        return Ok(());
    };
    let bytes = |text: &str| LENIENT.decode(text).ok();
    let stored = text(stored).unwrap_or_default();
    if given == stored || bytes(&given).is_some_and(|given| Some(given) == bytes(&stored)) {
        return Ok(());
    }
    Err(ApiError::condition_not_met(
        "Supplied fingerprint does not match current fingerprint. The resource was changed meanwhile.",
    ))
}
