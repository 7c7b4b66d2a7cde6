//! Target HTTP proxies: the one odd verb.

use serde_json::json;

use crate::{
    compute::{
        change::{Behaviour, Verb},
        fingerprint, references,
    },
    error::ApiError,
    resource::{Kind, Scope},
};

pub(crate) struct TargetHttpProxy;

impl Behaviour for TargetHttpProxy {
    fn verb(&self, name: &str) -> Option<Verb> {
        (name == "setUrlMap").then_some(Verb::Change {
            operation: "setUrlMap",
            decide: |change, proxy, call| {
                let text = call.body.get("urlMap").and_then(|value| value.as_str());
                let text = text.ok_or_else(|| ApiError::required("urlMap"))?;
                let map = references::resolve(Kind::UrlMap, &Scope::Global, text)
                    .ok_or_else(|| ApiError::invalid("urlMap", text, "The URL is malformed."))?;
                change.get(&map)?;
                let url = change.url(&map);
                change.tx.update(&proxy.key, |body| {
                    body.insert("urlMap".into(), json!(url));
                    body.insert("fingerprint".into(), fingerprint::fresh());
                });
                Ok(Vec::new())
            },
        })
    }
}
