//! What a policy would have done: the engine run over the group's recorded load, on the server for
//! a page without a script, and in the browser while somebody moves a field.

#[cfg(feature = "ssr")]
mod api;
mod bench;
mod curves;
#[cfg(feature = "hydrate")]
mod fetch;
mod figures;
mod load;
mod outcome;
mod panel;
mod span;
#[cfg(feature = "ssr")]
mod visit;

#[cfg(feature = "ssr")]
pub use api::Recording;
pub use bench::Bench;
pub use load::Load;
pub use outcome::{Figure, Outcome, Row, Tone};
pub(crate) use panel::{Backtest, SpanButtons, Workbench};
pub use span::Span;
#[cfg(feature = "ssr")]
pub(crate) use visit::visit;

use serde::{Deserialize, Serialize};

/// A panel that was open when the page was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    /// The span of load that is tried.
    pub span: Span,
    /// What came out, or why nothing did.
    pub outcome: Result<Outcome, String>,
}
