//! Proof that each rule can fail: small texts that break it, beside ones that do not.

use crate::rules::{self, Breach, File};
use crate::source::Source;

const LIB: &str = "//! Map.\n\npub mod event;\n\npub mod wire;\n\nmod session;\npub mod io;\npub mod cli;\npub mod commands;\n";

fn said(breaches: &[Breach]) -> Vec<String> {
    breaches.iter().map(Breach::to_string).collect()
}

fn imports(path: &str, text: &str) -> Vec<String> {
    said(&rules::imports_point_down(&File::new(path, text), &rules::rooms(LIB)).unwrap())
}

fn world(path: &str, text: &str) -> Vec<String> {
    said(&rules::the_world_stays_outside(&File::new(path, text)).unwrap())
}

#[test]
fn the_order_of_the_rooms_is_that_of_lib() {
    assert_eq!(rules::rooms(LIB), ["event", "wire", "session", "io", "cli", "commands"]);
}

#[test]
fn an_import_that_points_up_is_found_however_it_is_written() {
    let rows = [
        "use crate::io::clock;",
        "use crate::{event::Event, io};",
        "use crate::{event::{Event, Observation}, io::{self, clock}};",
        "use super::io as world;",
        "use crate::wire; fn f() { crate::io::clock::wall(); }",
        "mod inner { use super::super::io; }",
        "mod inner { fn f() -> super::super::io::Clock { panic!() } }",
        "fn f() { assert!(crate::io::clock::wall().is_some()); }",
        "use nwdiag::io::clock;",
        "#[cfg(not(test))] use crate::io;",
    ];
    for row in rows {
        let said = imports("src/wire.rs", &format!("//! A room.\n{row}\n"));
        let expected = "src/wire.rs:2: wire imports io, which stands below it in src/lib.rs";
        assert!(!said.is_empty() && said.iter().all(|line| line == expected), "{row}: {said:?}");
    }
}

#[test]
fn an_import_that_points_down_or_is_test_code_or_is_no_code_is_not_found() {
    let rows = [
        (
            "src/session/run.rs",
            "use crate::wire; use super::backoff; use crate::session::late; use crate::event::{A, b::C};",
        ),
        ("src/wire/mod.rs", "#[cfg(test)] mod tests { use crate::io; }"),
        ("src/wire/mod.rs", "#[cfg(test)] use crate::io::{clock};"),
        ("src/wire/mod.rs", "#![cfg(test)] use crate::io;"),
        ("src/wire/mod.rs", "/// See [`crate::io`].\nfn f() -> &'static str { \"crate::io\" } // crate::io"),
        ("src/wire/mod.rs", "use std::io; fn f() { io::sink(); }"),
        ("src/lib.rs", "pub use crate::io::clock;"),
    ];
    for (path, text) in rows {
        assert_eq!(imports(path, text), [""; 0], "{path}: {text}");
    }
}

#[test]
fn code_behind_test_code_is_seen_again() {
    let text = "#[cfg(test)] mod tests { use crate::io; }\n#[cfg(test)] mod sample;\nuse crate::io;\n";
    assert_eq!(
        imports("src/wire.rs", text),
        ["src/wire.rs:3: wire imports io, which stands below it in src/lib.rs"]
    );
    assert_eq!(Source::read(text, &[]).unwrap().test_modules, ["sample"]);
}

#[test]
fn cli_imports_no_room_and_a_file_outside_all_rooms_is_found() {
    assert_eq!(
        imports("src/cli/mod.rs", "use crate::event::Qos;"),
        ["src/cli/mod.rs:1: cli imports event, and may import no room"]
    );
    assert_eq!(imports("src/utils.rs", ""), ["src/utils.rs:1: utils is no room of src/lib.rs"]);
    assert_eq!(
        imports("src/wire.rs", "use crate::*;"),
        ["src/wire.rs:1: crate::* names no room of src/lib.rs"]
    );
}

#[test]
fn code_in_the_front_of_the_library_is_found_and_declarations_are_not() {
    let check = |text: &str| said(&rules::the_front_only_declares(&File::new("src/lib.rs", text)).unwrap());
    let plain = "//! What.\n#![warn(x)]\n\n/// A room.\n#[doc(hidden)]\npub mod event;\nmod wire;\n\
        pub use event::{Event, Observation as Line};\n#[cfg(test)]\nmod tests;\n";
    assert_eq!(check(plain), [""; 0]);
    for code in
        ["pub fn f() {}", "mod inner { }", "pub const LIMIT: usize = 1;", "macro!();", "impl event::Event {}"]
    {
        let found = check(&format!("{plain}{code}\n"));
        let rule = "the front of the library declares modules and exports names, and does nothing";
        assert_eq!(found, [format!("src/lib.rs:11: {rule}")], "{code}");
    }
    let elsewhere = File::new("src/wire.rs", "pub fn f() {}");
    assert_eq!(rules::the_front_only_declares(&elsewhere).unwrap(), []);
}

