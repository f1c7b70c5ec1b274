//! The same journal gives the same numbers: live and replayed, whole and cut short, today and tomorrow.

#![expect(clippy::unwrap_used, reason = "a test whose surroundings fail has to stop there")]

mod dumps;
mod field;
mod fixture;
mod impossible;
mod live;
mod mixed;
mod parts;
mod prefixes;
#[path = "../binary/program.rs"]
#[expect(dead_code, reason = "the tests of the binary use all of it")]
mod program;
mod recorded;

use std::path::{Path, PathBuf};

use nwdiag::collector::clock::Window;
use nwdiag::collector::{Collector, RECENT};

use program::Home;

/// A journal that was really recorded, and what is made of it.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/journals").join(name)
}

fn collector() -> Collector {
    Collector::new(Window::default(), RECENT)
}

/// What the program prints where all goes well.
fn page(arguments: &[&str]) -> String {
    Home::new().run(arguments).page()
}

/// A pretty export with the two keys left blank that tell when it was made, and no other.
fn lasting(export: &str) -> String {
    let mut blanked = Vec::new();
    let blank = |line: &str| {
        let key = ["  \"timestamp\": ", "  \"unix_seconds\": "].into_iter().find(|key| line.starts_with(key));
        blanked.extend(key);
        key.map_or_else(|| format!("{line}\n"), |key| format!("{key}…\n"))
    };
    let text = export.lines().map(blank).collect();
    assert_eq!(blanked.len(), 2, "{export}");
    text
}
