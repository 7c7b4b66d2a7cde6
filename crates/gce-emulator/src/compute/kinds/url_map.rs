//! URL maps: something must answer every request.

use serde_json::{Map, Value};

use crate::{
    compute::change::{Behaviour, Change},
    error::ApiError,
    resource::Key,
};

pub(crate) struct UrlMap;

impl Behaviour for UrlMap {
    fn check(
        &self,
        _change: &mut Change<'_, '_>,
        _key: &Key,
        _old: Option<&Map<String, Value>>,
        body: &mut Map<String, Value>,
    ) -> Result<(), ApiError> {
        let defaults = ["defaultService", "defaultUrlRedirect", "defaultRouteAction"];
        if !defaults.iter().any(|field| body.contains_key(*field)) {
            return Err(ApiError::required("resource.defaultService"));
        }
        let names = |list: &str, field: &str| -> Vec<String> {
            let elements = body
                .get(list)
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            elements
                .filter_map(|element| element.get(field)?.as_str().map(str::to_owned))
                .collect()
        };
        let matchers = names("pathMatchers", "name");
        match names("hostRules", "pathMatcher")
            .into_iter()
            .find(|name| !matchers.contains(name))
        {
            None => Ok(()),
            Some(missing) => Err(ApiError::invalid(
                "resource.hostRules.pathMatcher",
                &missing,
                "There is no path matcher of this name.",
            )),
        }
    }
}
