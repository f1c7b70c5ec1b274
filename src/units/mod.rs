//! One way to write spans, numbers and times for people, wherever a sentence or a table is made.
//!
//! Every form fits into ASCII but for the micro sign, and none needs escaping in a terminal.

mod number;
mod span;
mod time;

pub use number::{confidence, count, number, percent, share, whole};
pub use span::{SpanUnit, exact_span, signed_span, span};
pub use time::{Zone, date, date_time, offset, time_of_day, utc_date_time};

/// Stands where a value is not known.
pub const MISSING: &str = "-";
