use std::time::Duration;

use reqwest::{Method, Url};
use serde_json::Value;
use uuid::Uuid;

/// Longer than Google takes for anything but `wait`.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// A fresh `requestId`. Google answers a repeated id with the operation it started the first time.
pub fn new_request_id() -> String {
    Uuid::new_v4().to_string()
}

/// Whether a request may be repeated when its fate is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It reads, or its `requestId` makes the second time harmless.
    Safe,
    /// Only when the server surely did not perform it.
    OnlyIfNotPerformed,
}

/// Where a page token goes in the next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenPlace {
    Query,
    Body,
}

/// One request as data, so that it can be repeated and paged through.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) body: Option<Value>,
    pub(crate) repeat: Repeat,
    pub(crate) timeout: Duration,
    token_place: TokenPlace,
}

impl Request {
    /// A request to `base` plus path segments, each of which is escaped: a name that a browser sent
    /// can never reach another collection.
    ///
    /// A base that is not a URL leads to an error when sent, like a host that does not exist.
    pub(crate) fn new(method: Method, base: &str, path: &[&str]) -> Result<Self, InvalidBase> {
        let mut url = Url::parse(base).map_err(|_| InvalidBase)?;
        url.path_segments_mut()
            .map_err(|()| InvalidBase)?
            .pop_if_empty()
            .extend(path);
        let repeat = if method == Method::GET {
            Repeat::Safe
        } else {
            Repeat::OnlyIfNotPerformed
        };
        Ok(Self {
            method,
            url,
            body: None,
            repeat,
            timeout: REQUEST_TIMEOUT,
            token_place: TokenPlace::Query,
        })
    }

    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    pub(crate) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// A POST that only reads, or whose repetition changes nothing.
    pub(crate) fn repeatable(mut self) -> Self {
        self.repeat = Repeat::Safe;
        self
    }

    /// A mutation that may be repeated, since it says which one it is.
    pub(crate) fn with_request_id(self) -> Self {
        let mut request = self.query("requestId", &new_request_id());
        request.repeat = Repeat::Safe;
        request
    }

    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    pub(crate) fn token_in_body(mut self) -> Self {
        self.token_place = TokenPlace::Body;
        self
    }

    /// The same request for the next page.
    pub(crate) fn with_page_token(self, token: &str) -> Self {
        match self.token_place {
            TokenPlace::Query => self.query("pageToken", token),
            TokenPlace::Body => {
                let mut body = self.body.clone().unwrap_or_default();
                body["pageToken"] = Value::from(token);
                self.body(body)
            }
        }
    }

    /// Method and URL, for an error's text. The query stays out: filters are long.
    pub(crate) fn describe(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        format!("{} {url}", self.method)
    }
}

/// An endpoint is not a URL that a path can be added to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InvalidBase;

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_name_cannot_leave_its_place_in_the_path() {
        let path = ["zones", "z/../../p", "..", "a?b"];
        let request = Request::new(Method::GET, "http://localhost:1/compute/v1", &path).unwrap();
        assert_eq!(
            request.url.path(),
            "/compute/v1/zones/z%2F..%2F..%2Fp/a%3Fb"
        );
        assert_eq!(request.url.query(), None);
    }

    #[test]
    fn what_changes_something_is_not_repeated_without_a_request_id() {
        let post = Request::new(Method::POST, "http://localhost:1", &["a"]).unwrap();
        assert_eq!(post.repeat, Repeat::OnlyIfNotPerformed);
        assert_eq!(post.with_request_id().repeat, Repeat::Safe);
    }
}
