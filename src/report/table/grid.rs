//! The one way in which this room uses comfy-table: no frames, aligned columns, wrapped to the page.
//!
//! Cells hold no colours: their escapes would count as columns.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle};

/// Columns between two columns of a table.
const GAP: u16 = 2;

/// What a column of a table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Words, from the left; they wrap where the page is narrow.
    Words,
    /// Numbers, from the right.
    Number,
    /// Our own words for what the row is about: short, and never wrapped.
    Name,
}

/// A table in the making.
#[derive(Debug)]
pub(super) struct Grid {
    kinds: Vec<Kind>,
    table: Table,
}

impl Grid {
    /// An empty table with these columns.
    pub(super) fn new(kinds: &[Kind]) -> Self {
        let mut table = Table::new();
        table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Dynamic);
        Self { kinds: kinds.to_vec(), table }
    }

    /// Two columns: what, and how much.
    pub(super) fn facts() -> Self {
        Self::new(&[Kind::Name, Kind::Words])
    }

    /// Names the columns, above a rule.
    pub(super) fn headed(mut self, names: &[&str]) -> Self {
        let rule = LineStyle::none().fill('─');
        self.table.load_style(TableStyle::new().header_separator(rule));
        self.table.set_header(names.iter().map(Cell::new).collect::<Vec<_>>());
        self
    }

    /// Adds a row, one text a column.
    pub(super) fn row<T: ToString>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.table.add_row(cells.into_iter().map(Cell::new).collect::<Vec<_>>());
    }

    /// The lines of the table, none wider than `width`, without trailing spaces.
    pub(super) fn lines(mut self, width: u16) -> Vec<String> {
        let last = self.kinds.len().saturating_sub(1);
        for (index, (column, kind)) in self.table.column_iter_mut().zip(self.kinds).enumerate() {
            column.set_padding((0, if index == last { 0 } else { GAP }));
            match kind {
                Kind::Words => column.set_cell_alignment(CellAlignment::Left),
                Kind::Number => column.set_cell_alignment(CellAlignment::Right),
                Kind::Name => {
                    column.set_constraint(ColumnConstraint::ContentWidth);
                }
            }
        }
        self.table.set_width(width);
        self.table.lines().map(|line| line.trim_end().to_owned()).collect()
    }
}

/// `text` in lines of at most `width` columns.
pub(super) fn wrapped(text: &str, width: u16) -> Vec<String> {
    let mut grid = Grid::new(&[Kind::Words]);
    grid.row([text]);
    grid.lines(width)
}
