//! Reducers: the series of a group become one.

use std::collections::BTreeMap;

use autoscaler::Timestamp;

use super::align::{Cell, deviation, percentile};
use crate::{error::ApiError, metrics::Distribution};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reducer {
    None,
    Mean,
    Min,
    Max,
    Sum,
    Deviation,
    Count,
    CountTrue,
    CountFalse,
    FractionTrue,
    Percentile(u8),
}

impl Reducer {
    pub(super) fn read(text: Option<&str>) -> Result<Self, ApiError> {
        let Some(text) = text else {
            return Ok(Self::None);
        };
        Ok(match text.strip_prefix("REDUCE_").unwrap_or_default() {
            "NONE" => Self::None,
            "MEAN" => Self::Mean,
            "MIN" => Self::Min,
            "MAX" => Self::Max,
            "SUM" => Self::Sum,
            "STDDEV" => Self::Deviation,
            "COUNT" => Self::Count,
            "COUNT_TRUE" => Self::CountTrue,
            "COUNT_FALSE" => Self::CountFalse,
            "FRACTION_TRUE" => Self::FractionTrue,
            "PERCENTILE_99" => Self::Percentile(99),
            "PERCENTILE_95" => Self::Percentile(95),
            "PERCENTILE_50" => Self::Percentile(50),
            "PERCENTILE_05" => Self::Percentile(5),
            _ => {
                let field = "aggregation.crossSeriesReducer";
                return Err(ApiError::invalid(field, text, "There is no such reducer."));
            }
        })
    }

    /// The points of several aligned series at one instant as one.
    fn apply(self, cells: &[Cell]) -> Option<Cell> {
        let distributions: Vec<&Distribution> = cells
            .iter()
            .filter_map(|cell| match cell {
                Cell::Distribution(distribution) => Some(distribution),
                _ => None,
            })
            .collect();
        if let Some(merged) = merge(&distributions) {
            return self.of_distribution(merged, cells.len());
        }
        let whole = cells.iter().all(|cell| matches!(cell, Cell::Int64(_)));
        let numbers = cells.iter().filter_map(|cell| match cell {
            Cell::Int64(number) | Cell::Double(number) => Some(*number),
            Cell::Distribution(_) => None,
        });
        self.of_numbers(&numbers.collect::<Vec<_>>(), whole)
    }

    fn of_numbers(self, numbers: &[f64], whole: bool) -> Option<Cell> {
        let count = numbers.len() as f64;
        // Summed in the fixed order of the series, so that equal data give equal charts.
        let sum: f64 = numbers.iter().sum();
        let same = |number| {
            if whole {
                Cell::Int64(number)
            } else {
                Cell::Double(number)
            }
        };
        Some(match self {
            Self::None => return None,
            Self::Mean | Self::FractionTrue => Cell::Double(sum / count),
            Self::Min => same(numbers.iter().copied().fold(f64::INFINITY, f64::min)),
            Self::Max => same(numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
            Self::Sum => same(sum),
            Self::Count => Cell::Int64(count),
            Self::CountTrue => Cell::Int64(sum),
            Self::CountFalse => Cell::Int64(count - sum),
            Self::Deviation => {
                let squares = numbers.iter().map(|number| number * number).sum();
                Cell::Double(deviation(count, sum, squares))
            }
            Self::Percentile(percent) => Cell::Double(percentile(numbers.to_vec(), percent)?),
        })
    }

    fn of_distribution(self, merged: Distribution, series: usize) -> Option<Cell> {
        let count = merged.count() as f64;
        match self {
            Self::Sum => Some(Cell::Distribution(merged)),
            Self::Mean if count > 0.0 => Some(Cell::Double(merged.sum / count)),
            Self::Count => Some(Cell::Int64(series as f64)),
            Self::Percentile(percent) => merged
                .quantile(f64::from(percent) / 100.0)
                .map(Cell::Double),
            _ => None,
        }
    }
}

fn merge(distributions: &[&Distribution]) -> Option<Distribution> {
    let (first, rest) = distributions.split_first()?;
    let mut merged = Distribution::clone(first);
    for distribution in rest {
        merged.merge(distribution);
    }
    Some(merged)
}

/// One series out of those of a group; points newest first as they came.
pub(super) fn reduce(
    reducer: Reducer,
    series: impl IntoIterator<Item = Vec<(Timestamp, Cell)>>,
) -> Vec<(Timestamp, Cell)> {
    let mut instants: BTreeMap<Timestamp, Vec<Cell>> = BTreeMap::new();
    for (at, cell) in series.into_iter().flatten() {
        instants.entry(at).or_default().push(cell);
    }
    let reduced = instants.into_iter().rev();
    reduced
        .filter_map(|(at, cells)| Some((at, reducer.apply(&cells)?)))
        .collect()
}
