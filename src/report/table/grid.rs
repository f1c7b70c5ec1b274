//! Tables without frames, their columns aligned, wrapped to the page by comfy-table.
//!
//! Cells hold no colours: their escapes would count as columns.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle};

use crate::report::document::{Column, ColumnKind};

/// Columns between two columns of a table.
const GAP: u16 = 2;

/// A table that is being filled.
#[derive(Debug)]
pub(super) struct Grid {
    columns: Vec<Column>,
    table: Table,
}

impl Grid {
    /// An empty table with these columns, their names not shown.
    pub(super) fn new(columns: &[Column]) -> Self {
        let mut table = Table::new();
        table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Dynamic);
        Self { columns: columns.to_vec(), table }
    }

    /// The same table with the names of its columns above a rule.
    pub(super) fn headed(mut self) -> Self {
        let rule = LineStyle::none().fill('─');
        self.table.load_style(TableStyle::new().header_separator(rule));
        self.table.set_header(self.columns.iter().map(|column| Cell::new(column.name)).collect::<Vec<_>>());
        self
    }

    /// Adds a row, one text a column.
    pub(super) fn row<T: ToString>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.table.add_row(cells.into_iter().map(Cell::new).collect::<Vec<_>>());
    }

    /// The lines of the table, none wider than `width`, without trailing spaces.
    pub(super) fn lines(mut self, width: u16) -> Vec<String> {
        let last = self.columns.len().saturating_sub(1);
        for (index, (column, Column { kind, .. })) in
            self.table.column_iter_mut().zip(self.columns).enumerate()
        {
            column.set_padding((0, if index == last { 0 } else { GAP }));
            match kind {
                ColumnKind::Words => column.set_cell_alignment(CellAlignment::Left),
                ColumnKind::Numbers => column.set_cell_alignment(CellAlignment::Right),
                ColumnKind::RowNames => {
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
    let mut grid = Grid::new(&[Column::words("")]);
    grid.row([text]);
    grid.lines(width)
}
