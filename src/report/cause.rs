//! The pages of the catalogue of causes, for a terminal: `nwdiag help CAUSE` and `nwdiag help causes`.

use std::fmt::Write as _;

use crate::diagnosis::{Cause, page};

/// Columns of a page: it is read on any terminal, and in pipes.
const WIDTH: usize = 80;

/// The paragraphs of a cause's page, without marks.
pub fn paragraphs(cause: Cause) -> Vec<String> {
    let plain = |paragraph: &str| {
        let words: Vec<&str> = paragraph.split_whitespace().collect();
        words.join(" ").replace(['*', '`'], "")
    };
    page(cause).split("\n\n").map(plain).filter(|paragraph| !paragraph.is_empty()).collect()
}

/// What a cause is, in its first sentence.
pub fn first_sentence(cause: Cause) -> String {
    let first = paragraphs(cause).into_iter().next().unwrap_or_default();
    first.split_inclusive(". ").next().unwrap_or_default().trim_end().to_owned()
}

/// The page of a cause.
pub fn help(cause: Cause) -> String {
    let mut text = format!("{cause} ({})\n", cause.category().as_str());
    for paragraph in paragraphs(cause) {
        text.push('\n');
        text.push_str(&wrapped(&paragraph, ""));
    }
    text
}

/// All causes, a line or two each.
pub fn list() -> String {
    let mut text = "The causes that nwdiag can name; 'nwdiag help CAUSE' tells more of one.\n".to_owned();
    for cause in Cause::ALL {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{cause} ({})\n", cause.category().as_str());
        text.push_str(&wrapped(&first_sentence(*cause), "    "));
    }
    text
}

/// The text in lines of at most [`WIDTH`] columns, each behind this margin.
fn wrapped(text: &str, margin: &str) -> String {
    let mut lines = String::new();
    let mut line = margin.to_owned();
    for word in text.split(' ') {
        if line.len() + word.len() >= WIDTH && line.len() > margin.len() {
            lines.push_str(line.trim_end());
            lines.push('\n');
            margin.clone_into(&mut line);
        }
        line.push_str(word);
        line.push(' ');
    }
    lines.push_str(line.trim_end());
    lines.push('\n');
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_a_page_that_says_what_happens_how_it_shows_and_what_to_do() {
        for cause in Cause::ALL {
            let page = help(*cause);
            assert!(page.contains("How it shows") && page.contains("What to do"), "{page}");
            assert!(page.lines().all(|line| line.len() <= WIDTH), "{page}");
        }
    }

    #[test]
    fn the_list_names_each_cause_once() {
        let list = list();
        for cause in Cause::ALL {
            let lines = list.lines().filter(|line| line.starts_with(&format!("{cause} ("))).count();
            assert_eq!(lines, 1, "{cause}");
        }
    }
}
