//! The built program against a real mosquitto. Where that is not installed, each test says that it is left out;
//! `NWDIAG_REQUIRE_MOSQUITTO=1` makes it fail instead.

pub(crate) mod certificates;
mod connecting;
mod dropping;
mod ports;
mod refusing;
pub(crate) mod server;
mod table;

use crate::watch::{QUICK, Watch};
