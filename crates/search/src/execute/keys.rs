//! Values of a field as small numbers, to group by: no row is hashed that comes with a dictionary.
//!
//! A [`KeyPlan`] says where the field is; each thread has a [`KeyCoder`] that gives a code a row, 0 where the row has no
//! value. Codes are of one thread: joining threads goes by the text.

use super::columns::Wanted;
use crate::compile::field::{Meaning, Place, Source, resolve};
use crate::eval::overflow_value;
use crate::lang::Field;
use crate::text::put;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Float64Type, Int32Type, Int64Type, TimestampNanosecondType, UInt8Type, UInt32Type,
};
use events::columns::Columns;
use hashbrown::HashMap;
use model::event::{Kind, severity};
use std::sync::Arc;

/// No code has been given to this value of the dictionary.
const UNKNOWN: u32 = u32::MAX;

/// Where a key comes from.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyPlan {
    levels: Vec<Vec<(usize, KeyForm)>>,
}

#[derive(Clone, Debug)]
enum KeyForm {
    Plain,
    /// By the name of its range.
    Severity,
    Overflow(String),
}

impl KeyPlan {
    /// Wants the columns of a field; `None` when no event has it.
    pub fn new(kind: Kind, field: &str, columns: &Columns, wanted: &mut Wanted) -> Option<KeyPlan> {
        let levels = match resolve(kind, &Field::parse(field), columns) {
            Place::Nowhere => return None,
            Place::Builtin { column, meaning } => {
                let form = if meaning == Meaning::Severity { KeyForm::Severity } else { KeyForm::Plain };
                vec![vec![(wanted.add(column), form)]]
            }
            Place::Levels { levels, .. } => {
                let mut source = |source: Source| match source {
                    Source::Column { column, .. } => (wanted.add(column), KeyForm::Plain),
                    Source::Overflow { column, key } => (wanted.add(column), KeyForm::Overflow(key)),
                };
                levels.into_iter().map(|level| level.into_iter().map(&mut source).collect()).collect()
            }
        };
        Some(KeyPlan { levels })
    }
}

/// Distinct texts and their codes, from 1.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    codes: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
    bytes: usize,
}

impl Interner {
    pub fn code(&mut self, text: &str) -> u32 {
        if let Some(code) = self.codes.get(text) {
            return *code;
        }
        let text: Arc<str> = Arc::from(text);
        // The text with its counts, an entry of the table and of the list.
        self.bytes += text.len() + 16 + 32 + 16;
        self.texts.push(Arc::clone(&text));
        let code = self.texts.len() as u32;
        self.codes.insert(text, code);
        code
    }

    /// The text of a code; none of 0.
    pub fn text(&self, code: u32) -> Option<&Arc<str>> {
        self.texts.get((code as usize).checked_sub(1)?)
    }

