//! `pharos.tokens`: of each run of 8,192 rows a filter of the words in its free-text columns.
//!
//! ```text
//! body       the fingerprints of run 0, of run 1, …
//! directory  u32 rows of a run · u32 runs
//!            of each run: u8 form (0 no words, 1 filter, 2 read always) · u8 segment bits · u32 segments · u64 seed ·
//!                         u32 bytes · u32 checksum of its fingerprints
//!            u64 checksum of the directory
//! ```

use super::fuse::{Fuse, Shape};
use super::index::{IndexError, Located, Numbers, check, seal, unseal};
use super::{RUN_ROWS, words};
use arrow::array::{Array, RecordBatch};
use hashbrown::HashTable;

/// The name of the index in the key-value metadata.
pub(crate) const KEY: &str = "pharos.tokens";

const FORM_EMPTY: u8 = 0;
const FORM_FILTER: u8 = 1;
const FORM_ANY: u8 = 2;

/// Bytes of a run in the directory: 1 + 1 + 4 + 8 + 4 + 4.
const RUN_BYTES: usize = 22;

/// Collects words, a run after the other.
pub(super) struct TokensBuilder {
    columns: &'static [&'static str],
    fuse: Fuse,
    /// Of the run at hand: hashes of words, and of whole texts whose words are in already.
    words: HashTable<u64>,
    texts: HashTable<u64>,
    keys: Vec<u64>,
    body: Vec<u8>,
    runs: Vec<u8>,
    count: u32,
}

impl TokensBuilder {
    pub(super) fn new(columns: &'static [&'static str]) -> TokensBuilder {
        TokensBuilder {
            columns,
            fuse: Fuse::default(),
            words: HashTable::new(),
            texts: HashTable::new(),
            keys: Vec::new(),
            body: Vec::new(),
            runs: Vec::new(),
            count: 0,
        }
    }

    /// Adds the words of rows of the run at hand.
    pub(super) fn add(&mut self, batch: &RecordBatch) {
        for name in self.columns {
            let Some(column) = batch.column_by_name(name) else { continue };
            if column.null_count() == column.len() {
                continue;
            }
            let Some(text) = super::gather::text_of(column.as_ref()) else { continue };
            for row in 0..column.len() {
                if let Some(value) = text(row) {
                    self.add_text(value);
                }
            }
        }
    }

    fn add_text(&mut self, text: &str) {
        if !insert(&mut self.texts, words::hash(text)) {
            return;
        }
        let words = &mut self.words;
        words::tokens(text, |word| {
            insert(words, words::hash(word));
        });
    }

    /// Ends the run at hand.
    pub(super) fn end_run(&mut self) {
        self.keys.clear();
        self.keys.extend(self.words.drain());
        // The order of a hash table may change with its implementation; files of equal rows shall be equal.
        self.keys.sort_unstable();
        self.texts.clear();
        let start = self.body.len();
        let (form, shape) = if self.keys.is_empty() {
            (FORM_EMPTY, None)
        } else {
            match self.fuse.build(&self.keys, &mut self.body) {
                Some(shape) => (FORM_FILTER, Some(shape)),
                None => (FORM_ANY, None),
            }
        };
        let shape = shape.unwrap_or(Shape { seed: 0, segment_bits: 0, segments: 0 });
        let piece = &self.body[start..];
        self.runs.extend_from_slice(&[form, shape.segment_bits]);
        self.runs.extend_from_slice(&shape.segments.to_le_bytes());
        self.runs.extend_from_slice(&shape.seed.to_le_bytes());
        self.runs.extend_from_slice(&(piece.len() as u32).to_le_bytes());
        self.runs.extend_from_slice(&check(piece).to_le_bytes());
        self.count += 1;
    }

    /// The body and the directory.
    pub(super) fn finish(self) -> (Vec<u8>, Vec<u8>) {
        let mut directory = Vec::with_capacity(self.runs.len() + 16);
        directory.extend_from_slice(&(RUN_ROWS as u32).to_le_bytes());
        directory.extend_from_slice(&self.count.to_le_bytes());
        directory.extend_from_slice(&self.runs);
        seal(&mut directory);
        (self.body, directory)
    }

    /// Bytes held.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.body.len() + self.runs.len()
    }
}

/// False when it was there.
fn insert(table: &mut HashTable<u64>, hash: u64) -> bool {
    match table.entry(hash, |h| *h == hash, |h| *h) {
        hashbrown::hash_table::Entry::Occupied(_) => false,
        hashbrown::hash_table::Entry::Vacant(vacant) => {
            vacant.insert(hash);
            true
        }
    }
}

/// The directory, read.
#[derive(Debug)]
pub(crate) struct TokenDirectory {
    runs: Vec<Run>,
}

#[derive(Debug)]
enum Run {
    Empty,
    Any,
    Filter(Shape, Located),
}

/// What is known of a run without its filter.
pub(crate) enum Words {
    None,
    Perhaps,
    /// Ask the filter, these bytes of the body.
    Filter(Located),
}

impl TokenDirectory {
    /// Reads a directory of an index whose body is `body_bytes` long.
    pub(crate) fn decode(directory: &[u8], body_bytes: u64) -> Result<TokenDirectory, IndexError> {
        let bad = |what| IndexError { index: KEY, what };
        let mut numbers = Numbers(unseal(directory).ok_or(bad("the checksum of the directory is wrong"))?);
        let cut = || bad("the directory is cut short");
        if numbers.u32().ok_or_else(cut)? as usize != RUN_ROWS {
            return Err(bad("runs of another length"));
        }
        let count = numbers.u32().ok_or_else(cut)? as usize;
        if numbers.0.len() != count.saturating_mul(RUN_BYTES) {
            return Err(cut());
        }
        let mut runs = Vec::with_capacity(count);
        let mut start = 0_u64;
        for _ in 0..count {
            let (run, bytes) = Self::run(&mut numbers, start).ok_or(bad("a filter of impossible shape"))?;
            runs.push(run);
            start += bytes as u64;
        }
        if start > body_bytes {
            return Err(bad("filters beyond the end of the index"));
        }
        Ok(TokenDirectory { runs })
    }

    fn run(numbers: &mut Numbers<'_>, start: u64) -> Option<(Run, u32)> {
        let (form, segment_bits) = (numbers.u8()?, numbers.u8()?);
        let (segments, seed) = (numbers.u32()?, numbers.u64()?);
        let (bytes, check) = (numbers.u32()?, numbers.u32()?);
        let run = match form {
            FORM_EMPTY => Run::Empty,
            FORM_ANY => Run::Any,
            FORM_FILTER => {
                let shape = Shape::checked(seed, segment_bits, segments)?;
                if shape.slots() != bytes as usize {
                    return None;
                }
                Run::Filter(shape, Located { start, bytes, check })
            }
            _ => return None,
        };
        Some((run, bytes))
    }

    pub(crate) fn words(&self, run: usize) -> Words {
        match self.runs.get(run) {
            Some(Run::Empty) => Words::None,
            Some(Run::Filter(_, located)) => Words::Filter(*located),
            Some(Run::Any) | None => Words::Perhaps,
        }
    }

    /// Whether each of `wanted` has a word that is perhaps in the run, by the filter's bytes.
    pub(crate) fn perhaps(&self, run: usize, filter: &[u8], wanted: &[Vec<u64>]) -> bool {
        let Some(Run::Filter(shape, _)) = self.runs.get(run) else { return true };
        wanted.iter().all(|any| any.iter().any(|hash| shape.contains(filter, *hash)))
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.runs.len() * size_of::<Run>()
    }
}