#[test]
fn a_writer_that_looks_at_metrics_is_found() {
    let check = |path, text| said(&rules::writers_know_only_the_document(&File::new(path, text)).unwrap());
    let metrics = "use crate::collector::metrics::Metrics;";
    let expected = "crate::collector::metrics::Metrics is nothing that a writer of documents knows";
    for path in ["src/report/table/mod.rs", "src/report/markdown/escape.rs", "src/report/timebar.rs"] {
        assert_eq!(check(path, metrics), [format!("{path}:1: {expected}")]);
        assert_eq!(check(path, "use crate::report::document::Text; use crate::units::span;"), [""; 0]);
    }
    assert_eq!(check("src/report/table/mod.rs", "use super::super::Report;").len(), 1);
    assert_eq!(check("src/report/summary/mod.rs", metrics), [""; 0]);
}

#[test]
fn a_vendor_is_found_outside_its_places_even_in_a_comment() {
    let check =
        |path: &str| said(&rules::a_vendor_is_an_extension(&File::new(path, "\n// As NaviEn does.\n")));
    let rule = "only an extension, what lets an attempt in and the composition name a vendor";
    for path in ["src/io/dial/mod.rs", "src/session/run/mod.rs", "src/navien.rs", "src/io/authorize.rs"] {
        assert_eq!(check(path), [format!("{path}:2: {rule}")]);
    }
    for path in ["src/navien/status.rs", "src/io/authorize/navien.rs", "src/lib.rs", "src/config/navien.rs"] {
        assert_eq!(check(path), [""; 0]);
    }
}

#[test]
fn a_dialler_that_names_its_users_is_found_and_the_other_way_is_not() {
    let check =
        |path, text| said(&rules::the_dialler_imports_none_of_its_users(&File::new(path, text)).unwrap());
    let expected = "crate::io::https::Post uses the dialler, which may not know it";
    assert_eq!(
        check("src/io/dial/tls.rs", "use crate::io::https::Post;"),
        [format!("src/io/dial/tls.rs:1: {expected}")]
    );
    assert_eq!(check("src/io/dial/mod.rs", "use super::authorize::aws::Signer;").len(), 1);
    assert_eq!(check("src/io/dial/mod.rs", "use authorize::Authorize; use crate::io::clock;"), [""; 0]);
    assert_eq!(check("src/io/https.rs", "use super::dial::Dialer;"), [""; 0]);
}

#[test]
fn the_world_is_found_however_it_is_named() {
    let rows = [
        ("use std::net::TcpStream;", "std::net::TcpStream is a socket"),
        ("use std::{fmt, fs};", "std::fs is a file"),
        ("use std::io; fn f() { io::stdin().lock(); }", "std::io::stdin is standard input"),
        ("use std::io::{self, Write, stderr};", "std::io::stderr is standard error"),
        ("use std::io as out; fn f() { out::stdout(); }", "std::io::stdout is standard output"),
        ("fn f() { std::env::var(\"A\"); }", "std::env::var is the environment"),
        ("fn f() { std::process::exit(1) }", "std::process::exit is a process"),
        ("use std::thread;", "std::thread is a thread"),
        ("use std::time::{Duration, Instant};", "std::time::Instant is a clock"),
        ("use chrono::Utc; fn f() { Utc::now(); }", "chrono::Utc::now is a clock"),
        ("use chrono::{Local, Utc};", "chrono::Local is a clock"),
        ("async fn f() { tokio::time::sleep(x).await }", "tokio::time::sleep is the event loop"),
        ("use indicatif::ProgressBar;", "indicatif::ProgressBar is a terminal"),
        ("fn f(path: &Path) -> bool { path.is_file() }", ".is_file is a file"),
        ("fn f() { fastrand::u32(..); }", "fastrand::u32 is chance"),
    ];
    for (text, said) in rows {
        let expected = format!("src/session/run.rs:1: {said}, which belongs to src/io/ or src/simulator/");
        assert_eq!(world("src/session/run.rs", text), [expected], "{text}");
        assert_eq!(world("src/io/run.rs", text), [""; 0], "{text}");
        assert_eq!(world("src/main.rs", text), [""; 0], "{text}");
        assert_eq!(world("src/lib.rs", text).len(), 1, "{text}");
    }
}

