//! Every refusal has a row in `refusals.txt`.

use super::*;

/// A word of the table as what it stands for.
fn word(text: &str) -> String {
    let plain = text.replace("''", "").replace("\\t", "\t").replace('_', " ");
    match (plain.split_once('{'), plain.split_once('}')) {
        (Some((before, _)), Some((start, after))) => {
            let letters = start[before.len() + 1..].parse().unwrap();
            format!("{before}{}{after}", "x".repeat(letters))
        }
        _ => plain,
    }
}

/// The variables and the arguments of a row; names of variables keep their `_`.
fn parts(row: &str) -> (Vec<(String, String)>, Vec<String>) {
    let assignment = |text: &str| {
        let (name, value) = text.split_once('=')?;
        name.chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
            .then(|| (name.to_owned(), word(value)))
    };
    let variables: Vec<_> = row.split(' ').map_while(assignment).collect();
    let arguments = row.split(' ').skip(variables.len()).map(word);
    (variables, std::iter::once("nwdiag".to_owned()).chain(arguments).collect())
}

#[test]
fn what_makes_no_sense_is_refused_with_place_and_advice() {
    let rows = include_str!("refusals.txt").lines().filter(|row| !row.is_empty() && !row.starts_with('#'));
    for row in rows {
        let (row, message) = row.split_once(" => ").unwrap();
        let (variables, arguments) = parts(row);
        let error = config(arguments, &environment(&variables)).unwrap_err().to_string();
        assert!(error.contains(message), "{row}: {error}");
    }
}

#[cfg(unix)]
#[test]
fn variables_that_are_no_text_are_refused_by_name() {
    use std::os::unix::ffi::OsStringExt;
    for (name, line) in [("NWDIAG_PASSWORD", "nwdiag watch demo"), ("NWDIAG_TARGET", "nwdiag export")] {
        let broken = std::ffi::OsString::from_vec(vec![0xff]);
        let environment = Environment::new([("HOME".into(), "/home/me".into()), (name.into(), broken)]);
        let arguments = line.split(' ').map(str::to_owned).collect();
        let error = config(arguments, &environment).unwrap_err().to_string();
        assert_eq!(error, format!("{name}: it is not UTF-8"));
    }
}
