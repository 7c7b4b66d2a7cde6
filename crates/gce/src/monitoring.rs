//! Monitoring v3: time series.

use std::collections::BTreeMap;

use futures::Stream;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::page::{Page, items};
use crate::{Client, Error};

/// One series of points, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TimeSeries {
    /// What is measured.
    pub metric: Labelled,
    /// On what.
    pub resource: Labelled,
    /// `GAUGE`, `DELTA` or `CUMULATIVE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_kind: Option<String>,
    /// `INT64`, `DOUBLE`, `DISTRIBUTION`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_type: Option<String>,
    /// Newest first in answers; exactly one when written.
    pub points: Vec<Point>,
    /// What this client has no name for, unchanged.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A type with labels: a metric, or a monitored resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Labelled {
    /// `compute.googleapis.com/instance/cpu/utilization`, or `gce_instance`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Values by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

impl Labelled {
    /// The value of a label, or an empty string.
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

/// A value over an interval.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Point {
    /// Half open: its start does not belong to it.
    pub interval: Interval,
    /// The value.
    pub value: TypedValue,
}

/// An interval, in RFC 3339.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Interval {
    /// Left out, or the same as the end, for a gauge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    /// The time of a gauge.
    pub end_time: String,
}

/// A value of one type: `{"doubleValue": 0.5}`, `{"int64Value": "3"}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TypedValue(pub Map<String, Value>);

impl TypedValue {
    /// A floating point value.
    pub fn double(value: f64) -> Self {
        Self::of("doubleValue", json!(value))
    }

    /// An integer, which JSON carries as a string.
    pub fn int64(value: i64) -> Self {
        Self::of("int64Value", json!(value.to_string()))
    }

    fn of(kind: &str, value: Value) -> Self {
        Self(Map::from_iter([(kind.to_owned(), value)]))
    }

    /// The number it holds; `None` for strings and distributions.
    pub fn as_f64(&self) -> Option<f64> {
        if let Some(value) = self.0.get("doubleValue") {
            return value.as_f64();
        }
        let value = self.0.get("int64Value")?;
        value
            .as_str()
            .and_then(|text| text.parse().ok())
            .or_else(|| value.as_f64())
    }
}

/// What to read, and how to condense it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Names exactly one metric type.
    pub filter: String,
    /// RFC 3339; does not belong to the interval.
    pub start: String,
    /// RFC 3339.
    pub end: String,
    /// Condense each series; `None` reads raw points.
    pub aggregation: Option<Aggregation>,
}

/// First each series is aligned, then series are reduced to fewer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aggregation {
    /// At least 60 s at Google.
    pub period_s: i64,
    /// `ALIGN_MEAN` and the like.
    pub aligner: &'static str,
    /// `REDUCE_MEAN` and the like.
    pub reducer: Option<&'static str>,
    /// Labels that keep series apart: `resource.label.backend_name`.
    pub group_by: Vec<&'static str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TimeSeriesPage {
    #[serde(default)]
    time_series: Vec<TimeSeries>,
    next_page_token: Option<String>,
}

impl Page for TimeSeriesPage {
    type Item = TimeSeries;

    fn split(self) -> (Vec<TimeSeries>, Option<String>) {
        (self.time_series, self.next_page_token)
    }
}

impl Client {
    /// Reads time series.
    pub fn time_series(
        &self,
        query: &Query,
    ) -> impl Stream<Item = Result<TimeSeries, Error>> + Send + use<> {
        let request = self
            .monitoring(Method::GET, &["timeSeries"])
            .map(|request| {
                let request = request
                    .query("filter", &query.filter)
                    .query("interval.startTime", &query.start)
                    .query("interval.endTime", &query.end)
                    .query("view", "FULL");
                query
                    .aggregation
                    .iter()
                    .fold(request, |request, aggregation| {
                        aggregation.pairs().fold(request, |request, (name, value)| {
                            request.query(name, &value)
                        })
                    })
            });
        items::<TimeSeriesPage>(self.clone(), request)
    }

    /// Writes one point to each of at most 200 series. Not repeated when the answer is lost: the same
    /// point again is an error.
    pub async fn create_time_series(&self, series: &[TimeSeries]) -> Result<(), Error> {
        let request = self.monitoring(Method::POST, &["timeSeries"])?;
        self.send::<Value>(&request.body(json!({ "timeSeries": series })))
            .await
            .map(drop)
    }
}

impl Aggregation {
    fn pairs(&self) -> impl Iterator<Item = (&'static str, String)> {
        let reducer = self
            .reducer
            .map(|it| ("aggregation.crossSeriesReducer", it.to_owned()));
        let labels = self
            .group_by
            .iter()
            .map(|it| ("aggregation.groupByFields", (*it).to_owned()));
        [
            ("aggregation.alignmentPeriod", format!("{}s", self.period_s)),
            ("aggregation.perSeriesAligner", self.aligner.to_owned()),
        ]
        .into_iter()
        .chain(reducer)
        .chain(labels)
    }
}
