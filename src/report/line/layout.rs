//! Words laid out in lines that no terminal has to break: what does not fit continues, indented.

use unicode_width::UnicodeWidthStr;

use crate::report::style::{Meaning, Palette};

/// A word and what its colour repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    text: String,
    meaning: Option<Meaning>,
}

/// Where a paragraph begins and how far it may reach, in columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Margins {
    /// Columns that stand before the first word already.
    pub(super) first: usize,
    /// Columns left free at the beginning of every further line.
    pub(super) further: usize,
    /// Columns of the page.
    pub(super) width: usize,
}

/// The words of `text`, which are parted by spaces.
pub(super) fn words(text: &str, meaning: Option<Meaning>) -> impl Iterator<Item = Word> + '_ {
    text.split(' ').map(move |word| Word { text: word.to_owned(), meaning })
}

/// A text that stays on one line, if that is long enough.
pub(super) const fn phrase(text: String, meaning: Option<Meaning>) -> Word {
    Word { text, meaning }
}

/// The words in lines; a word that is longer than a line is cut.
pub(super) fn wrapped(words: impl Iterator<Item = Word>, margins: Margins, palette: Palette) -> Vec<String> {
    let mut page = Page { lines: vec![String::new()], column: margins.first, margins, palette };
    for word in words {
        page.add(word);
    }
    page.lines
}

struct Page {
    lines: Vec<String>,
    /// Where the next word would begin.
    column: usize,
    margins: Margins,
    palette: Palette,
}

impl Page {
    fn add(&mut self, word: Word) {
        let Word { mut text, meaning } = word;
        if !self.fits(&text) && !self.is_at_a_beginning() {
            self.begin_line();
        }
        while !self.fits(&text) {
            let room = self.margins.width.saturating_sub(self.column).max(1);
            let rest = text.split_off(cut(&text, room));
            self.put(&text, meaning);
            self.begin_line();
            text = rest;
        }
        self.put(&text, meaning);
    }

    fn is_at_a_beginning(&self) -> bool {
        let line_is_empty = self.lines.last().is_none_or(|line| line.trim_start().is_empty());
        line_is_empty && (self.lines.len() > 1 || self.margins.first <= self.margins.further)
    }

    fn fits(&self, text: &str) -> bool {
        let space = usize::from(self.needs_space());
        self.column + space + text.width() <= self.margins.width
    }

    fn needs_space(&self) -> bool {
        self.lines.last().is_some_and(|line| !line.trim_start().is_empty())
    }

    fn begin_line(&mut self) {
        self.lines.push(" ".repeat(self.margins.further));
        self.column = self.margins.further;
    }

    fn put(&mut self, text: &str, meaning: Option<Meaning>) {
        let space = if self.needs_space() { " " } else { "" };
        let painted = meaning.map_or_else(|| text.to_owned(), |meaning| self.palette.paint(meaning, text));
        if let Some(line) = self.lines.last_mut() {
            line.push_str(space);
            line.push_str(&painted);
        }
        self.column += space.len() + text.width();
    }
}

/// Where to cut `text` so that its beginning takes at most `room` columns: behind at least one character.
fn cut(text: &str, room: usize) -> usize {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let fitting = ends.take_while(|end| text[..*end].width() <= room).last();
    fitting.unwrap_or_else(|| text.chars().next().map_or(0, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, first: usize, further: usize, width: usize) -> Vec<String> {
        wrapped(words(text, None), Margins { first, further, width }, Palette::Plain)
    }

    #[test]
    fn what_does_not_fit_continues_indented() {
        assert_eq!(lines("one two three four", 4, 2, 12), ["one two", "  three four"]);
        assert_eq!(lines("one", 4, 2, 12), ["one"]);
    }

    #[test]
    fn a_word_longer_than_a_line_is_cut() {
        assert_eq!(lines("a 0123456789abc", 0, 2, 8), ["a", "  012345", "  6789ab", "  c"]);
    }

    proptest::proptest! {
        #[test]
        fn no_line_is_wider_than_the_page_and_no_letter_is_lost(
            text in "[a-zé漢 ]{0,200}", first in 0_usize..30, further in 0_usize..30, more in 4_usize..80,
        ) {
            let width = first.max(further) + more;
            let lines = lines(&text, first, further, width);
            for (number, line) in lines.iter().enumerate() {
                let begins = if number == 0 { first } else { 0 };
                proptest::prop_assert!(begins + line.width() <= width, "{lines:?}");
            }
            let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            proptest::prop_assert_eq!(letters(&lines.concat()), letters(&text));
        }
    }
}
