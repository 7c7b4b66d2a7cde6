//! What a policy would have done: the engine run over recorded load.
//!
//! Pure like the rest: no clock, no I/O, no threads, and sums in a fixed order, so that a server and
//! a browser get the same numbers.

mod case;
mod compare;
mod csv;
mod fidelity;
mod frontier;
mod group;
mod model;
mod ongoing;
mod prices;
mod replay;
mod report;
mod shapes;
mod signals;
mod time;
mod trace;

pub use case::{Case, Cases, Expectation, Load, Unmet};
pub use compare::{Comparison, compare};
pub use csv::{CsvFault, MAX_STEPS, read_csv, write_csv};
pub use fidelity::{Fidelity, MIN_FIDELITY};
pub use frontier::{Frontier, Point, Sweep};
pub use model::{DEFAULT_BOOT_S, Model};
pub use ongoing::{OngoingHold, ongoing_hold};
pub use prices::{
    ADDRESS_PER_HOUR, DISK_GIB_PER_MONTH, HOURS_PER_MONTH, IDLE_ADDRESS_PER_HOUR, PRICES_AS_OF,
    PRICES_REGION, burst, price_per_hour, priced_machine_types, rules_per_hour,
};
pub use report::{Report, Totals, backtest, totals};
pub use shapes::{Generator, REQUESTS_PER_INSTANCE, Shape};
pub use trace::{MINUTE_S, Trace};
