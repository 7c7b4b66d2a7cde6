use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How far back a chart looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Window {
    /// 15 minutes.
    #[serde(rename = "15m")]
    Minutes15,
    /// An hour.
    #[default]
    #[serde(rename = "1h")]
    Hour1,
    /// Six hours.
    #[serde(rename = "6h")]
    Hours6,
    /// A day.
    #[serde(rename = "24h")]
    Day1,
    /// A week.
    #[serde(rename = "7d")]
    Days7,
}

impl Window {
    /// All of them, shortest first.
    pub const ALL: [Self; 5] = [
        Self::Minutes15,
        Self::Hour1,
        Self::Hours6,
        Self::Day1,
        Self::Days7,
    ];

    /// As it stands in a URL and on a button.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minutes15 => "15m",
            Self::Hour1 => "1h",
            Self::Hours6 => "6h",
            Self::Day1 => "24h",
            Self::Days7 => "7d",
        }
    }

    /// How long it is.
    pub fn length(self) -> Duration {
        match self {
            Self::Minutes15 => Duration::from_mins(15),
            Self::Hour1 => Duration::from_hours(1),
            Self::Hours6 => Duration::from_hours(6),
            Self::Day1 => Duration::from_hours(24),
            Self::Days7 => Duration::from_hours(7 * 24),
        }
    }

    /// The distance of two points: Google's least, 60 s, or what keeps a series short enough.
    pub fn step(self) -> Duration {
        match self {
            Self::Minutes15 | Self::Hour1 => Duration::from_mins(1),
            Self::Hours6 => Duration::from_mins(2),
            Self::Day1 => Duration::from_mins(5),
            Self::Days7 => Duration::from_mins(40),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no window.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no window: use 15m, 1h, 6h, 24h or 7d")]
pub struct UnknownWindow(String);

impl FromStr for Window {
    type Err = UnknownWindow;

    fn from_str(text: &str) -> Result<Self, UnknownWindow> {
        let window = Self::ALL.into_iter().find(|window| window.as_str() == text);
        window.ok_or_else(|| UnknownWindow(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::MAX_POINTS;

    #[test]
    fn no_window_has_more_points_than_a_chart_shows() {
        for window in Window::ALL {
            let points = window.length().as_secs() / window.step().as_secs();
            // One more for the step that has not ended.
            assert!(points < MAX_POINTS as u64, "{window}: {points}");
            assert_eq!(window.length().as_secs() % window.step().as_secs(), 0);
        }
    }

    #[test]
    fn a_window_is_read_as_it_is_written() {
        for window in Window::ALL {
            assert_eq!(window.as_str().parse(), Ok(window));
        }
        assert!("2h".parse::<Window>().is_err());
    }
}
