//! What is told to the engine.

use serde::{Deserialize, Serialize};

use crate::policy::limits::METRICS;

/// What was measured on the group at an instant.
///
/// The fields are public, and `..Sample::default()` fills in the signals that a policy does not
/// have; [`Sample::cpu`] is the short form for a policy on CPU alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sample {
    /// The initialized instances that the means are over.
    pub serving: u32,
    /// The instances that exist or are being made, initializing ones included; not those on
    /// their way out.
    pub size: u32,
    /// The mean CPU utilization of the serving ones, smoothed by the caller; `None` without data.
    pub cpu: Option<f64>,
    /// The mean share of their balancing capacity that the serving ones use, smoothed likewise.
    pub load_balancing: Observed,
    /// The policy's metrics in its order. One that is measured on each instance
    /// ([`MetricUtilization::is_per_instance`](crate::MetricUtilization::is_per_instance)) is the
    /// mean over the serving ones, any other is the sum of the group's matching series; a
    /// `DELTA_PER_…` metric is a rate in that unit.
    pub metrics: [Observed; METRICS],
}

impl Sample {
    /// A sample of CPU alone.
    pub fn cpu(serving: u32, size: u32, cpu: Option<f64>) -> Self {
        Self {
            serving,
            size,
            cpu,
            ..Self::default()
        }
    }
}

/// What a signal showed: a number, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Observed {
    /// A number of at least 0; any other counts as missing.
    Value(f64),
    /// The mean over so many of the serving instances, while the others show nothing. The group
    /// grows by what is known, and shrinks as if the silent ones were as busy.
    Partial(f64, u32),
    /// Nothing to go by.
    Absent(Absence),
}

/// Why a signal shows nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Absence {
    /// There are no points.
    #[default]
    NoData,
    /// There are points, and they come too rarely to go by.
    TooSparse,
    /// No such metric, or none with such labels, or not one of numbers.
    Invalid,
    /// No backend service sends the group requests.
    NoBackendService,
    /// More than one does, and each has a utilization of its own.
    ManyBackendServices,
    /// The backend's capacity is given for the group as a whole, and not for an instance.
    GroupMaxRate,
}

impl Observed {
    /// The number, if it is one that a signal may have.
    pub fn value(self) -> Option<f64> {
        match self {
            Self::Value(value) => Some(value).filter(|value| is_measurement(*value)),
            Self::Partial(value, of) => {
                Some(value).filter(|value| of > 0 && is_measurement(*value))
            }
            Self::Absent(_) => None,
        }
    }

    /// Why there is no number.
    pub fn absence(self) -> Option<Absence> {
        match self {
            Self::Absent(absence) => Some(absence),
            other if other.value().is_some() => None,
            _ => Some(Absence::NoData),
        }
    }

    /// How many of the `serving` instances the number is of.
    pub(super) fn reporting(self, serving: u32) -> u32 {
        match self {
            Self::Partial(_, of) => of.min(serving),
            Self::Value(_) | Self::Absent(_) => serving,
        }
    }
}

impl Default for Observed {
    fn default() -> Self {
        Self::Absent(Absence::NoData)
    }
}

impl From<Option<f64>> for Observed {
    fn from(value: Option<f64>) -> Self {
        value.map_or_else(Self::default, Self::Value)
    }
}

/// Utilizations and metrics are finite, and never negative.
pub(crate) fn is_measurement(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_finite_numbers_from_zero_on_are_values() {
        assert_eq!(Observed::from(Some(0.0)).value(), Some(0.0));
        for value in [f64::NAN, f64::INFINITY, -1.0] {
            let observed = Observed::Value(value);
            assert_eq!(
                (observed.value(), observed.absence()),
                (None, Some(Absence::NoData))
            );
        }
        assert_eq!(Observed::from(None), Observed::default());
        assert_eq!(Observed::Partial(2.0, 1).value(), Some(2.0));
        assert_eq!(Observed::Partial(2.0, 0).absence(), Some(Absence::NoData));
        assert_eq!(
            Observed::Absent(Absence::Invalid).absence(),
            Some(Absence::Invalid)
        );
    }
}
