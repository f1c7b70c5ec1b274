//! A report as a page: blocks of typed values in the order in which they are read, and nothing on how they look.
//!
//! A writer decides how a value is formatted, where a line ends and how text from outside is made harmless. It needs to
//! know nothing of what was watched, and a new block or value has to be met by every writer before it compiles.

mod strip;
mod text;

pub use strip::{Shade, Strip};
pub use text::{Inline, Text, Value};

use super::style::Meaning;

/// A page.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Document {
    /// From the top to the bottom.
    pub blocks: Vec<Block>,
}

/// A part of a page.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// What the page is about; it stands above the block that follows.
    Title(Text),
    /// Sentences that belong together, each on a line of its own.
    Paragraphs(Vec<Paragraph>),
    /// The causes, the most likely first; one answer without evidence where there is none.
    Verdict(Vec<Answer>),
    /// Up and down over the period.
    Strip(Strip),
    /// The name of the block that follows.
    Heading(&'static str),
    /// Names and what is known of each.
    Facts(Vec<Fact>),
    /// Rows of cells.
    Table(Table),
    /// A command for the reader to type.
    Command(&'static str),
}

/// A sentence and what it means for the connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Paragraph {
    /// What a colour would repeat; the words say it too.
    pub meaning: Option<Meaning>,
    /// The words.
    pub text: Text,
}

/// A cause, or that there is none to name.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// How it ranks: `Verdict` for the first, `Also` for others.
    pub label: &'static str,
    /// What a colour would repeat.
    pub meaning: Option<Meaning>,
    /// The cause in one sentence.
    pub headline: Text,
    /// The figures that speak for it.
    pub evidence: Vec<Text>,
    /// What to do about it.
    pub advice: Option<Text>,
}

/// A name and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Our own words, short.
    pub name: &'static str,
    /// What is known.
    pub text: Text,
}

/// Rows of cells under named columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// From left to right.
    pub columns: Vec<Column>,
    /// One cell for each column.
    pub rows: Vec<Vec<Text>>,
}

impl Table {
    /// Whether any column has a name to show above it.
    pub fn is_headed(&self) -> bool {
        self.columns.iter().any(|column| !column.name.is_empty())
    }
}

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Empty where the cells need none.
    pub name: &'static str,
    /// What its cells hold.
    pub kind: ColumnKind,
}

impl Column {
    /// A column of words.
    pub const fn words(name: &'static str) -> Self {
        Self { name, kind: ColumnKind::Words }
    }

    /// A column of numbers.
    pub const fn numbers(name: &'static str) -> Self {
        Self { name, kind: ColumnKind::Numbers }
    }

    /// The column that names each row.
    pub const fn row_names() -> Self {
        Self { name: "", kind: ColumnKind::RowNames }
    }
}

/// What the cells of a column hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Words, aligned on the left; they may wrap.
    Words,
    /// Numbers, aligned on the right.
    Numbers,
    /// Our own names of the rows, aligned on the left: short, and never wrapped.
    RowNames,
}