#[test]
fn the_parts_of_the_simulator_that_have_no_io_are_held_to_it() {
    let text = "use tokio::net::TcpStream;";
    for path in ["src/simulator/core/broker.rs", "src/simulator/script/mod.rs", "src/simulator/demo.rs"] {
        let expected = format!(
            "{path}:1: tokio::net::TcpStream is the event loop, which belongs to src/io/ or src/simulator/"
        );
        assert_eq!(world(path, text), [expected]);
    }
    assert_eq!(world("src/simulator/net/socket.rs", text), [""; 0]);
}

#[test]
fn parts_that_must_not_know_one_another_are_found() {
    let apart = |path, text| said(&rules::parts_stay_apart(&File::new(path, text)).unwrap());
    let rows = [
        ("src/simulator/net/socket.rs", "use crate::wire::frame;", 1),
        ("src/simulator/demo.rs", "use crate::session::run::Run;", 1),
        ("src/simulator/core/mod.rs", "use crate::io::clock::Clock;", 1),
        ("src/simulator/net/mod.rs", "use crate::io::clock::Clock;", 0),
        ("src/simulator/core/mod.rs", "use crate::event::Moment; use std::io;", 0),
        ("src/session/run.rs", "use crate::wire;", 0),
    ];
    for (path, text, found) in rows {
        assert_eq!(apart(path, text).len(), found, "{path}: {text}");
    }
}

#[test]
fn what_only_looks_like_the_world_is_not_found() {
    let rows = [
        (
            "src/session/run.rs",
            "use std::time::Duration; use std::io::{self, BufRead}; fn f() -> io::Error { x }",
        ),
        (
            "src/session/run.rs",
            "//! std::fs\n/* tokio::net */ fn f() { g(\"std::env::var\", around.exists) }",
        ),
        ("src/session/run.rs", "fn f() { let rng = fastrand::Rng::with_seed(1); chrono::Utc; }"),
        (
            "src/session/run.rs",
            "#[cfg(test)]\nmod tests {\n use std::fs;\n #[tokio::test] async fn f() {}\n}",
        ),
        (
            "src/commands/mod.rs",
            "use std::process::ExitCode; use tokio::sync::mpsc; fn f() { std::process::id(); }",
        ),
    ];
    for (path, text) in rows {
        assert_eq!(world(path, text), [""; 0], "{text}");
    }
}

#[test]
fn commands_may_not_do_more_of_it_than_said() {
    let text = "use tokio::{net, sync::mpsc};\nuse std::process::{Command, ExitCode};\n";
    let said = world("src/commands/mod.rs", text);
    assert!(
        said.len() == 2 && said[0].contains("tokio::net") && said[1].contains("process::Command"),
        "{said:?}"
    );
}

#[test]
fn a_banned_word_is_found_in_tests_too_and_not_in_comments_or_texts() {
    let check =
        |path: &str, text: &str| said(&rules::words_stay_in_their_place(&File::new(path, text)).unwrap());
    let text = "// unsafe\nfn f() { \"rumqttc\"; }\n#[cfg(test)]\nmod tests { use rumqttc::Codec; }\n";
    assert_eq!(check("src/session/run.rs", text), ["src/session/run.rs:4: only src/wire names rumqttc"]);
    assert_eq!(check("src/wire/v311.rs", text), [""; 0]);
    let text = "\nfn f() { unsafe { g() } }";
    assert_eq!(
        check("src/wire/v311.rs", text),
        ["src/wire/v311.rs:2: only src/io/kernel.rs has unsafe code"]
    );
    assert_eq!(check("src/io/kernel.rs", text), [""; 0]);
}

#[test]
fn a_file_without_a_purpose_is_found() {
    let check = |text: &str| rules::begins_with_its_purpose(&File::new("src/a.rs", text)).is_some();
    let found: Vec<bool> =
        ["//! What.\n", "", "use a;\n//! Late.\n", "//!\n", "//!  \n", "// No.\n", "\n//! What.\n"]
            .map(check)
            .to_vec();
    assert_eq!(found, [false, true, true, true, true, true, true]);
}

#[test]
fn a_long_file_is_found_and_its_tests_do_not_count() {
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "fn t() {}\n".repeat(500));
    let file = |lines: usize| File::new("src/a.rs", format!("{}{tests}", "fn f() {}\n".repeat(lines)));
    assert_eq!(rules::is_short(&file(rules::LONGEST_FILE)).unwrap(), []);
    let said = said(&rules::is_short(&file(rules::LONGEST_FILE + 1)).unwrap());
    assert_eq!(said, ["src/a.rs:401: 401 lines without tests, and 400 are the most"]);
}
