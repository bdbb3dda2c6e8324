//! Values of a field as numbers, for sums and quantiles.

use super::columns::Wanted;
use crate::compile::field::{Meaning, Place, Source, resolve};
use crate::eval::overflow_value;
use crate::lang::Field;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Float64Type, Int32Type, Int64Type, TimestampNanosecondType, UInt8Type,
    UInt32Type,
};
use events::columns::Columns;
use model::event::{Kind, ValueKind};

/// Where numbers come from.
#[derive(Clone, Debug)]
pub(crate) struct NumberPlan {
    levels: Vec<Vec<(usize, Option<String>)>>,
    /// All are whole numbers.
    pub whole: bool,
    /// They are nanoseconds.
    pub duration: bool,
}

impl NumberPlan {
    /// Wants the columns of a field; `None` when no event has it.
    pub fn new(kind: Kind, field: &str, columns: &Columns, wanted: &mut Wanted) -> Option<NumberPlan> {
        match resolve(kind, &Field::parse(field), columns) {
            Place::Nowhere => None,
            Place::Builtin { column, meaning } => {
                let whole = !matches!(column.data_type, DataType::Float64);
                let levels = vec![vec![(wanted.add(column), None)]];
                Some(NumberPlan { levels, whole, duration: meaning == Meaning::Duration })
            }
            Place::Levels { levels, .. } => {
                let is_whole =
                    |source: &Source| matches!(source, Source::Column { kind: ValueKind::Int, .. });
                let whole = levels.iter().flatten().all(is_whole);
                let mut source = |source: Source| match source {
                    Source::Column { column, .. } => (wanted.add(column), None),
                    Source::Overflow { column, key } => (wanted.add(column), Some(key)),
                };
                let levels =
                    levels.into_iter().map(|level| level.into_iter().map(&mut source).collect()).collect();
                Some(NumberPlan { levels, whole, duration: false })
            }
        }
    }

    /// A number for each of `len` rows; NaN where there is none.
    pub fn read(&self, columns: &[ArrayRef], len: usize, out: &mut Vec<f64>) {
        out.clear();
        out.resize(len, f64::NAN);
        for (column, overflow) in self.levels.iter().flatten() {
            let array = &columns[*column];
            if array.null_count() == len {
                continue;
            }
            match overflow {
                Some(key) => {
                    let texts = array.as_string_view();
                    fill(array, out, |row| {
                        overflow_value(texts.value(row), key).as_ref().map_or(f64::NAN, json_number)
                    });
                }
                None => numbers(array, out),
            }
        }
    }
}

fn numbers(array: &ArrayRef, out: &mut [f64]) {
    match array.data_type() {
        DataType::Int64 => primitive::<Int64Type>(array, out, |value| value as f64),
        DataType::UInt32 => primitive::<UInt32Type>(array, out, f64::from),
        DataType::UInt8 => primitive::<UInt8Type>(array, out, f64::from),
        DataType::Timestamp(..) => primitive::<TimestampNanosecondType>(array, out, |value| value as f64),
        DataType::Float64 => primitive::<Float64Type>(array, out, |value| value),
        DataType::Dictionary(..) => {
            let Some(dictionary) = array.as_dictionary_opt::<Int32Type>() else { return };
            let Some(texts) = dictionary.values().as_string_opt::<i32>() else { return };
            let table: Vec<f64> = texts.iter().map(|text| text.map_or(f64::NAN, parsed)).collect();
            let keys = dictionary.keys().values();
            fill(array, out, |row| table[keys[row] as usize]);
        }
        DataType::Utf8View => {
            let texts = array.as_string_view();
            fill(array, out, |row| parsed(texts.value(row)));
        }
        _ => {}
    }
}

fn parsed(text: &str) -> f64 {
    text.trim().parse().unwrap_or(f64::NAN)
}

fn json_number(value: &serde_json::Value) -> f64 {
    match value {
        serde_json::Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
        serde_json::Value::String(text) => parsed(text),
        _ => f64::NAN,
    }
}

fn primitive<T: ArrowPrimitiveType>(array: &ArrayRef, out: &mut [f64], widen: impl Fn(T::Native) -> f64) {
    let values = array.as_primitive::<T>().values();
    fill(array, out, |row| widen(values[row]));
}

/// Fills rows that have a value here and none yet.
fn fill(array: &ArrayRef, out: &mut [f64], value: impl Fn(usize) -> f64) {
    match array.nulls() {
        None => {
            for (row, out) in out.iter_mut().enumerate() {
                if out.is_nan() {
                    *out = value(row);
                }
            }
        }
        Some(nulls) => {
            for row in nulls.valid_indices() {
                if out[row].is_nan() {
                    out[row] = value(row);
                }
            }
        }
    }
}
