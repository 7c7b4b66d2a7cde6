use std::collections::{BTreeMap, VecDeque};

use futures::{Stream, stream};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::request::Request;
use crate::{Client, Error, Resource};

/// One page of a list, in whatever shape its API sends it.
pub(crate) trait Page: DeserializeOwned + Send {
    type Item: Send;

    /// The items, and the token of the next page. An empty token means the end, as an absent one.
    fn split(self) -> (Vec<Self::Item>, Option<String>);
}

enum Next {
    Request(Request),
    End,
}

/// The items of all pages, each page fetched when the one before is used up.
pub(crate) fn items<P: Page>(
    client: Client,
    first: Result<Request, Error>,
) -> impl Stream<Item = Result<P::Item, Error>> + Send {
    let start = first.map(Next::Request);
    let state = (client, VecDeque::new(), start);
    stream::try_unfold(state, |(client, mut buffer, mut next)| async move {
        loop {
            if let Some(item) = buffer.pop_front() {
                return Ok(Some((item, (client, buffer, next))));
            }
            let Next::Request(request) = next? else {
                return Ok(None);
            };
            let (page, token) = client.send::<P>(&request).await?.split();
            buffer = page.into();
            next = Ok(following(request, token));
        }
    })
}

fn following(request: Request, token: Option<String>) -> Next {
    match token.filter(|token| !token.is_empty()) {
        Some(token) => Next::Request(request.with_page_token(&token)),
        None => Next::End,
    }
}

/// An ordinary Compute list; `items` is left out when it is empty.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct List<T> {
    #[serde(default = "Vec::new")]
    items: Vec<T>,
    next_page_token: Option<String>,
}

impl<T: DeserializeOwned + Send> Page for List<T> {
    type Item = T;

    fn split(self) -> (Vec<T>, Option<String>) {
        (self.items, self.next_page_token)
    }
}

/// Declares the page of a list whose items stand under a name of their own.
macro_rules! page_of {
    ($name:ident { $field:ident: $item:ty }) => {
        #[derive(Default, serde::Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct $name {
            $field: Vec<$item>,
            next_page_token: Option<String>,
        }

        impl crate::page::Page for $name {
            type Item = $item;

            fn split(self) -> (Vec<$item>, Option<String>) {
                (self.$field, self.next_page_token)
            }
        }
    };
}

pub(crate) use page_of;

/// A list over all scopes: `{"items": {"zones/z": {"autoscalers": [...]}, "regions/r": {"warning": …}}}`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound = "T: Resource")]
pub(crate) struct Aggregated<T> {
    #[serde(default)]
    items: BTreeMap<String, InScope<T>>,
    next_page_token: Option<String>,
}

/// One scope of it. The list's key is the collection's name, so it is found by its place instead:
/// what is an array of the right shape.
struct InScope<T>(Vec<T>);

impl<'de, T: Resource> Deserialize<'de> for InScope<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut scope = Map::deserialize(deserializer)?;
        let list = scope
            .remove(T::COLLECTION)
            .unwrap_or_else(|| Value::Array(Vec::new()));
        serde_json::from_value(list)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

impl<T: Resource> Page for Aggregated<T> {
    type Item = T;

    fn split(self) -> (Vec<T>, Option<String>) {
        let items = self.items.into_values().flat_map(|scope| scope.0).collect();
        (items, self.next_page_token)
    }
}
