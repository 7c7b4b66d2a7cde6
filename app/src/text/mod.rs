//! Numbers and times in words, the same on the server and in the browser.

mod time;
mod units;

pub use time::{age, clock_time, date_time, duration, rfc3339};
pub use units::{NBSP, count, decimal, milliseconds, percent, plural, range, rate};
