//! Lists in the newer style: `pageSize`, `pageToken`, `filter`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::{Map, Value, json};

use crate::{api::filter::Filter, compute::call::Call, error::ApiError};

/// The largest page, and the one of a caller that says nothing.
const PAGE: usize = 500;

/// One page of values in the order in which they are given; the items go under `field`. A token is
/// the place of the last item by its key, so that what comes and goes meanwhile shifts nothing.
pub(super) fn page(
    field: &str,
    values: Vec<(String, Value)>,
    call: &Call,
) -> Result<Value, ApiError> {
    let filter = call.text("filter").unwrap_or_default();
    let filter = Filter::parse(filter)
        .map_err(|error| ApiError::invalid("filter", filter, &error.to_string()))?;
    let size = match call.number::<usize>(size_parameter(call))? {
        Some(size @ 1..=PAGE) => size,
        _ => PAGE,
    };
    let after = call.text("pageToken").map(decode).transpose()?;
    let start = match &after {
        None => 0,
        Some(after) => values
            .iter()
            .position(|(key, _)| key == after)
            .map_or(0, |at| at + 1),
    };
    let mut wanted = values
        .into_iter()
        .skip(start)
        .filter(|(_, value)| filter.matches(value));
    let page: Vec<(String, Value)> = wanted.by_ref().take(size).collect();
    let more = wanted.next().is_some();
    let mut answer = Map::new();
    if let Some((last, _)) = page.last().filter(|_| more) {
        answer.insert("nextPageToken".into(), json!(BASE64.encode(last)));
    }
    if !page.is_empty() {
        let items: Vec<Value> = page.into_iter().map(|(_, value)| value).collect();
        answer.insert(field.into(), json!(items));
    }
    Ok(Value::Object(answer))
}

/// DNS has Compute's word for it.
fn size_parameter(call: &Call) -> &'static str {
    if call.query.contains_key("maxResults") {
        "maxResults"
    } else {
        "pageSize"
    }
}

fn decode(token: &str) -> Result<String, ApiError> {
    let bytes = BASE64.decode(token).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| ApiError::invalid("pageToken", token, "The page token is not one of ours."))
}
