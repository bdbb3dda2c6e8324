//! Columns being filled.

use arrow::array::{
    ArrayRef, BooleanArray, BooleanBufferBuilder, DictionaryArray, Float64Array, Int32Array, Int64Array,
    NullBufferBuilder, StringArray,
};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;
use hashbrown::HashTable;
use model::event::{Batch, Text};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// Text, each distinct value once.
pub(super) struct Words {
    text: String,
    /// Where each value ends.
    ends: Vec<i32>,
    index: HashTable<u32>,
    numbers: Vec<i32>,
    nulls: NullBufferBuilder,
    /// The last text of the batch and its number: rows of one resource repeat it.
    last: Option<(Text, i32)>,
}

impl Words {
    pub fn new() -> Words {
        Words {
            text: String::new(),
            ends: Vec::new(),
            index: HashTable::new(),
            numbers: Vec::new(),
            nulls: NullBufferBuilder::new(0),
            last: None,
        }
    }

    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Places of text are of another batch from now on.
    pub fn begin(&mut self) {
        self.last = None;
    }

    pub fn push(&mut self, batch: &Batch, text: Text) {
        let number = match self.last {
            Some((last, number)) if last == text => number,
            _ => {
                let number = self.number(batch.get(text));
                self.last = Some((text, number));
                number
            }
        };
        self.numbers.push(number);
        self.nulls.append_non_null();
    }

    /// A null for an empty text.
    pub fn push_or_null(&mut self, batch: &Batch, text: Text) {
        if text.is_empty() { self.push_nulls(1) } else { self.push(batch, text) }
    }

    pub fn push_str(&mut self, text: &str) {
        let number = self.number(text);
        self.numbers.push(number);
        self.nulls.append_non_null();
    }

    pub fn push_nulls(&mut self, count: usize) {
        self.numbers.resize(self.numbers.len() + count, 0);
        self.nulls.append_n_nulls(count);
    }

    fn number(&mut self, value: &str) -> i32 {
        let hash = xxh3_64(value.as_bytes());
        let (text, ends) = (&self.text, &self.ends);
        if let Some(found) = self.index.find(hash, |at| word(text, ends, *at) == value) {
            return *found as i32;
        }
        let number = ends.len() as u32;
        self.text.push_str(value);
        self.ends.push(self.text.len() as i32);
        let (text, ends) = (&self.text, &self.ends);
        self.index.insert_unique(hash, number, |at| xxh3_64(word(text, ends, *at).as_bytes()));
        number as i32
    }

    pub fn finish(mut self) -> Result<ArrayRef, ArrowError> {
        if self.ends.is_empty() {
            // Numbers under a null must lie inside too.
            self.ends.push(0);
        }
        let mut offsets = Vec::with_capacity(self.ends.len() + 1);
        offsets.push(0);
        offsets.extend_from_slice(&self.ends);
        let values = text_array(offsets, self.text, None)?;
        let numbers = Int32Array::new(ScalarBuffer::from(self.numbers), self.nulls.finish());
        Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(numbers, Arc::new(values))?))
    }
}

fn word<'a>(text: &'a str, ends: &[i32], at: u32) -> &'a str {
    let start = at.checked_sub(1).map_or(0, |before| ends[before as usize]);
    &text[start as usize..ends[at as usize] as usize]
}

fn text_array(
    offsets: Vec<i32>,
    text: String,
    nulls: Option<arrow::buffer::NullBuffer>,
) -> Result<StringArray, ArrowError> {
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    StringArray::try_new(offsets, Buffer::from_vec(text.into_bytes()), nulls)
}

/// Text of many distinct values.
pub(super) struct Texts {
    pub text: String,
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
}

impl Texts {
    pub fn new(rows: usize) -> Texts {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Texts { text: String::new(), offsets, nulls: NullBufferBuilder::new(rows) }
    }

    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// A null for an empty text.
    pub fn push_or_null(&mut self, batch: &Batch, text: Text) {
        self.text.push_str(batch.get(text));
        self.end(!text.is_empty());
    }

    /// What was written to `text` since the last row is the value of this one.
    pub fn end(&mut self, is_there: bool) {
        self.offsets.push(self.text.len() as i32);
        self.nulls.append(is_there);
    }

    pub fn push_nulls(&mut self, count: usize) {
        self.offsets.resize(self.offsets.len() + count, self.text.len() as i32);
        self.nulls.append_n_nulls(count);
    }

    pub fn finish(mut self) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(text_array(self.offsets, self.text, self.nulls.finish())?))
    }
}

/// Numbers with nulls between them.
pub(super) struct Numbers<T> {
    values: Vec<T>,
    nulls: NullBufferBuilder,
}

impl<T: Copy + Default> Numbers<T> {
    pub fn new() -> Numbers<T> {
        Numbers { values: Vec::new(), nulls: NullBufferBuilder::new(0) }
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn push(&mut self, value: T) {
        self.values.push(value);
        self.nulls.append_non_null();
    }

    pub fn push_nulls(&mut self, count: usize) {
        self.values.resize(self.values.len() + count, T::default());
        self.nulls.append_n_nulls(count);
    }
}

impl Numbers<i64> {
    pub fn finish(mut self) -> ArrayRef {
        Arc::new(Int64Array::new(ScalarBuffer::from(self.values), self.nulls.finish()))
    }
}

impl Numbers<f64> {
    pub fn finish(mut self) -> ArrayRef {
        Arc::new(Float64Array::new(ScalarBuffer::from(self.values), self.nulls.finish()))
    }
}

/// Truth values with nulls between them.
pub(super) struct Flags {
    values: BooleanBufferBuilder,
    nulls: NullBufferBuilder,
}

impl Flags {
    pub fn new() -> Flags {
        Flags { values: BooleanBufferBuilder::new(0), nulls: NullBufferBuilder::new(0) }
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn push(&mut self, value: bool) {
        self.values.append(value);
        self.nulls.append_non_null();
    }

    pub fn push_nulls(&mut self, count: usize) {
        self.values.append_n(count, false);
        self.nulls.append_n_nulls(count);
    }

    pub fn finish(mut self) -> ArrayRef {
        Arc::new(BooleanArray::new(self.values.finish(), self.nulls.finish()))
    }
}