    pub fn len(&self) -> usize {
        self.texts.len()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Gives codes to the values of one key, for one thread.
#[derive(Debug)]
pub(crate) struct KeyCoder {
    plan: KeyPlan,
    pub interner: Interner,
    /// For each source in order: what is known of its last dictionary, and of its numbers.
    caches: Vec<Cache>,
    scratch: String,
}

#[derive(Debug, Default)]
struct Cache {
    /// Kept so that its address is not given to another.
    values: Option<ArrayRef>,
    codes: Vec<u32>,
    numbers: HashMap<u64, u32>,
    last: Option<(u64, u32)>,
}

impl KeyCoder {
    pub fn new(plan: &KeyPlan) -> KeyCoder {
        let sources = plan.levels.iter().map(Vec::len).sum();
        let caches = std::iter::repeat_with(Cache::default).take(sources).collect();
        KeyCoder { plan: plan.clone(), interner: Interner::default(), caches, scratch: String::new() }
    }

    /// A code for each of `len` rows; rows outside `selected` may have any.
    pub fn codes(&mut self, columns: &[ArrayRef], len: usize, selected: Selected<'_>, out: &mut Vec<u32>) {
        out.clear();
        out.resize(len, 0);
        let mut at = 0;
        for level in &self.plan.levels {
            for (column, form) in level {
                let array = &columns[*column];
                let cache = &mut self.caches[at];
                at += 1;
                if array.null_count() == len {
                    continue;
                }
                let mut coder = Coder { interner: &mut self.interner, cache, scratch: &mut self.scratch };
                coder.fill(array, form, selected, out);
            }
        }
    }
}

/// Rows that matter; all when `None`.
pub(crate) type Selected<'a> = Option<&'a arrow::buffer::BooleanBuffer>;

struct Coder<'a> {
    interner: &'a mut Interner,
    cache: &'a mut Cache,
    scratch: &'a mut String,
}

impl Coder<'_> {
    /// Fills the rows that have no code yet.
    fn fill(&mut self, array: &ArrayRef, form: &KeyForm, selected: Selected<'_>, out: &mut [u32]) {
        match (form, array.data_type()) {
            (KeyForm::Overflow(key), _) => {
                let texts = array.as_string_view();
                each(array, selected, out, |row| match overflow_value(texts.value(row), key) {
                    Some(serde_json::Value::String(text)) => self.interner.code(&text),
                    Some(value) => self.interner.code(&value.to_string()),
                    None => 0,
                });
            }
            (_, DataType::Dictionary(..)) => self.dictionary(array, selected, out),
            (_, DataType::Utf8View) => {
                let texts = array.as_string_view();
                each(array, selected, out, |row| self.interner.code(texts.value(row)));
            }
            (_, DataType::Utf8) => {
                let texts = array.as_string::<i32>();
                each(array, selected, out, |row| self.interner.code(texts.value(row)));
            }
            (KeyForm::Severity, DataType::UInt8) => {
                let numbers = array.as_primitive::<UInt8Type>();
                each(array, selected, out, |row| match severity::name(numbers.value(row)) {
                    "" => 0,
                    name => self.number(u64::from(numbers.value(row)), |text| text.push_str(name)),
                });
            }
            (_, DataType::UInt8) => {
                let numbers = array.as_primitive::<UInt8Type>();
                each(array, selected, out, |row| self.integer(i64::from(numbers.value(row))));
            }
            (_, DataType::UInt32) => {
                let numbers = array.as_primitive::<UInt32Type>();
                each(array, selected, out, |row| self.integer(i64::from(numbers.value(row))));
            }
            (_, DataType::Int64) => {
                let numbers = array.as_primitive::<Int64Type>();
                each(array, selected, out, |row| self.integer(numbers.value(row)));
            }
            (_, DataType::Timestamp(..)) => {
                let numbers = array.as_primitive::<TimestampNanosecondType>();
                each(array, selected, out, |row| self.integer(numbers.value(row)));
            }
            (_, DataType::Float64) => {
                let numbers = array.as_primitive::<Float64Type>();
                each(array, selected, out, |row| {
                    let value = numbers.value(row);
                    self.number(value.to_bits(), |text| put(text, format_args!("{value}")))
                });
            }
            (_, DataType::Boolean) => {
                let bools = array.as_boolean();
                each(array, selected, out, |row| {
                    let value = bools.value(row);
                    self.number(u64::from(value), |text| text.push_str(if value { "true" } else { "false" }))
                });
            }
            (_, DataType::FixedSizeBinary(_)) => {
                let ids = array.as_fixed_size_binary();
                each(array, selected, out, |row| {
                    self.scratch.clear();
                    ids.value(row).iter().for_each(|byte| put(self.scratch, format_args!("{byte:02x}")));
                    self.interner.code(self.scratch)
                });
            }
            _ => {}
        }
    }

    fn dictionary(&mut self, array: &ArrayRef, selected: Selected<'_>, out: &mut [u32]) {
        let Some(dictionary) = array.as_dictionary_opt::<Int32Type>() else { return };
        let Some(texts) = dictionary.values().as_string_opt::<i32>() else { return };
        let same = self.cache.values.as_ref().is_some_and(|kept| {
            let kept = kept.as_string::<i32>();
            kept.len() == texts.len()
                && kept.values().as_ptr() == texts.values().as_ptr()
                && kept.value_offsets().as_ptr() == texts.value_offsets().as_ptr()
        });
        if !same {
            self.cache.values = Some(dictionary.values().clone());
            self.cache.codes.clear();
            self.cache.codes.resize(texts.len(), UNKNOWN);
        }
        let keys = dictionary.keys().values();
        let (codes, interner) = (&mut self.cache.codes, &mut *self.interner);
        each(array, selected, out, |row| {
            let key = keys[row] as usize;
            if codes[key] == UNKNOWN {
                codes[key] = interner.code(texts.value(key));
            }
            codes[key]
        });
    }

    fn integer(&mut self, value: i64) -> u32 {
        self.number(value as u64, |text| put(text, format_args!("{value}")))
    }

    /// The code of a number that is told apart by its bits, and how it is printed.
    fn number(&mut self, bits: u64, print: impl FnOnce(&mut String)) -> u32 {
        if let Some((last, code)) = self.cache.last
            && last == bits
        {
            return code;
        }
        let code = match self.cache.numbers.get(&bits) {
            Some(code) => *code,
            None => {
                self.scratch.clear();
                print(self.scratch);
                let code = self.interner.code(self.scratch);
                self.cache.numbers.insert(bits, code);
                code
            }
        };
        self.cache.last = Some((bits, code));
        code
    }
}

/// Fills rows that have a value here, matter, and have no code yet.
fn each(array: &ArrayRef, selected: Selected<'_>, out: &mut [u32], mut code: impl FnMut(usize) -> u32) {
    match (array.nulls(), selected) {
        (None, None) => {
            for (row, out) in out.iter_mut().enumerate() {
                if *out == 0 {
                    *out = code(row);
                }
            }
        }
        (nulls, selected) => {
            let rows = match (nulls, selected) {
                (Some(nulls), Some(selected)) => nulls.inner() & selected,
                (Some(nulls), None) => nulls.inner().clone(),
                (None, Some(selected)) => selected.clone(),
                (None, None) => return,
            };
            for row in rows.set_indices() {
                if out[row] == 0 {
                    out[row] = code(row);
                }
            }
        }
    }
}
