//! The rules of ARCHITECTURE.md that the compiler does not hold: who may import whom, and where the world is.

#![expect(clippy::unwrap_used, reason = "source that cannot be read breaks every rule")]

mod proofs;
mod rules;
mod source;

use std::path::{Path, PathBuf};
use std::{fs, io};

use rules::{Breach, File};
use source::Source;

/// All files of `src/`, in order.
fn files() -> io::Result<Vec<File>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    walk(&root.join("src"), &mut found)?;
    found.sort();
    let read = |path: &PathBuf| {
        let below = path.strip_prefix(root).unwrap_or(path);
        Ok(File::new(&below.to_string_lossy(), fs::read_to_string(path)?))
    };
    found.iter().map(read).collect()
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

/// The files that are not test code as a whole: no `#[cfg(test)] mod` names them or a folder that they lie in.
fn without_tests(files: &[File]) -> Vec<File> {
    let declared = |file: &File| {
        let source = Source::read(&file.text, &file.module);
        let modules = source.map(|source| source.test_modules).unwrap_or_default();
        modules.into_iter().map(|name| [file.module.clone(), vec![name]].concat()).collect::<Vec<_>>()
    };
    let tests: Vec<Vec<String>> = files.iter().flat_map(declared).collect();
    let is_test = |file: &File| tests.iter().any(|module| file.module.starts_with(module));
    files.iter().filter(|file| !is_test(file)).cloned().collect()
}

fn assert_none(breaches: &[Breach]) {
    let lines: Vec<String> = breaches.iter().map(Breach::to_string).collect();
    assert!(lines.is_empty(), "\n{}", lines.join("\n"));
}

/// Holds `rule` against every file.
fn hold<B: IntoIterator<Item = Breach>>(files: &[File], rule: impl Fn(&File) -> B) {
    assert!(files.len() > 50, "only {} files were found", files.len());
    assert_none(&files.iter().flat_map(rule).collect::<Vec<_>>());
}

#[test]
fn a_room_imports_only_rooms_above_it() {
    let files = files().unwrap();
    let lib = files.iter().find(|file| file.path == rules::FRONT).unwrap();
    let rooms = rules::rooms(&lib.text);
    assert!(rooms.len() > 10, "{rooms:?}");
    hold(&without_tests(&files), |file| rules::imports_point_down(file, &rooms).unwrap());
}

#[test]
fn the_front_of_the_library_holds_no_code() {
    hold(&files().unwrap(), |file| rules::the_front_only_declares(file).unwrap());
}

#[test]
fn a_writer_knows_the_document_and_neither_metrics_nor_findings() {
    let files = without_tests(&files().unwrap());
    hold(&files, |file| rules::writers_know_only_the_document(file).unwrap());
}

#[test]
fn a_vendor_is_named_only_by_its_extension_and_by_what_puts_it_in() {
    hold(&files().unwrap(), rules::a_vendor_is_an_extension);
}

#[test]
fn the_dialler_knows_neither_who_lets_it_in_nor_who_asks_over_it() {
    hold(&without_tests(&files().unwrap()), |file| {
        rules::the_dialler_imports_none_of_its_users(file).unwrap()
    });
}

#[test]
fn outside_io_and_simulator_there_is_no_clock_socket_file_or_terminal() {
    hold(&without_tests(&files().unwrap()), |file| rules::the_world_stays_outside(file).unwrap());
}

#[test]
fn the_simulator_knows_nothing_of_our_client_and_its_core_nothing_of_sockets() {
    hold(&without_tests(&files().unwrap()), |file| rules::parts_stay_apart(file).unwrap());
}

#[test]
fn only_wire_names_the_mqtt_crate_and_only_one_file_has_unsafe_code() {
    hold(&files().unwrap(), |file| rules::words_stay_in_their_place(file).unwrap());
}

#[test]
fn every_file_begins_with_what_it_is_for() {
    hold(&files().unwrap(), rules::begins_with_its_purpose);
}

#[test]
fn no_file_is_too_long() {
    hold(&without_tests(&files().unwrap()), |file| rules::is_short(file).unwrap());
}
