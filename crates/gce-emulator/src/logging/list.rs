//! `entries:list`: the filter language over what the store keeps by time.

use std::time::Duration;

use autoscaler::Timestamp;
use axum::{
    extract::{Request, State},
    http::Method,
    response::Response,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::{Map, Value, json};

use crate::{
    api::{Cloud, filter::Filter, json_body, rpc_answer},
    clock::parse_rfc3339,
    error::ApiError,
    store::LogQuery,
};

/// How many entries are read from the file at once.
const BATCH: usize = 1000;

/// How many entries one call looks at. A rare filter over a long log then answers with an empty
/// page and a token, as Google's does, instead of holding the caller.
const SCAN: usize = 50_000;

/// Google lists nothing that lies further ahead.
const AHEAD: Duration = Duration::from_hours(24);

const FILTER_LENGTH: usize = 20_000;

pub(crate) async fn list(State(cloud): State<Cloud>, request: Request) -> Response {
    rpc_answer(answer(&cloud, request).await)
}

async fn answer(cloud: &Cloud, request: Request) -> Result<Value, ApiError> {
    let body = json_body(&Method::POST, request.into_body()).await?;
    let asked = Asked::read(&body)?;
    if !names_project(&body, cloud.store().project())? {
        return Ok(json!({}));
    }
    let mut query = asked.query(cloud);
    let mut entries = Vec::new();
    let mut scanned = 0;
    loop {
        let batch = cloud.store().logs(query.clone()).await?;
        let ended = batch.len() < query.limit;
        scanned += batch.len();
        for entry in batch {
            let place = (entry.at, entry.seq);
            let document = Value::Object(entry.body);
            if asked.filter.matches(&document) {
                if entries.len() == asked.page_size {
                    return Ok(page(entries, query.after));
                }
                entries.push(document);
            }
            query.after = Some(place);
        }
        if ended {
            return Ok(page(entries, None));
        }
        if scanned >= SCAN {
            return Ok(page(entries, query.after));
        }
    }
}

fn page(entries: Vec<Value>, next: Option<(Timestamp, i64)>) -> Value {
    let mut answer = json!({});
    if !entries.is_empty() {
        answer["entries"] = Value::Array(entries);
    }
    if let Some((at, seq)) = next {
        answer["nextPageToken"] = json!(BASE64.encode(format!("{}:{seq}", at.0)));
    }
    answer
}

/// What a call asked for.
struct Asked {
    filter: Filter,
    newest_first: bool,
    page_size: usize,
    after: Option<(Timestamp, i64)>,
}

impl Asked {
    fn read(body: &Map<String, Value>) -> Result<Self, ApiError> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let filter = text("filter");
        if filter.len() > FILTER_LENGTH {
            return Err(ApiError::invalid(
                "filter",
                "",
                "It is longer than 20000 characters.",
            ));
        }
        let newest_first = match text("orderBy") {
            "" | "timestamp" | "timestamp asc" => false,
            "timestamp desc" => true,
            other => {
                let why = "It must be 'timestamp asc' or 'timestamp desc'.";
                return Err(ApiError::invalid("orderBy", other, why));
            }
        };
        let parsed = Filter::parse(filter)
            .map_err(|error| ApiError::invalid("filter", filter, &error.to_string()))?;
        let token = text("pageToken");
        let after = if token.is_empty() {
            None
        } else {
            Some(decode(token)?)
        };
        Ok(Self {
            filter: parsed,
            newest_first,
            page_size: page_size(body)?,
            after,
        })
    }

    /// The narrowest part of the log that can hold what the filter wants.
    fn query(&self, cloud: &Cloud) -> LogQuery {
        let ahead = Timestamp(cloud.clock().now().0 + AHEAD.as_millis() as i64);
        let mut query = LogQuery {
            to: ahead,
            newest_first: self.newest_first,
            after: self.after,
            limit: BATCH.min(self.page_size.saturating_add(1)),
            ..LogQuery::default()
        };
        for (operator, text) in self.filter.bounds("timestamp") {
            let Some(at) = parse_rfc3339(text) else {
                continue;
            };
            // A bound cut to milliseconds may lie before the text; the filter itself is exact.
            match operator {
                ">" | ">=" => query.from = query.from.max(at),
                "<" | "<=" => query.to = query.to.min(Timestamp(at.0 + 1)),
                _ => (query.from, query.to) = (at, Timestamp(at.0 + 1)),
            }
        }
        if let [("=", name)] = self.filter.bounds("logName")[..]
            && !name.contains('*')
        {
            query.log_name = Some(name.to_owned());
        }
        query
    }
}

fn page_size(body: &Map<String, Value>) -> Result<usize, ApiError> {
    match body.get("pageSize") {
        None => Ok(50),
        Some(size) => match size.as_u64() {
            Some(0) => Ok(50),
            Some(size @ 1..=1000) => Ok(size as usize),
            _ => Err(ApiError::invalid(
                "pageSize",
                &size.to_string(),
                "It must be from 1 to 1000.",
            )),
        },
    }
}

fn decode(token: &str) -> Result<(Timestamp, i64), ApiError> {
    let read = || {
        let text = String::from_utf8(BASE64.decode(token).ok()?).ok()?;
        let (at, seq) = text.split_once(':')?;
        Some((Timestamp(at.parse().ok()?), seq.parse().ok()?))
    };
    read()
        .ok_or_else(|| ApiError::invalid("pageToken", token, "The page token is not one of ours."))
}

/// Whether one of the resource names is our project. Others hold nothing here.
fn names_project(body: &Map<String, Value>, project: &str) -> Result<bool, ApiError> {
    let names = body.get("resourceNames").and_then(Value::as_array);
    let names = names.filter(|names| !names.is_empty());
    let names = names.ok_or_else(|| ApiError::required("resourceNames"))?;
    let ours = format!("projects/{project}");
    Ok(names.iter().any(|name| name.as_str() == Some(&ours)))
}
