//! What a policy would have done: the engine run over the group's recorded load, on the server for
//! a page without a script, and in the browser while somebody moves a field.

#[cfg(feature = "ssr")]
mod api;
mod bench;
#[cfg(feature = "ssr")]
mod case;
mod curves;
#[cfg(feature = "hydrate")]
mod fetch;
mod figures;
mod frontier;
mod load;
mod outcome;
mod panel;
mod point;
mod scatter;
mod span;
#[cfg(feature = "hydrate")]
mod sweep;
#[cfg(feature = "ssr")]
mod visit;
mod workbench;

#[cfg(feature = "ssr")]
pub use api::Recording;
pub use bench::Bench;
#[cfg(feature = "ssr")]
pub(crate) use case::download;
pub use load::Load;
pub use outcome::{Figure, Outcome, Rough, Row, Tone};
pub(crate) use panel::{Backtest, SpanButtons};
pub use span::Span;
#[cfg(feature = "ssr")]
pub(crate) use visit::visit;
pub(crate) use workbench::Workbench;

use autoscaler::backtest::Point;
use serde::{Deserialize, Serialize};

/// A panel that was open when the page was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    /// The span of load that is tried.
    pub span: Span,
    /// What came out, or why nothing did.
    pub outcome: Result<Outcome, String>,
    /// The policies of the sweep, by rising cost.
    pub points: Vec<Point>,
}
