//! Charts drawn on the server as SVG, and read with the pointer or the keyboard in the browser.
//!
//! The arithmetic is pure and prints fixed decimals, so that both sides draw the same strings.

mod axis;
mod figure;
mod model;
mod path;
mod table;

pub use axis::{Tick, round_ticks};
pub use figure::{ChartFigure, grid_line, labels_below, labels_beside};
pub use model::{Chart, Look, Mark, MarkKind, Point, Series, Unit, segments, steps_only};
