//! A filter on a batch of rows: which match.
//!
//! Columns at a time: a test runs over one column and gives a bit a row; text in a dictionary is tested once a distinct
//! value. Tests of one `and` run the cheap first, and the dear ones only on rows that are left. What a row does not have
//! passes no test; a negation turns that round.
//!
//! Invariant: masks have no nulls, and are as long as the batch.

use crate::check::{Check, NumberRule, TextRule};
use crate::compile::{Filter, Leaf, LeafTest, Node};
use crate::lang::Compare;
use crate::text::{is_bare_in_json, put};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Float64Type, Int32Type, Int64Type, TimestampNanosecondType, UInt8Type,
    UInt32Type,
};
use arrow::error::ArrowError;

/// Evaluates on a batch whose columns are those of the filter, in their order; further columns may follow.
pub(crate) fn evaluate(filter: &Filter, batch: &RecordBatch) -> Result<BooleanArray, ArrowError> {
    let eval = Eval { columns: batch.columns(), rows: batch.num_rows() };
    Ok(BooleanArray::new(eval.node(&filter.root, None)?, None))
}

struct Eval<'a> {
    columns: &'a [ArrayRef],
    rows: usize,
}

/// Rows that matter: outside of them a mask may say anything.
type Among<'a> = Option<&'a BooleanBuffer>;

impl Eval<'_> {
    fn node(&self, node: &Node, among: Among<'_>) -> Result<BooleanBuffer, ArrowError> {
        Ok(match node {
            Node::Constant(true) => BooleanBuffer::new_set(self.rows),
            Node::Constant(false) => BooleanBuffer::new_unset(self.rows),
            Node::Not(inner) => !&self.node(inner, among)?,
            Node::And(children) => {
                let mut left = among.cloned();
                for child in children {
                    let mask = self.node(child, left.as_ref())?;
                    let mask = match &left {
                        Some(left) => left & &mask,
                        None => mask,
                    };
                    if mask.count_set_bits() == 0 {
                        return Ok(mask);
                    }
                    left = Some(mask);
                }
                left.unwrap_or_else(|| BooleanBuffer::new_set(self.rows))
            }
            Node::Or(children) => {
                let mut found: Option<BooleanBuffer> = None;
                for child in children {
                    let open = match (&found, among) {
                        (Some(found), Some(among)) => Some(among & &!found),
                        (Some(found), None) => Some(!found),
                        (None, among) => among.cloned(),
                    };
                    if open.as_ref().is_some_and(|open| open.count_set_bits() == 0) {
                        break;
                    }
                    let mask = self.node(child, open.as_ref())?;
                    let mask = match &open {
                        Some(open) => open & &mask,
                        None => mask,
                    };
                    found = Some(match found {
                        Some(found) => &found | &mask,
                        None => mask,
                    });
                }
                found.unwrap_or_else(|| BooleanBuffer::new_unset(self.rows))
            }
            Node::Leaf(leaf) => self.leaf(leaf, among)?,
            Node::Levels(levels) => self.levels(levels, among)?,
        })
    }

    fn levels(&self, levels: &[Vec<Leaf>], among: Among<'_>) -> Result<BooleanBuffer, ArrowError> {
        let mut found = BooleanBuffer::new_unset(self.rows);
        // Rows without a value on the levels before.
        let mut open = among.cloned().unwrap_or_else(|| BooleanBuffer::new_set(self.rows));
        for level in levels {
            let mut present = BooleanBuffer::new_unset(self.rows);
            for leaf in level {
                let mask = self.leaf(leaf, Some(&open))?;
                found = &found | &(&open & &mask);
                present = &present | &self.present(leaf);
            }
            open = &open & &!&present;
            if open.count_set_bits() == 0 {
                break;
            }
        }
        Ok(found)
    }

    /// Rows that have a value where a leaf looks.
    fn present(&self, leaf: &Leaf) -> BooleanBuffer {
        let array = &self.columns[leaf.column];
        match &leaf.test {
            LeafTest::Overflow(key, _) => overflow_mask(array, key, &Check::any(), None),
            _ => valid(array),
        }
    }

    fn leaf(&self, leaf: &Leaf, among: Among<'_>) -> Result<BooleanBuffer, ArrowError> {
        let array = &self.columns[leaf.column];
        if array.null_count() == array.len() {
            return Ok(BooleanBuffer::new_unset(self.rows));
        }
        match &leaf.test {
            LeafTest::Exists => Ok(valid(array)),
            LeafTest::Check(check) => check_mask(check, array, among),
            LeafTest::Text(matcher) => text_mask(array, among, |text| matcher.matches(text)),
            LeafTest::Time(compare, time) => {
                let times = array.as_primitive::<TimestampNanosecondType>();
                Ok(primitive_mask::<TimestampNanosecondType>(times, |value| compare.holds(value.cmp(time))))
            }
            LeafTest::Id(id, wanted) => {
                let ids = array.as_fixed_size_binary();
                let test = |row: usize| (ids.value(row) == id.as_slice()) == *wanted;
                Ok(BooleanBuffer::collect_bool(ids.len(), |row| ids.is_valid(row) && test(row)))
            }
            LeafTest::PrintedId(matcher) => {
                let ids = array.as_fixed_size_binary();
                let mut hex = String::with_capacity(32);
                let test = |row: usize| {
                    if !ids.is_valid(row) || among.is_some_and(|among| !among.value(row)) {
                        return false;
                    }
                    hex.clear();
                    ids.value(row).iter().for_each(|byte| put(&mut hex, format_args!("{byte:02x}")));
                    matcher.matches(&hex)
                };
                Ok(BooleanBuffer::collect_bool(ids.len(), test))
            }
            LeafTest::Overflow(key, check) => Ok(overflow_mask(array, key, check, among)),
        }
    }
}

