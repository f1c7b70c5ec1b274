//! The built program against a real mosquitto. Where that is not installed, each test says that it is left out;
//! `NWDIAG_REQUIRE_MOSQUITTO=1` makes it fail instead.

mod absence;
mod certificates;
mod connecting;
mod dropping;
mod ports;
mod refusing;
mod server;

use serde_json::Value;

use crate::program::{Home, Running};

/// A `watch` whose records are read one by one.
struct Watch {
    running: Running,
}

impl Watch {
    fn start(home: &Home, url: &str, options: &[&str]) -> Self {
        let arguments = [&["watch", url, "--format", "json"], options].concat();
        Self { running: home.start(&arguments) }
    }

    /// Waits for the next record of this kind.
    fn tells(&mut self, event: &str) -> Value {
        let line = self.running.says(&format!("\"event\":\"{event}\""));
        serde_json::from_str(&line).unwrap()
    }
}

/// Options that make a test quick, and keep the way back short.
const QUICK: [&str; 8] =
    ["--ping-interval", "1s", "--ping-timeout", "1s", "--reconnect-min", "200ms", "--reconnect-max", "400ms"];
