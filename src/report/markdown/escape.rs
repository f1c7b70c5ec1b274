//! Text from outside in Markdown: shown as it is, and neither markup nor a mention, reference, link or emoji.
//!
//! Control characters are shown as escapes first, as for a terminal: a text stays on its line.

use crate::report::text::clean;

/// GitHub turns `@name`, `#12`, `GH-12`, addresses and `:name:` into links and pictures in what Markdown was rendered to,
/// where a backslash has left no trace. A zero-width space within them stays.
const ZERO_WIDTH_SPACE: &str = "&#8203;";

/// Text from outside as plain words.
pub(super) fn escape_foreign(text: &str) -> String {
    let text = clean(text);
    let mut escaped = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        push_escaped(&mut escaped, c);
        if begins_reference(&text[..at], c, &text[at + c.len_utf8()..]) {
            escaped.push_str(ZERO_WIDTH_SPACE);
        }
    }
    escaped
}

/// Our own words, which mention nobody.
pub(super) fn escape(words: &str) -> String {
    let mut escaped = String::with_capacity(words.len());
    words.chars().for_each(|c| push_escaped(&mut escaped, c));
    escaped
}

fn push_escaped(escaped: &mut String, c: char) {
    match c {
        '<' => escaped.push_str("&lt;"),
        '>' => escaped.push_str("&gt;"),
        '&' => escaped.push_str("&amp;"),
        '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '#' => escaped.extend(['\\', c]),
        _ => escaped.push(c),
    }
}

/// An identifier in the type of code, in which GitHub looks for nothing; as plain words where it holds a character that
/// ends such code, or a table's cell around it.
pub(super) fn code(text: &str) -> String {
    let text = clean(text);
    if text.is_empty() || text.trim() != text || text.contains(['`', '|', '\\']) {
        return escape_foreign(&text);
    }
    format!("`{text}`")
}

/// A line that is no list, heading, rule or quotation, whatever it begins with.
pub(super) fn escape_start(line: String) -> String {
    let digits = line.chars().take_while(char::is_ascii_digit).count();
    let (number, rest) = line.split_at(digits);
    let is_list_or_rule =
        if number.is_empty() { rest.starts_with(['-', '+', '=']) } else { rest.starts_with(['.', ')']) };
    if is_list_or_rule { format!("{number}\\{rest}") } else { line }
}

/// Whether GitHub may take what `c` stands in for more than text.
fn begins_reference(before: &str, c: char, after: &str) -> bool {
    let ends_in = |word: &str| {
        let start = before.len().checked_sub(word.len());
        start.and_then(|start| before.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(word))
    };
    match c {
        '@' => after.starts_with(char::is_alphanumeric),
        '#' => after.starts_with(|c: char| c.is_ascii_digit()),
        '-' => ends_in("gh") && after.starts_with(|c: char| c.is_ascii_digit()),
        '.' => ends_in("www"),
        ':' => after.starts_with("//") || is_emoji(after),
        _ => false,
    }
}

/// `tada:` of `:tada:`, but not `20:` of a time of day.
fn is_emoji(after: &str) -> bool {
    let Some((name, _)) = after.split_once(':') else {
        return false;
    };
    let is_time = name.len() <= 2 && name.chars().all(|c| c.is_ascii_digit());
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-');
    !name.is_empty() && !is_time && name.chars().all(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_forms_markup_is_escaped() {
        let rows = [
            ("a*b_c`d", "a\\*b\\_c\\`d"),
            ("| cell", "\\| cell"),
            ("a\\|b", "a\\\\\\|b"),
            ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
            ("[you](x)", "\\[you\\](x)"),
            ("~~gone~~ $1$", "\\~\\~gone\\~\\~ \\$1\\$"),
            ("two\nlines\u{1b}", "two\\\\nlines\\\\u{1b}"),
        ];
        for (text, escaped) in rows {
            assert_eq!(escape_foreign(text), escaped, "{text}");
        }
    }

    #[test]
    fn what_github_makes_a_reference_of_is_parted() {
        let rows = [
            ("@name", "@&#8203;name"),
            ("me@example.com", "me@&#8203;example.com"),
            ("#1 GH-2 gh-x", "\\#&#8203;1 GH-&#8203;2 gh-x"),
            ("https://example.com", "https:&#8203;//example.com"),
            ("www.example.com", "www.&#8203;example.com"),
            ("a:100:b 18:20:04", "a:&#8203;100:b 18:20:04"),
            ("home/# a @ b", "home/\\# a @ b"),
        ];
        for (text, escaped) in rows {
            assert_eq!(escape_foreign(text), escaped, "{text}");
        }
    }

    #[test]
    fn an_identifier_is_code_unless_it_would_end_it() {
        let rows = [
            ("AWS_IO_SOCKET_CLOSED", "`AWS_IO_SOCKET_CLOSED`"),
            ("home/+/#", "`home/+/#`"),
            ("a`b", "a\\`b"),
            ("a|b", "a\\|b"),
            (" a", " a"),
            ("", ""),
        ];
        for (text, written) in rows {
            assert_eq!(code(text), written, "{text}");
        }
    }

    #[test]
    fn the_start_of_a_line_makes_no_list() {
        let rows = [
            ("- a", "\\- a"),
            ("12. a", "12\\. a"),
            ("3) a", "3\\) a"),
            ("-78 dBm", "\\-78 dBm"),
            ("12 of 13", "12 of 13"),
        ];
        for (line, escaped) in rows {
            assert_eq!(escape_start(line.to_owned()), escaped);
        }
    }
}
