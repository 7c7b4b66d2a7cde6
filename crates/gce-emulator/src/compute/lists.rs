//! Lists: filter, order, page; of one scope or of all.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    answer::Answer,
    call::Call,
    catalog,
    image::{self, Image},
    operations,
};
use crate::{
    api::{Cloud, filter::Filter},
    error::ApiError,
    resource::{Kind, Resource, Scope, last_segment},
};

/// Google's largest and default page.
const PAGE: usize = 500;

/// A list as it is written: the page's resources are read where they are stored.
#[derive(Serialize)]
struct Listed<T> {
    #[serde(flatten)]
    head: Map<String, Value>,
    /// Google leaves out what is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<T>,
    #[serde(rename = "nextPageToken", skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl<T: Serialize> Listed<T> {
    fn answer(&self) -> Result<Answer, ApiError> {
        Answer::of(self).map_err(|error| {
            tracing::error!(%error, "a list could not be written");
            ApiError::internal()
        })
    }
}

pub(super) fn list(
    cloud: &Cloud,
    kind: Kind,
    scope: &Scope,
    call: &Call,
) -> Result<Answer, ApiError> {
    let asked = Asked::of(call)?;
    let resources = resources(cloud, kind, Some(scope), &asked);
    let page = page(cloud, &resources, &asked);
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
    let items: Vec<Image<'_>> = page.items.into_iter().map(|(_, image)| image).collect();
    let listed = Listed {
        head: image::list_head(&image::list_kind(kind, scope), &path),
        items: (!items.is_empty()).then_some(items),
        next: page.next,
    };
    listed.answer()
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

/// What the list over all scopes says of one of them.
#[derive(Serialize)]
#[serde(untagged)]
enum Place<'r> {
    /// Its resources, under the name of their collection.
    Holds(BTreeMap<&'static str, Vec<Image<'r>>>),
    Nothing(Value),
}

/// The list over all scopes. Clients need `items` also when there is nothing.
pub(super) fn aggregated(cloud: &Cloud, kind: Kind, call: &Call) -> Result<Answer, ApiError> {
    let asked = Asked::of(call)?;
    let resources = resources(cloud, kind, None, &asked);
    let page = page(cloud, &resources, &asked);
    let mut held: BTreeMap<String, Vec<Image<'_>>> = BTreeMap::new();
    for (scope, image) in page.items {
        held.entry(scope.to_string()).or_default().push(image);
    }
    let mut items: BTreeMap<String, Place<'_>> = catalog::scopes()
        .map(|scope| scope.to_string())
        .map(|scope| (scope.clone(), Place::Nothing(nothing_there(&scope))))
        .collect();
    let holds = |images| Place::Holds(BTreeMap::from([(kind.collection(), images)]));
    items.extend(
        held.into_iter()
            .map(|(scope, images)| (scope, holds(images))),
    );
    let path = format!(
        "projects/{}/aggregated/{}",
        cloud.store().project(),
        kind.collection()
    );
    let listed = Listed {
        head: image::list_head(&image::aggregated_kind(kind), &path),
        items: Some(items),
        next: page.next,
    };
    listed.answer()
}

fn nothing_there(scope: &str) -> Value {
    json!({"warning": {
        "code": "NO_RESULTS_ON_PAGE",
        "message": format!("There are no results for scope '{scope}' on this page."),
        "data": [{"key": "scope", "value": scope}],
    }})
}

/// What a call wants of a list.
struct Asked {
    filter: Filter,
    newest_first: bool,
    size: usize,
    /// The place of the last resource that the client has.
    after: Option<String>,
}

impl Asked {
    fn of(call: &Call) -> Result<Self, ApiError> {
        Ok(Self {
            filter: parse_filter(call)?,
            newest_first: newest_first(call)?,
            size: page_size(call)?,
            after: call.text("pageToken").map(decode).transpose()?,
        })
    }

    /// Where the page begins. A token names the last resource that was given, so that what is
    /// inserted meanwhile shifts nothing. If that one is gone, the page begins where it would have
    /// been.
    fn start(&self, resources: &[Arc<Resource>]) -> usize {
        let Some(after) = &self.after else {
            return 0;
        };
        let found = resources.iter().position(|one| place(one) == *after);
        found.map_or_else(
            || resources.partition_point(|one| self.newest_first || place(one) <= *after),
            |position| position + 1,
        )
    }

    fn wants(&self, image: &Image<'_>) -> bool {
        self.filter.is_empty() || self.filter.matches(&image.to_value())
    }
}

struct Page<'r> {
    items: Vec<(&'r Scope, Image<'r>)>,
    next: Option<String>,
}

fn page<'r>(cloud: &Cloud, resources: &'r [Arc<Resource>], asked: &Asked) -> Page<'r> {
    let mut wanted = resources[asked.start(resources)..]
        .iter()
        .map(|resource| (resource, show(cloud, resource)))
        .filter(|(_, image)| asked.wants(image));
    let shown: Vec<_> = wanted.by_ref().take(asked.size).collect();
    let more = wanted.next().is_some();
    let last = shown.last().filter(|_| more);
    Page {
        next: last.map(|(resource, _)| BASE64.encode(place(resource))),
        items: shown
            .into_iter()
            .map(|(resource, image)| (&resource.key.scope, image))
            .collect(),
    }
}

fn sort_newest_first(resources: &mut [Arc<Resource>]) {
    let time = |resource: &Resource| {
        let time = resource.text("creationTimestamp");
        time.unwrap_or_default().to_owned()
    };
    resources.sort_by_cached_key(|resource| Reverse((time(resource), resource.key.clone())));
}

fn resources(
    cloud: &Cloud,
    kind: Kind,
    scope: Option<&Scope>,
    asked: &Asked,
) -> Vec<Arc<Resource>> {
    let mut resources = if catalog::serves(kind) {
        catalogued(kind, scope)
    } else {
        cloud.store().list(kind, scope)
    };
    if asked.newest_first {
        sort_newest_first(&mut resources);
    }
    resources
}

fn catalogued(kind: Kind, scope: Option<&Scope>) -> Vec<Arc<Resource>> {
    let scopes: Vec<Scope> =
        scope.map_or_else(|| catalog::scopes().collect(), |scope| vec![scope.clone()]);
    scopes
        .iter()
        .flat_map(|scope| catalog::list(kind, scope))
        .map(Arc::new)
        .collect()
}

fn show<'r>(cloud: &Cloud, resource: &'r Resource) -> Image<'r> {
    match resource.key.kind {
        Kind::Operation => operations::view(cloud, resource).into(),
        _ => image::image(cloud, resource),
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
