//! Aligners: all points of a window become one.

use autoscaler::Timestamp;

use crate::{
    error::ApiError,
    metrics::{Aggregate, Distribution, MetricKind, Numbers, Point, ValueType},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aligner {
    None,
    Delta,
    Rate,
    NextOlder,
    Interpolate,
    Min,
    Max,
    Mean,
    Count,
    Sum,
    Deviation,
    CountTrue,
    CountFalse,
    FractionTrue,
    Percentile(u8),
}

/// The value of an aligned or reduced point.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Int64(f64),
    Double(f64),
    Distribution(Distribution),
}

impl Cell {
    pub(super) fn value_type(&self) -> ValueType {
        match self {
            Self::Int64(_) => ValueType::Int64,
            Self::Double(_) => ValueType::Double,
            Self::Distribution(_) => ValueType::Distribution,
        }
    }
}

impl Aligner {
    pub(super) fn read(text: Option<&str>) -> Result<Self, ApiError> {
        let Some(text) = text else {
            return Ok(Self::None);
        };
        Ok(match text.strip_prefix("ALIGN_").unwrap_or_default() {
            "NONE" => Self::None,
            "DELTA" => Self::Delta,
            "RATE" => Self::Rate,
            "NEXT_OLDER" => Self::NextOlder,
            "INTERPOLATE" => Self::Interpolate,
            "MIN" => Self::Min,
            "MAX" => Self::Max,
            "MEAN" => Self::Mean,
            "COUNT" => Self::Count,
            "SUM" => Self::Sum,
            "STDDEV" => Self::Deviation,
            "COUNT_TRUE" => Self::CountTrue,
            "COUNT_FALSE" => Self::CountFalse,
            "FRACTION_TRUE" => Self::FractionTrue,
            "PERCENTILE_99" => Self::Percentile(99),
            "PERCENTILE_95" => Self::Percentile(95),
            "PERCENTILE_50" => Self::Percentile(50),
            "PERCENTILE_05" => Self::Percentile(5),
            "PERCENT_CHANGE" => return Err(ApiError::not_emulated("ALIGN_PERCENT_CHANGE")),
            _ => {
                let field = "aggregation.perSeriesAligner";
                return Err(ApiError::invalid(field, text, "There is no such aligner."));
            }
        })
    }

    /// The kind of a series after aligning.
    pub(super) fn kind(self, kind: MetricKind) -> MetricKind {
        match self {
            Self::None => kind,
            Self::Delta => MetricKind::Delta,
            Self::Sum if kind == MetricKind::Delta => MetricKind::Delta,
            _ => MetricKind::Gauge,
        }
    }

    /// Refuses what makes no sense for a sort of series, as Google does.
    pub(super) fn check(self, kind: MetricKind, value_type: ValueType) -> Result<(), ApiError> {
        let counts = matches!(self, Self::Delta | Self::Rate);
        let percentile = matches!(self, Self::Percentile(_));
        let distribution = value_type == ValueType::Distribution;
        let numeric = matches!(
            self,
            Self::Min | Self::Max | Self::Deviation | Self::Rate | Self::Interpolate
        );
        if (counts && kind == MetricKind::Gauge)
            || (numeric && distribution)
            || (percentile && !distribution && kind != MetricKind::Gauge)
        {
            return Err(ApiError::bad_request(format!(
                "Field aggregation.perSeriesAligner had an invalid value: the aligner cannot be \
                 applied to metrics with kind {kind:?} and value type {value_type:?}."
            )));
        }
        Ok(())
    }

    /// One window's points, oldest first, as one value.
    fn apply(self, points: &[Point], value_type: ValueType, period: i64) -> Option<Cell> {
        let mut merged = points.first()?.value.clone();
        points[1..]
            .iter()
            .for_each(|point| merged.merge(&point.value));
        match merged {
            Aggregate::Numbers(numbers) => self.of_numbers(&numbers, points, value_type, period),
            Aggregate::Distribution(distribution) => self.of_distribution(distribution),
        }
    }

    fn of_numbers(
        self,
        all: &Numbers,
        points: &[Point],
        value_type: ValueType,
        period: i64,
    ) -> Option<Cell> {
        let count = all.count as f64;
        let same = |value| match value_type {
            ValueType::Int64 => Cell::Int64(value),
            _ => Cell::Double(value),
        };
        Some(match self {
            Self::None => return None,
            Self::Delta | Self::Sum => same(all.sum),
            Self::Rate => Cell::Double(all.sum * 1000.0 / period as f64),
            Self::NextOlder => same(all.last),
            Self::Min => same(all.min),
            Self::Max => same(all.max),
            Self::Mean | Self::FractionTrue => Cell::Double(all.mean()),
            // Points come far more often than a window is long: the newest is the instant's value.
            Self::Interpolate => Cell::Double(all.last),
            Self::Count => Cell::Int64(count),
            Self::Deviation => Cell::Double(deviation(count, all.sum, all.squares)),
            Self::CountTrue => Cell::Int64(all.sum),
            Self::CountFalse => Cell::Int64(count - all.sum),
            Self::Percentile(percent) => {
                let value = |point: &Point| match &point.value {
                    Aggregate::Numbers(numbers) => numbers.mean(),
                    Aggregate::Distribution(_) => 0.0,
                };
                Cell::Double(percentile(points.iter().map(value).collect(), percent)?)
            }
        })
    }

    fn of_distribution(self, all: Distribution) -> Option<Cell> {
        let count = all.count() as f64;
        match self {
            Self::Delta | Self::Sum | Self::NextOlder => Some(Cell::Distribution(all)),
            Self::Mean if count > 0.0 => Some(Cell::Double(all.sum / count)),
            Self::Count => Some(Cell::Int64(count)),
            Self::Percentile(percent) => all.quantile(f64::from(percent) / 100.0).map(Cell::Double),
            _ => None,
        }
    }
}

/// Windows of `period` that end at `to` and reach back to `from`, newest first: each with its end
/// and its value. A window without points gives none. The oldest window is whole, too: what lies
/// in it before `from` counts, since half a window would make half a rate.
pub(super) fn windows(
    points: &[Point],
    value_type: ValueType,
    aligner: Aligner,
    period: i64,
    (from, to): (Timestamp, Timestamp),
) -> Vec<(Timestamp, Cell)> {
    let mut aligned = Vec::new();
    let mut rest = points;
    let mut end = to.0;
    while end > from.0 && !rest.is_empty() {
        let start = rest.partition_point(|point| point.end.0 <= end - period);
        if let Some(cell) = aligner.apply(&rest[start..], value_type, period) {
            aligned.push((Timestamp(end), cell));
        }
        rest = &rest[..start];
        end -= period;
    }
    aligned
}

/// The first instant that the windows over an interval reach back to.
pub(super) fn reach(period: i64, from: Timestamp, to: Timestamp) -> Timestamp {
    if period == 0 {
        return from;
    }
    let windows = (to.0 - from.0 + period - 1).div_euclid(period);
    Timestamp(to.0 - windows * period)
}

pub(super) fn deviation(count: f64, sum: f64, squares: f64) -> f64 {
    let mean = sum / count;
    (squares / count - mean * mean).max(0.0).sqrt()
}

/// Linear between the ranks on both sides.
pub(super) fn percentile(mut values: Vec<f64>, percent: u8) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let rank = last as f64 * f64::from(percent) / 100.0;
    let (below, above) = (values[rank.floor() as usize], values[rank.ceil() as usize]);
    Some(below + (above - below) * rank.fract())
}
