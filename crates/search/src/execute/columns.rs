//! The columns a question wants, gathered without repeating one.

use events::scan::ColumnRef;

#[derive(Debug, Default)]
pub(crate) struct Wanted(pub Vec<ColumnRef>);

impl Wanted {
    /// The place of a column in the batches.
    pub fn add(&mut self, column: ColumnRef) -> usize {
        match self.0.iter().position(|known| *known == column) {
            Some(at) => at,
            None => {
                self.0.push(column);
                self.0.len() - 1
            }
        }
    }
}
