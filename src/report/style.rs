//! How a reader wants to see things: zone, colours, width. Colour repeats what the words say and adds nothing.

use anstyle::{AnsiColor, Style};

use super::Zone;

/// Where a text for people will be read.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// The time zone of every time shown.
    pub zone: Zone,
    /// Whether colours are wanted.
    pub palette: Palette,
    /// Columns of the page; narrower than [`NARROWEST`] counts as that.
    pub width: u16,
}

/// The width below which a page is no longer narrowed: two times of day side by side still fit.
pub const NARROWEST: u16 = 44;

impl View {
    /// Columns that a page may take.
    pub fn columns(&self) -> u16 {
        self.width.max(NARROWEST)
    }
}

/// Which colours there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    /// None: a file, a pipe, `NO_COLOR`.
    Plain,
    /// The terminal's own sixteen, so that they suit its theme.
    Colour,
}

/// What a colour stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The connection is up.
    Good,
    /// The connection went, or is, down.
    Bad,
    /// Worth a look.
    Warning,
    /// Beside the point: for those who search.
    Faint,
    /// The title of a section.
    Title,
}

impl Palette {
    /// The style of a meaning; an empty one where there are no colours.
    pub fn style(self, meaning: Meaning) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Colour => coloured(meaning),
        }
    }

    /// `text` in the style of `meaning`.
    pub(super) fn paint(self, meaning: Meaning, text: &str) -> String {
        let style = self.style(meaning);
        format!("{style}{text}{style:#}")
    }
}

fn coloured(meaning: Meaning) -> Style {
    match meaning {
        Meaning::Good => AnsiColor::Green.on_default(),
        Meaning::Bad => AnsiColor::Red.on_default(),
        Meaning::Warning => AnsiColor::Yellow.on_default(),
        Meaning::Faint => Style::new().dimmed(),
        Meaning::Title => Style::new().bold(),
    }
}
