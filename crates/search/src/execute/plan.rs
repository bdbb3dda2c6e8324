//! A query made ready for one snapshot.

use super::services::ServiceNames;
use crate::answer::{SearchError, Stats};
use crate::ask::{Control, TimeRange, Which};
use crate::compile::Filter;
use crate::guard::Guard;
use crate::lang;
use events::columns::Columns;
use events::scan::{Prune, Snapshot};
use model::event::Kind;

pub(crate) struct Plan<'a> {
    pub snapshot: Snapshot,
    pub kind: Kind,
    pub filter: Filter,
    /// The range of the question, narrowed by what the query says of the time.
    pub range: TimeRange,
    pub guard: Guard<'a>,
}

impl<'a> Plan<'a> {
    pub fn new(
        snapshot: &Snapshot,
        which: &Which,
        names: &ServiceNames,
        control: &'a Control,
    ) -> Result<Plan<'a>, SearchError> {
        assert_eq!(snapshot.kind(), which.kind, "a question about another kind than the snapshot's");
        let guard = Guard::new(control)?;
        let snapshot = snapshot.with_cancel(control.cancel.clone());
        let expr = lang::parse(&which.query)?;
        let within = Prune::time(which.range.start_ns, which.range.end_ns);
        let mut filter = Filter::new(&which.query, &expr, snapshot.columns(), within)?;
        if !filter.services.is_empty() && !filter.is_nothing() {
            let known = names.all(&snapshot, &filter.prune, &guard)?;
            let named = known.into_iter().filter(|name| filter.services.iter().any(|check| check.text(name)));
            filter.prune.services = Some(named.collect());
        }
        let range = TimeRange { start_ns: filter.prune.start_ns, end_ns: filter.prune.end_ns };
        Ok(Plan { snapshot, kind: which.kind, filter, range, guard })
    }

    pub fn columns(&self) -> &Columns {
        self.snapshot.columns()
    }

    /// What is said when there is nothing of a name that somebody has.
    pub fn not_found(&self) -> SearchError {
        match self.snapshot.warnings() {
            damage if damage.is_empty() => SearchError::NotFound,
            damage => SearchError::Unreadable(damage),
        }
    }

    pub fn stats(&self) -> Stats {
        self.guard.stats(&self.filter.warnings, self.snapshot.warnings())
    }
}
