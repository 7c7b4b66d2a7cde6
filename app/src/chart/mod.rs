//! Charts drawn on the server as SVG, and read with the pointer or the keyboard in the browser.
//!
//! The arithmetic is pure and prints fixed decimals, so that both sides draw the same strings.

mod axis;
mod figure;
mod model;
mod path;
mod table;

pub use figure::ChartFigure;
pub use model::{Chart, Look, Mark, MarkKind, Point, Series, Unit, segments, steps_only};
