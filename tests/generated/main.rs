//! Completions and man pages are generated from the command line's own definition, and checked in.
//!
//! `NWDIAG_BLESS=1 cargo test --test generated` writes them anew.

mod man;

use std::path::{Path, PathBuf};
use std::{fs, io};

use clap_complete::{Shell, generate};
use nwdiag::diagnosis::Cause;
use nwdiag::report::cause::first_sentence;

/// A checked-in file, below the root of the tree, and what belongs into it.
struct Generated {
    path: PathBuf,
    bytes: Vec<u8>,
}

fn completion((shell, name): (Shell, &str)) -> Generated {
    let mut bytes = Vec::new();
    generate(shell, &mut nwdiag::cli::command(), "nwdiag", &mut bytes);
    Generated { path: Path::new("completions").join(name), bytes }
}

fn completions() -> Vec<Generated> {
    let files = [(Shell::Bash, "nwdiag.bash"), (Shell::Zsh, "_nwdiag"), (Shell::Fish, "nwdiag.fish")];
    files.into_iter().map(completion).collect()
}

fn in_tree(path: &Path) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn bless(files: &[Generated]) -> io::Result<()> {
    files.iter().try_for_each(|Generated { path, bytes }| fs::write(in_tree(path), bytes))
}

fn check(files: &[Generated]) -> io::Result<()> {
    if std::env::var_os("NWDIAG_BLESS").is_some() {
        return bless(files);
    }
    for Generated { path, bytes } in files {
        let fresh = fs::read(in_tree(path)).is_ok_and(|written| written == *bytes);
        let path = path.display();
        assert!(fresh, "{path} is stale: NWDIAG_BLESS=1 cargo test --test generated writes it anew");
    }
    Ok(())
}

#[test]
fn completions_are_fresh() {
    check(&completions()).unwrap();
}

#[test]
fn man_pages_are_fresh() {
    check(&man::pages().unwrap()).unwrap();
}

/// What stands around the table of causes in the README.
const TABLE: (&str, &str) = ("<!-- causes: begin -->\n", "<!-- causes: end -->");

/// The README with the table of causes as the catalogue has it.
fn readme() -> io::Result<Generated> {
    let path = Path::new("README.md");
    let text = fs::read_to_string(in_tree(path))?;
    let rows = Cause::ALL
        .iter()
        .map(|cause| format!("| `{cause}` | {} | {} |\n", cause.category().as_str(), first_sentence(*cause)));
    let table: String = ["| cause | where | in one line |\n| --- | --- | --- |\n".to_owned()]
        .into_iter()
        .chain(rows)
        .collect();
    let no_table = || io::Error::other("the README has no place for the table of causes");
    let begin = text.find(TABLE.0).ok_or_else(no_table)? + TABLE.0.len();
    let end = text.find(TABLE.1).ok_or_else(no_table)?;
    let bytes = [&text[..begin], &table, &text[end..]].concat().into_bytes();
    Ok(Generated { path: path.to_owned(), bytes })
}

#[test]
fn the_table_of_causes_is_fresh() {
    check(&[readme().unwrap()]).unwrap();
}

#[test]
fn nothing_else_lies_beside_the_generated_files() {
    for (folder, files) in [("completions", completions()), ("man", man::pages().unwrap())] {
        let written = fs::read_dir(in_tree(Path::new(folder))).unwrap().count();
        assert_eq!(written, files.len(), "{folder}/ holds a file that nothing generates");
    }
}

#[test]
fn man_pages_name_every_variable() {
    let mut root = nwdiag::cli::command();
    root.build();
    for (subcommand, page) in root.get_subcommands().zip(&man::pages().unwrap()[1..]) {
        let page = String::from_utf8(page.bytes.clone()).unwrap();
        for variable in subcommand.get_arguments().filter_map(nwdiag::cli::environment::variable) {
            assert!(page.contains(&variable), "{variable} in {}", subcommand.get_name());
        }
    }
}
