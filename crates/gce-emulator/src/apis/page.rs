//! Lists in the newer style: `pageSize`, `pageToken`, `filter`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::{Map, Value, json};

use crate::{api::filter::Filter, compute::call::Call, error::ApiError};

/// The largest page, and the one of a caller that says nothing.
const PAGE: usize = 500;

/// One page of values in the order in which they are given; the items go under `field`. A token is
/// the last item's key, so that what comes and goes meanwhile shifts nothing, and its place, for when
/// that very item has gone.
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
    let start = after.map_or(0, |last| last.next_in(&values));
    let mut wanted = values
        .into_iter()
        .enumerate()
        .skip(start)
        .filter(|(_, (_, value))| filter.matches(value));
    let page: Vec<(usize, (String, Value))> = wanted.by_ref().take(size).collect();
    let more = wanted.next().is_some();
    let mut answer = Map::new();
    if let Some((at, (key, _))) = page.last().filter(|_| more) {
        let token = BASE64.encode(format!("{at}:{key}"));
        answer.insert("nextPageToken".into(), json!(token));
    }
    if !page.is_empty() {
        let items: Vec<Value> = page.into_iter().map(|(_, (_, value))| value).collect();
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

/// The item that a page ended with.
struct Last {
    at: usize,
    key: String,
}

impl Last {
    /// Where the list goes on: behind the item, or, where it has gone, with the one that has moved
    /// up to its place.
    fn next_in(&self, values: &[(String, Value)]) -> usize {
        let found = values.iter().position(|(key, _)| *key == self.key);
        found.map_or(self.at, |at| at + 1)
    }
}

fn decode(token: &str) -> Result<Last, ApiError> {
    let read = || {
        let text = String::from_utf8(BASE64.decode(token).ok()?).ok()?;
        let (at, key) = text.split_once(':')?;
        Some(Last {
            at: at.parse().ok()?,
            key: key.to_owned(),
        })
    };
    read()
        .ok_or_else(|| ApiError::invalid("pageToken", token, "The page token is not one of ours."))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    /// The second page of two, when these are left of `a` to `f`.
    fn second_page(left: &[&str]) -> Value {
        let values = |names: &[&str]| -> Vec<_> {
            let item = |name: &&str| ((*name).to_owned(), json!(name));
            names.iter().map(item).collect()
        };
        let mut call = Call::default();
        call.query.insert("pageSize".into(), "2".into());
        let all = values(&["a", "b", "c", "d", "e", "f"]);
        let first = page("items", all, &call).unwrap();
        let token = first["nextPageToken"].as_str().unwrap().to_owned();
        call.query.insert("pageToken".into(), token);
        page("items", values(left), &call).unwrap()["items"].take()
    }

    #[test]
    fn a_list_goes_on_behind_its_last_item_wherever_that_is_now() {
        let all = ["a", "b", "c", "d", "e", "f"];
        assert_eq!(second_page(&all), json!(["c", "d"]));
        assert_eq!(second_page(&all[1..]), json!(["c", "d"]));
    }

    #[test]
    fn a_list_goes_on_in_the_same_place_when_its_last_item_has_gone() {
        let left = second_page(&["a", "c", "d", "e", "f"]);
        assert_eq!(left, json!(["c", "d"]));
    }
}
