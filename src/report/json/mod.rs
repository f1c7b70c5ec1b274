//! The export: one JSON object whose first keys are those of the reference collector, and whose keys never vanish.
//!
//! `contract/export.md` is the letter; [`shape`] follows it key by key. This file turns the shape into bytes.

mod device;
mod distribution;
mod entry;
mod shape;

use std::io;

use self::shape::Export;
use super::Report;
use super::text::is_unsafe;

/// How the object is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Indented, for a person.
    Pretty,
    /// On one line, for a program.
    Compact,
}

/// Writes the export of `report`, ended by a newline.
pub fn write(out: &mut dyn io::Write, report: &Report, layout: Layout) -> io::Result<()> {
    let export = Export::of(report);
    let json = match layout {
        Layout::Pretty => serde_json::to_string_pretty(&export)?,
        Layout::Compact => serde_json::to_string(&export)?,
    };
    writeln!(out, "{}", harmless(json))
}

/// The same JSON with every character escaped that could steer a terminal: JSON itself escapes C0 only, and the rest
/// can stand nowhere but inside its strings.
fn harmless(json: String) -> String {
    let steers = |c: char| c != '\n' && is_unsafe(c);
    if !json.chars().any(steers) {
        return json;
    }
    let mut escaped = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if steers(c) { escaped.push_str(&escape(c)) } else { escaped.push(c) }
    }
    escaped
}

/// JSON escapes are UTF-16 code units: one, or a pair of surrogates.
fn escape(c: char) -> String {
    match c.encode_utf16(&mut [0; 2]) {
        [unit] => format!("\\u{unit:04x}"),
        units => units.iter().fold(String::new(), |text, unit| format!("{text}\\u{unit:04x}")),
    }
}

#[cfg(test)]
mod tests;
