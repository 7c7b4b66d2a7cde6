//! The parameters of `timeSeries.list`.

use autoscaler::Timestamp;

use super::{align::Aligner, reduce::Reducer};
use crate::{api::filter::Filter, clock::parse_rfc3339, error::ApiError};

/// Google's shortest alignment period, and its longest: 104 weeks. In milliseconds.
const SHORTEST: i64 = 60_000;
const LONGEST: i64 = 104 * 7 * 24 * 3_600_000;

/// The largest page, and the default one.
const PAGE: usize = 100_000;

/// A checked call.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) filter: Filter,
    /// Points in `(from, to]` are asked for.
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) aligner: Aligner,
    /// In milliseconds; 0 without an aligner.
    pub(super) period: i64,
    pub(super) reducer: Reducer,
    pub(super) group_by: Vec<String>,
    /// Whether the points are wanted, or only the series.
    pub(super) full: bool,
    pub(super) page_size: usize,
    /// How many points (or series) earlier pages gave.
    pub(super) skip: usize,
}

impl Query {
    pub(super) fn read(pairs: &[(String, String)]) -> Result<Self, ApiError> {
        let text = |name: &str| {
            let found = pairs.iter().find(|(key, _)| key == name);
            found
                .map(|(_, value)| value.as_str())
                .filter(|value| !value.is_empty())
        };
        if let Some((name, _)) = pairs
            .iter()
            .find(|(name, _)| name.starts_with("secondaryAggregation"))
        {
            return Err(ApiError::not_emulated(&format!("The parameter '{name}'")));
        }
        let (from, to) = interval(text("interval.startTime"), text("interval.endTime"))?;
        let aligner = Aligner::read(text("aggregation.perSeriesAligner"))?;
        let reducer = Reducer::read(text("aggregation.crossSeriesReducer"))?;
        if reducer != Reducer::None && aligner == Aligner::None {
            return Err(ApiError::bad_request(
                "Field aggregation.perSeriesAligner must not be ALIGN_NONE when a crossSeriesReducer is given.",
            ));
        }
        let groups = pairs
            .iter()
            .filter(|(name, _)| name == "aggregation.groupByFields");
        Ok(Self {
            filter: filter(text("filter"))?,
            from,
            to,
            period: period(text("aggregation.alignmentPeriod"), aligner)?,
            aligner,
            reducer,
            group_by: groups.map(|(_, field)| field.clone()).collect(),
            full: view(text("view"))?,
            page_size: page_size(text("pageSize"))?,
            skip: skip(text("pageToken"))?,
        })
    }
}

fn filter(text: Option<&str>) -> Result<Filter, ApiError> {
    let text = text.ok_or_else(|| ApiError::required("filter"))?;
    let invalid = |why: &str| ApiError::invalid("filter", text, why);
    let filter = Filter::parse(text).map_err(|error| invalid(&error.to_string()))?;
    let names_metric = text.contains("metric.type");
    if names_metric {
        Ok(filter)
    } else {
        Err(invalid("The filter must specify a metric type."))
    }
}

fn interval(start: Option<&str>, end: Option<&str>) -> Result<(Timestamp, Timestamp), ApiError> {
    let read = |name: &str, text: &str| {
        parse_rfc3339(text).ok_or_else(|| ApiError::invalid(name, text, "It must be RFC 3339."))
    };
    let end = end.ok_or_else(|| ApiError::required("interval.endTime"))?;
    let to = read("interval.endTime", end)?;
    let Some(start) = start else {
        return Ok((Timestamp(to.0 - 1), to));
    };
    let from = read("interval.startTime", start)?;
    if from > to {
        let why = "The start time must not be later than the end time.";
        return Err(ApiError::invalid("interval.startTime", start, why));
    }
    // An interval of one instant asks for the point at this instant.
    Ok((
        if from == to {
            Timestamp(to.0 - 1)
        } else {
            from
        },
        to,
    ))
}

fn period(text: Option<&str>, aligner: Aligner) -> Result<i64, ApiError> {
    const FIELD: &str = "aggregation.alignmentPeriod";
    if aligner == Aligner::None {
        return Ok(0);
    }
    let text = text.ok_or_else(|| ApiError::required(FIELD))?;
    let seconds = text
        .strip_suffix('s')
        .and_then(|seconds| seconds.parse::<f64>().ok());
    match seconds.map(|seconds| (seconds * 1000.0) as i64) {
        Some(period) if (SHORTEST..=LONGEST).contains(&period) => Ok(period),
        _ => Err(ApiError::invalid(
            FIELD,
            text,
            "It must be from 60s to 104 weeks in seconds.",
        )),
    }
}

fn view(text: Option<&str>) -> Result<bool, ApiError> {
    match text {
        None | Some("FULL") => Ok(true),
        Some("HEADERS") => Ok(false),
        Some(other) => Err(ApiError::invalid(
            "view",
            other,
            "It must be FULL or HEADERS.",
        )),
    }
}

fn page_size(text: Option<&str>) -> Result<usize, ApiError> {
    match text.map(str::parse) {
        None | Some(Ok(0)) => Ok(PAGE),
        Some(Ok(size)) if size <= PAGE => Ok(size),
        _ => Err(ApiError::invalid(
            "pageSize",
            text.unwrap_or_default(),
            "It must be from 1 to 100000.",
        )),
    }
}

fn skip(text: Option<&str>) -> Result<usize, ApiError> {
    let Some(text) = text else { return Ok(0) };
    text.parse()
        .map_err(|_| ApiError::invalid("pageToken", text, "The page token is not one of ours."))
}
