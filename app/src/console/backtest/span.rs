use serde::{Deserialize, Serialize};

/// How much recorded load a policy is tried on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Span {
    /// A day.
    Day1,
    /// A week, with its weekend.
    Days7,
    /// Four weeks.
    Days28,
}

impl Span {
    /// Every span, the shortest first.
    pub const ALL: [Self; 3] = [Self::Day1, Self::Days7, Self::Days28];

    /// Its name in URLs.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Day1 => "1d",
            Self::Days7 => "7d",
            Self::Days28 => "28d",
        }
    }

    /// Its name on the page.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Day1 => "Last 24 hours",
            Self::Days7 => "Last 7 days",
            Self::Days28 => "Last 28 days",
        }
    }

    /// How many days it has.
    pub const fn days(self) -> u32 {
        match self {
            Self::Day1 => 1,
            Self::Days7 => 7,
            Self::Days28 => 28,
        }
    }

    /// The span of a URL's `backtest=`.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|span| span.slug() == slug)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_span_survives_its_url() {
        for span in Span::ALL {
            assert_eq!(Span::from_slug(span.slug()), Some(span));
        }
        assert_eq!(Span::from_slug("90d"), None);
    }
}