fn valid(array: &ArrayRef) -> BooleanBuffer {
    match array.logical_nulls() {
        Some(nulls) => nulls.into_inner(),
        None => BooleanBuffer::new_set(array.len()),
    }
}

fn and_valid(mask: BooleanBuffer, nulls: Option<&NullBuffer>) -> BooleanBuffer {
    match nulls {
        Some(nulls) => &mask & nulls.inner(),
        None => mask,
    }
}

/// A test of each value of a primitive column.
fn primitive_mask<T: ArrowPrimitiveType>(
    array: &arrow::array::PrimitiveArray<T>,
    test: impl Fn(T::Native) -> bool,
) -> BooleanBuffer {
    let values = array.values();
    let mask = BooleanBuffer::collect_bool(values.len(), |row| test(values[row]));
    and_valid(mask, array.nulls())
}

/// A test of each text of a column of text.
fn text_mask(
    array: &ArrayRef,
    among: Among<'_>,
    test: impl Fn(&str) -> bool,
) -> Result<BooleanBuffer, ArrowError> {
    let rows = array.len();
    let matters = |row: usize| among.is_none_or(|among| among.value(row));
    Ok(match array.data_type() {
        DataType::Dictionary(..) => {
            let dictionary = array.as_dictionary_opt::<Int32Type>().ok_or_else(|| unknown(array))?;
            let values = dictionary.values();
            let keys = dictionary.keys();
            let key_values = keys.values();
            // Most values are used or the dictionary is of a whole row group: test no more than there are rows.
            let table: Vec<bool> = if values.len() <= rows.max(64) {
                let mask = plain_mask(values, None, &test)?;
                mask.iter().collect()
            } else {
                let mut used = vec![false; values.len()];
                for row in 0..rows {
                    if keys.is_valid(row) && matters(row) {
                        used[key_values[row] as usize] = true;
                    }
                }
                let used = BooleanBuffer::from(used);
                plain_mask(values, Some(&used), &test)?.iter().collect()
            };
            if !table.contains(&true) {
                return Ok(BooleanBuffer::new_unset(rows));
            }
            let mask = BooleanBuffer::collect_bool(rows, |row| {
                // The key of a null may be anything.
                table.get(key_values[row] as usize).copied().unwrap_or(false)
            });
            and_valid(mask, keys.nulls())
        }
        _ => plain_mask(array, among, &test)?,
    })
}

/// [`text_mask`] of text that is in no dictionary.
fn plain_mask(
    array: &ArrayRef,
    among: Among<'_>,
    test: &impl Fn(&str) -> bool,
) -> Result<BooleanBuffer, ArrowError> {
    let rows = array.len();
    let matters = |row: usize| among.is_none_or(|among| among.value(row));
    Ok(match array.data_type() {
        DataType::Utf8 => {
            let texts = array.as_string::<i32>();
            BooleanBuffer::collect_bool(rows, |row| {
                texts.is_valid(row) && matters(row) && test(texts.value(row))
            })
        }
        DataType::LargeUtf8 => {
            let texts = array.as_string::<i64>();
            BooleanBuffer::collect_bool(rows, |row| {
                texts.is_valid(row) && matters(row) && test(texts.value(row))
            })
        }
        DataType::Utf8View => {
            let texts = array.as_string_view();
            BooleanBuffer::collect_bool(rows, |row| {
                texts.is_valid(row) && matters(row) && test(texts.value(row))
            })
        }
        _ => return Err(unknown(array)),
    })
}

