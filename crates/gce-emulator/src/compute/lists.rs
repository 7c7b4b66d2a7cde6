//! Lists: filter, order, page; of one scope or of all.

use std::{cmp::Reverse, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::{Map, Value, json};

use super::{call::Call, catalog, image, operations};
use crate::{
    api::{Cloud, filter::Filter},
    error::ApiError,
    resource::{Kind, Resource, Scope, last_segment},
};

/// Google's largest and default page.
const PAGE: usize = 500;

pub(super) fn list(
    cloud: &Cloud,
    kind: Kind,
    scope: &Scope,
    call: &Call,
) -> Result<Value, ApiError> {
    let page = page(cloud, kind, Some(scope), call)?;
    let path = match kind {
        Kind::Zone | Kind::Region => {
            format!("projects/{}/{}", cloud.store().project(), kind.collection())
        }
        _ => format!(
            "projects/{}/{scope}/{}",
            cloud.store().project(),
            kind.collection()
        ),
    };
    let items = page.items.into_iter().map(|(_, body)| body).collect();
    let head = image::list_head(&image::list_kind(kind, scope), &path);
    Ok(with_items(head, "items", items, page.next))
}

/// A list of what is not stored: `shaped` holds whole answers, in order of their names (or of the
/// instances that they are about). The items go under `field`.
pub(super) fn of_values(
    head: Map<String, Value>,
    field: &str,
    shaped: Vec<Value>,
    call: &Call,
) -> Result<Value, ApiError> {
    let (filter, size) = (parse_filter(call)?, page_size(call)?);
    let after = call.text("pageToken").map(decode).transpose()?;
    let name = |value: &Value| {
        let named = value.get("name").or_else(|| value.get("instance"));
        last_segment(named.and_then(Value::as_str).unwrap_or_default()).to_owned()
    };
    let mut wanted = shaped
        .into_iter()
        .filter(|value| after.as_ref().is_none_or(|after| name(value) > *after))
        .filter(|value| filter.matches(value));
    let items: Vec<Value> = wanted.by_ref().take(size).collect();
    let more = wanted.next().is_some();
    let next = items
        .last()
        .filter(|_| more)
        .map(|last| BASE64.encode(name(last)));
    Ok(with_items(head, field, items, next))
}

/// The same in one page, however many there are.
pub(super) fn all_of_values(
    field: &str,
    mut shaped: Vec<Value>,
    call: &Call,
) -> Result<Value, ApiError> {
    let filter = parse_filter(call)?;
    page_size(call)?;
    shaped.retain(|value| filter.matches(value));
    Ok(with_items(Map::new(), field, shaped, None))
}

/// Google leaves out what is empty.
fn with_items(
    mut head: Map<String, Value>,
    field: &str,
    items: Vec<Value>,
    next: Option<String>,
) -> Value {
    if !items.is_empty() {
        head.insert(field.into(), Value::Array(items));
    }
    head.extend(next.map(|next| ("nextPageToken".to_owned(), json!(next))));
    Value::Object(head)
}

/// The list over all scopes. Clients need `items` also when there is nothing.
pub(super) fn aggregated(cloud: &Cloud, kind: Kind, call: &Call) -> Result<Value, ApiError> {
    let page = page(cloud, kind, None, call)?;
    let mut items: Map<String, Value> = Map::new();
    for (scope, body) in page.items {
        let group = items
            .entry(scope.to_string())
            .or_insert_with(|| json!({kind.collection(): []}));
        if let Some(list) = group[kind.collection()].as_array_mut() {
            list.push(body);
        }
    }
    for scope in catalog::scopes().map(|scope| scope.to_string()) {
        let nothing = || nothing_there(&scope);
        items.entry(scope.clone()).or_insert_with(nothing);
    }
    let path = format!(
        "projects/{}/aggregated/{}",
        cloud.store().project(),
        kind.collection()
    );
    let mut answer = image::list_head(&image::aggregated_kind(kind), &path);
    answer.insert("items".into(), Value::Object(items));
    answer.extend(
        page.next
            .map(|next| ("nextPageToken".to_owned(), json!(next))),
    );
    Ok(Value::Object(answer))
}

fn nothing_there(scope: &str) -> Value {
    json!({"warning": {
        "code": "NO_RESULTS_ON_PAGE",
        "message": format!("There are no results for scope '{scope}' on this page."),
        "data": [{"key": "scope", "value": scope}],
    }})
}

struct Page {
    items: Vec<(Scope, Value)>,
    next: Option<String>,
}

fn page(cloud: &Cloud, kind: Kind, scope: Option<&Scope>, call: &Call) -> Result<Page, ApiError> {
    let filter = parse_filter(call)?;
    let newest_first = newest_first(call)?;
    let size = page_size(call)?;
    let after = call.text("pageToken").map(decode).transpose()?;
    let mut resources = resources(cloud, kind, scope);
    if newest_first {
        let time = |resource: &Resource| {
            resource
                .text("creationTimestamp")
                .unwrap_or_default()
                .to_owned()
        };
        resources.sort_by_cached_key(|resource| Reverse((time(resource), resource.key.clone())));
    }
    let mut items: Vec<(Scope, Value)> = Vec::new();
    let mut last = None;
    // A token names the last resource that was given, so that what is inserted meanwhile shifts
    // nothing. If that one is gone, the page begins where it would have been.
    let start = after.map_or(0, |after| {
        resources
            .iter()
            .position(|resource| place(resource) == after)
            .map_or_else(
                || resources.partition_point(|resource| newest_first || place(resource) <= after),
                |position| position + 1,
            )
    });
    for resource in &resources[start..] {
        let body = show(cloud, resource);
        if !filter.matches(&body) {
            continue;
        }
        if items.len() == size {
            return Ok(Page {
                items,
                next: last.map(|place: String| BASE64.encode(place)),
            });
        }
        last = Some(place(resource));
        items.push((resource.key.scope.clone(), body));
    }
    Ok(Page { items, next: None })
}

fn resources(cloud: &Cloud, kind: Kind, scope: Option<&Scope>) -> Vec<Arc<Resource>> {
    if !catalog::serves(kind) {
        return cloud.store().list(kind, scope);
    }
    let scopes: Vec<Scope> =
        scope.map_or_else(|| catalog::scopes().collect(), |scope| vec![scope.clone()]);
    scopes
        .iter()
        .flat_map(|scope| catalog::list(kind, scope))
        .map(Arc::new)
        .collect()
}

fn show(cloud: &Cloud, resource: &Resource) -> Value {
    match resource.key.kind {
        Kind::Operation => operations::view(cloud, resource),
        _ => Value::Object(image::image(cloud, resource)),
    }
}

/// Sorts as the store lists: by scope, then by name.
fn place(resource: &Resource) -> String {
    let scope = match &resource.key.scope {
        Scope::Global => "0".to_owned(),
        Scope::Region(name) => format!("1{name}"),
        Scope::Zone(name) => format!("2{name}"),
    };
    format!("{scope}\u{1}{}", resource.key.name)
}

fn decode(token: &str) -> Result<String, ApiError> {
    let bytes = BASE64
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    bytes.ok_or_else(|| ApiError::invalid("pageToken", token, "The page token is not one of ours."))
}

fn parse_filter(call: &Call) -> Result<Filter, ApiError> {
    let text = call.text("filter").unwrap_or_default();
    Filter::parse(text).map_err(|error| ApiError::invalid("filter", text, &error.to_string()))
}

fn newest_first(call: &Call) -> Result<bool, ApiError> {
    match call.text("orderBy") {
        None | Some("name" | "name asc") => Ok(false),
        Some("creationTimestamp desc") => Ok(true),
        Some(other) => Err(ApiError::invalid(
            "orderBy",
            other,
            "Only 'name' and 'creationTimestamp desc' are supported.",
        )),
    }
}

fn page_size(call: &Call) -> Result<usize, ApiError> {
    match call.number::<usize>("maxResults")? {
        None | Some(0) => Ok(PAGE),
        Some(size) if size <= PAGE => Ok(size),
        Some(size) => Err(ApiError::invalid(
            "maxResults",
            &size.to_string(),
            "It must be from 0 to 500.",
        )),
    }
}
