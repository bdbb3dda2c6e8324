//! Which services there are: the distinct values of one column, found once a file and remembered.
//!
//! Files are sorted by service and never change, so their names are read once, from a column that is nothing but runs.

use crate::answer::SearchError;
use crate::guard::Guard;
use arrow::array::{Array, AsArray, BooleanArray};
use arrow::datatypes::Int32Type;
use events::scan::{ColumnRef, Part, Prune, Snapshot};
use hashbrown::{HashMap, HashSet};
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Files remembered: of 100 names each 4,096 × 4 KB = 16 MB. Beyond, all is forgotten and read again.
const FILES_MAX: usize = 4_096;

/// Names of services by file. One for all questions.
#[derive(Default)]
pub(crate) struct ServiceNames {
    files: Mutex<HashMap<Arc<str>, Arc<[Box<str>]>>>,
}

impl ServiceNames {
    /// The services of the parts that have to do with a time, sorted.
    pub fn all(
        &self,
        snapshot: &Snapshot,
        prune: &Prune,
        guard: &Guard<'_>,
    ) -> Result<Vec<String>, SearchError> {
        let mut found: BTreeSet<Box<str>> = BTreeSet::new();
        for part in snapshot.parts(&Prune::time(prune.start_ns, prune.end_ns)) {
            let known = self.files.lock().get(part.name()).cloned().filter(|_| part.is_file());
            let names = match known {
                Some(names) => names,
                None => {
                    let (names, rows) = read(&part, guard)?;
                    let names: Arc<[Box<str>]> = names.into();
                    // Of a file that could not be read in full there may be others: it is tried, and said, each time.
                    if part.is_file() && rows == part.rows() {
                        self.remember(part.name(), &names);
                    }
                    names
                }
            };
            found.extend(names.iter().cloned());
        }
        Ok(found.into_iter().map(String::from).collect())
    }

    fn remember(&self, file: &Arc<str>, names: &Arc<[Box<str>]>) {
        let mut files = self.files.lock();
        if files.len() >= FILES_MAX {
            files.clear();
        }
        files.insert(Arc::clone(file), Arc::clone(names));
    }
}

/// The services of a part, whatever the time, and how many rows were read.
fn read(part: &Part, guard: &Guard<'_>) -> Result<(Vec<Box<str>>, u64), SearchError> {
    let mut rows = 0;
    let mut names: HashSet<Box<str>> = HashSet::new();
    for batch in part.read(&[ColumnRef::dictionary("service")], &Prune::none(), None, None) {
        let batch = batch.map_err(|e| guard.scan_error(e))?;
        guard.check()?;
        rows += batch.batch.num_rows() as u64;
        let Some(dictionary) = batch.batch.column(0).as_dictionary_opt::<Int32Type>() else { continue };
        let Some(values) = dictionary.values().as_string_opt::<i32>() else { continue };
        let mut used = vec![false; values.len()];
        dictionary.keys().iter().flatten().for_each(|key| used[key as usize] = true);
        for value in BooleanArray::from(used).values().set_indices().map(|at| values.value(at)) {
            if !names.contains(value) {
                names.insert(value.into());
            }
        }
    }
    Ok((names.into_iter().collect(), rows))
}