fn unknown(array: &ArrayRef) -> ArrowError {
    ArrowError::SchemaError(format!("a column of {} cannot be tested", array.data_type()))
}

fn check_mask(check: &Check, array: &ArrayRef, among: Among<'_>) -> Result<BooleanBuffer, ArrowError> {
    Ok(match array.data_type() {
        DataType::Int64 => integers::<Int64Type>(check, array, among, |value| value),
        DataType::UInt32 => integers::<UInt32Type>(check, array, among, i64::from),
        DataType::UInt8 => integers::<UInt8Type>(check, array, among, i64::from),
        DataType::Float64 => {
            let array = array.as_primitive::<Float64Type>();
            primitive_mask::<Float64Type>(array, |value| check.double(value))
        }
        DataType::Boolean => {
            let array = array.as_boolean();
            let (on_true, on_false) = (check.boolean(true), check.boolean(false));
            let mask = match (on_true, on_false) {
                (true, true) => BooleanBuffer::new_set(array.len()),
                (true, false) => array.values().clone(),
                (false, true) => !array.values(),
                (false, false) => BooleanBuffer::new_unset(array.len()),
            };
            and_valid(mask, array.nulls())
        }
        _ if matches!(check.text, TextRule::Never) => BooleanBuffer::new_unset(array.len()),
        _ => text_mask(array, among, |text| check.text(text))?,
    })
}

/// Whole numbers: the common comparisons as plain loops.
fn integers<T: ArrowPrimitiveType>(
    check: &Check,
    array: &ArrayRef,
    among: Among<'_>,
    widen: impl Fn(T::Native) -> i64,
) -> BooleanBuffer {
    let array = array.as_primitive::<T>();
    match &check.number {
        NumberRule::Never => BooleanBuffer::new_unset(array.len()),
        NumberRule::Integer(compare, number) => {
            let number = *number;
            match compare {
                Compare::Equal => primitive_mask::<T>(array, |value| widen(value) == number),
                Compare::NotEqual => primitive_mask::<T>(array, |value| widen(value) != number),
                Compare::Greater => primitive_mask::<T>(array, |value| widen(value) > number),
                Compare::GreaterOrEqual => primitive_mask::<T>(array, |value| widen(value) >= number),
                Compare::Less => primitive_mask::<T>(array, |value| widen(value) < number),
                Compare::LessOrEqual => primitive_mask::<T>(array, |value| widen(value) <= number),
            }
        }
        NumberRule::Printed(_) => {
            let values = array.values();
            let matters = |row: usize| array.is_valid(row) && among.is_none_or(|among| among.value(row));
            BooleanBuffer::collect_bool(values.len(), |row| matters(row) && check.integer(widen(values[row])))
        }
        _ => primitive_mask::<T>(array, |value| check.integer(widen(value))),
    }
}

/// A test of what lies under a key of JSON objects.
fn overflow_mask(array: &ArrayRef, key: &str, check: &Check, among: Among<'_>) -> BooleanBuffer {
    // What cannot hold the key, or the last one of a path, need not be read.
    let last = key.rsplit('.').next().unwrap_or(key);
    let end = format!("{last}\"");
    let finder = is_bare_in_json(last).then(|| memchr::memmem::Finder::new(end.as_bytes()));
    let test = |text: &str| {
        finder.as_ref().is_none_or(|finder| finder.find(text.as_bytes()).is_some())
            && overflow_value(text, key).is_some_and(|value| json_matches(&value, check))
    };
    text_mask(array, among, test).unwrap_or_else(|_| BooleanBuffer::new_unset(array.len()))
}

/// What lies under a key of a JSON object, or under a path of keys with dots between them.
pub(crate) fn overflow_value(text: &str, key: &str) -> Option<serde_json::Value> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    under(serde_json::from_str(text).ok()?, key)
}

fn under(value: serde_json::Value, path: &str) -> Option<serde_json::Value> {
    let serde_json::Value::Object(mut object) = value else { return None };
    if let Some(value) = object.remove(path) {
        return Some(value);
    }
    // A key may hold dots itself.
    path.match_indices('.').find_map(|(at, _)| under(object.remove(&path[..at])?, &path[at + 1..]))
}

fn json_matches(value: &serde_json::Value, check: &Check) -> bool {
    match value {
        serde_json::Value::Null => false,
        serde_json::Value::Bool(value) => check.boolean(*value),
        serde_json::Value::String(text) => check.text(text),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(integer) => check.integer(integer),
            None => number.as_f64().is_some_and(|number| check.double(number)),
        },
        nested => check.text(&nested.to_string()),
    }
}
