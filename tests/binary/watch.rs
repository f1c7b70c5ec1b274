//! A `watch` whose records are read one by one.

use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::program::{Home, Running, records};

/// Options that make a test quick, and keep the way back short.
pub(crate) const QUICK: [&str; 8] =
    ["--ping-interval", "1s", "--ping-timeout", "1s", "--reconnect-min", "200ms", "--reconnect-max", "400ms"];

/// The program at work. It does not outlive this.
pub(crate) struct Watch {
    pub(crate) running: Running,
}

impl Watch {
    pub(crate) fn start(home: &Home, url: &str, options: &[&str]) -> Self {
        Self::of(home.command(&Self::arguments(url, options)))
    }

    /// A watch that a command of the test's own starts, with [`Self::arguments`].
    pub(crate) fn of(command: Command) -> Self {
        Self { running: Running::start(command) }
    }

    pub(crate) fn arguments<'a>(url: &'a str, options: &[&'a str]) -> Vec<&'a str> {
        [&["watch", url, "--format", "json"], options].concat()
    }

    /// Waits for the next record of this kind.
    pub(crate) fn tells(&mut self, event: &str) -> Value {
        let line = self.running.says(&format!("\"event\":\"{event}\""));
        serde_json::from_str(&line).unwrap()
    }

    /// Waits for the next record of each of these kinds, in whatever order they come.
    pub(crate) fn tells_both(&mut self, events: [&str; 2]) -> [Value; 2] {
        let mut found = events.map(|_| Value::Null);
        while found.iter().any(Value::is_null) {
            let record: Value = serde_json::from_str(&self.running.says("\"event\":")).unwrap();
            let wanted = events.iter().position(|event| record["event"] == *event);
            if let Some(slot) = wanted.map(|at| &mut found[at]).filter(|slot| slot.is_null()) {
                *slot = record;
            }
        }
        found
    }

    /// Ends the watch, which must go well: every record of it.
    pub(crate) fn end(self) -> Vec<Value> {
        self.running.signal(Signal::SIGTERM);
        self.ended()
    }

    /// Ends the watch by SIGTERM: what it warned of.
    pub(crate) fn end_warned(self) -> String {
        self.running.signal(Signal::SIGTERM);
        let done = self.running.ended();
        assert_eq!(done.code, Some(0), "{}", done.err);
        done.err
    }

    /// Waits until the watch has ended by itself: every record of it.
    pub(crate) fn ended(self) -> Vec<Value> {
        records(&self.running.ended().page())
    }
}

/// Wall-clock seconds, as records tell them.
#[expect(clippy::disallowed_methods, reason = "a test of the built program lives in real time")]
pub(crate) fn unix_seconds() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64()
}
