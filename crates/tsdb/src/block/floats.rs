//! Columns of floats as columns of integers, bit for bit.
//!
//! Most values that are measured are decimal numbers of few digits: `v = m ÷ 10ᵉ` with one exponent a column. Each
//! value is checked to come back with the same bits. Where some do not, there are three ways out, by cost: a few
//! stray values (stale markers, infinities, −0) are set aside as they are; values that miss by a few units in the
//! last place (microseconds divided by 1,000 twice) carry a column of corrections; all else is stored as its bits,
//! mapped so that neighbouring floats are neighbouring integers.

use crate::block::bytes::{Input, Malformed, put_varint};

/// Decimal places tried. Nanoseconds as seconds have 9; more are rarely anything but noise.
const PLACES_MAX: usize = 12;
/// Mantissas stay below 2⁵¹, where adding [`ROUNDER`] rounds to an integer and where products are exact enough.
const MANTISSA_MAX: f64 = (1u64 << 51) as f64;
/// 1.5 × 2⁵²: adding and subtracting it rounds to the nearest integer.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// Corrections past this many units in the last place mean that the values are not decimal.
const CORRECTION_MAX: i64 = 8;
/// Of the values tried first, at most a quarter may fail before the column is taken for binary.
const PROBE: usize = 32;
/// Values set aside cost ten bytes each: at most one in sixteen.
const STRAY_SHARE: usize = 16;

/// The form of a column of bits; below it, a form is a number of decimal places.
pub(crate) const FORM_BITS: u8 = 31;

const POWERS: [f64; PLACES_MAX + 1] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12];

/// A column of floats, taken apart. Kept to be filled again.
#[derive(Default)]
pub(crate) struct FloatColumn {
    /// Decimal places, or [`FORM_BITS`].
    pub form: u8,
    pub ints: Vec<i64>,
    /// Empty, or for each value the distance in units of the last place.
    pub corrections: Vec<i64>,
    /// Places and bits of what was set aside.
    pub strays: Vec<(u32, u64)>,
}

impl FloatColumn {
    /// Takes a column apart, replacing what was there. `values` must not be empty.
    pub fn fill(&mut self, values: &[f64]) {
        self.ints.clear();
        self.corrections.clear();
        self.strays.clear();
        let first = values[0].to_bits();
        if values.iter().all(|v| v.to_bits() == first) {
            return self.fill_constant(values);
        }
        match self.places(values) {
            Some(places) if self.fill_decimal(values, places) => self.form = places as u8,
            _ => self.fill_bits(values),
        }
    }

    fn fill_constant(&mut self, values: &[f64]) {
        let found = (0..=PLACES_MAX).find_map(|e| Some((e, mantissa(values[0], e)?)));
        let (form, int) = match found {
            Some((places, m)) => (places as u8, m),
            None => (FORM_BITS, ordered(values[0])),
        };
        self.form = form;
        self.ints.resize(values.len(), int);
    }

    /// The decimal places that the values need; `None` when too many of them are not decimal.
    fn places(&self, values: &[f64]) -> Option<usize> {
        let (mut places, mut failed) = (0, 0);
        for (i, v) in values.iter().enumerate() {
            if mantissa(*v, places).is_some() {
                continue;
            }
            match (places + 1..=PLACES_MAX).find(|e| mantissa(*v, *e).is_some()) {
                Some(more) => places = more,
                None => failed += v.is_finite() as usize,
            }
            // Corrections may still help where half the values fail, but not where nearly all do.
            if i >= PROBE && failed > i - i / 4 {
                return None;
            }
        }
        Some(places)
    }

    /// Whether the column could be stored as decimals.
    fn fill_decimal(&mut self, values: &[f64], places: usize) -> bool {
        let mut before = None;
        for (i, v) in values.iter().enumerate() {
            match mantissa(*v, places) {
                Some(m) => {
                    self.ints.push(m);
                    before = Some(m);
                }
                None => {
                    self.strays.push((i as u32, v.to_bits()));
                    self.ints.push(before.unwrap_or(0));
                }
            }
        }
        if self.strays.len() * STRAY_SHARE > values.len().max(STRAY_SHARE) {
            return self.correct(values, places);
        }
        // Strays at the head take the first value that is none, so that they make no step.
        if let Some(first) = (0..values.len()).find(|i| self.strays.get(*i).is_none_or(|s| s.0 != *i as u32))
        {
            let value = self.ints[first];
            self.ints[..first].fill(value);
        }
        true
    }

    /// Tries to replace strays by corrections.
    fn correct(&mut self, values: &[f64], places: usize) -> bool {
        let strays = std::mem::take(&mut self.strays);
        self.corrections.resize(values.len(), 0);
        for (i, bits) in &strays {
            let i = *i as usize;
            let Some((m, miss)) = nearest(f64::from_bits(*bits), places) else { return false };
            self.ints[i] = m;
            self.corrections[i] = miss;
        }
        true
    }

    fn fill_bits(&mut self, values: &[f64]) {
        self.form = FORM_BITS;
        self.corrections.clear();
        self.strays.clear();
        self.ints.clear();
        self.ints.extend(values.iter().map(|v| ordered(*v)));
    }

    pub fn put_strays(&self, out: &mut Vec<u8>) {
        put_varint(out, self.strays.len() as u64);
        let mut before = 0;
        for (place, bits) in &self.strays {
            put_varint(out, u64::from(place - before));
            out.extend_from_slice(&bits.to_le_bytes());
            before = *place;
        }
    }
}

/// `m` with `m ÷ 10ᵉ = v` to the bit.
#[inline]
fn mantissa(v: f64, places: usize) -> Option<i64> {
    let m = v * POWERS[places];
    if m.is_nan() || m.abs() >= MANTISSA_MAX {
        return None;
    }
    let m = (m + ROUNDER) - ROUNDER;
    // −0 and what rounds to it: 0 comes back as +0.
    ((m as i64 as f64 / POWERS[places]).to_bits() == v.to_bits()).then_some(m as i64)
}

/// The nearest decimal, and by how many units in the last place it misses.
fn nearest(v: f64, places: usize) -> Option<(i64, i64)> {
    let m = v * POWERS[places];
    if m.is_nan() || m.abs() >= MANTISSA_MAX {
        return None;
    }
    let m = ((m + ROUNDER) - ROUNDER) as i64;
    let miss = ordered(v).wrapping_sub(ordered(m as f64 / POWERS[places]));
    (miss.abs() <= CORRECTION_MAX).then_some((m, miss))
}

/// The bits of a float as an integer that ascends as floats do. Its own inverse on integers.
#[inline]
fn ordered(v: f64) -> i64 {
    flip(v.to_bits() as i64)
}

#[inline]
fn flip(bits: i64) -> i64 {
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// One value of a column that neither changes nor has corrections.
pub(crate) fn constant(form: u8, int: i64) -> f64 {
    match form {
        FORM_BITS => f64::from_bits(flip(int) as u64),
        places => int as f64 / POWERS[places as usize],
    }
}

/// Whether a form is one that [`join`] knows.
pub(crate) fn is_form(form: u8) -> bool {
    form == FORM_BITS || usize::from(form) <= PLACES_MAX
}

/// Puts integers together to floats, replacing what `out` held.
pub(crate) fn join(form: u8, ints: &[i64], out: &mut Vec<f64>) {
    out.clear();
    match form {
        FORM_BITS => out.extend(ints.iter().map(|i| f64::from_bits(flip(*i) as u64))),
        0 => out.extend(ints.iter().map(|i| *i as f64)),
        places => {
            let power = POWERS[places as usize];
            out.extend(ints.iter().map(|i| *i as f64 / power));
        }
    }
}

/// Adds corrections to joined values.
pub(crate) fn apply_corrections(corrections: &[i64], values: &mut [f64]) {
    for (v, c) in values.iter_mut().zip(corrections) {
        if *c != 0 {
            *v = f64::from_bits(flip(ordered(*v).wrapping_add(*c)) as u64);
        }
    }
}

/// Puts back what was set aside.
pub(crate) fn apply_strays(input: &mut Input<'_>, values: &mut [f64]) -> Result<(), Malformed> {
    let n = input.count()?;
    let mut place = 0usize;
    for _ in 0..n {
        place = place.saturating_add(input.varint()? as usize);
        let bits = input.fixed_u64()?;
        *values.get_mut(place).ok_or(Malformed("stray value past the end"))? = f64::from_bits(bits);
    }
    Ok(())
}

/// Passes over what was set aside of a column that is not read.
pub(crate) fn skip_strays(input: &mut Input<'_>) -> Result<(), Malformed> {
    for _ in 0..input.count()? {
        input.varint()?;
        input.take(8)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(values: &[f64]) -> FloatColumn {
        let mut column = FloatColumn::default();
        column.fill(values);
        assert_eq!(column.ints.len(), values.len());
        let mut strays = Vec::new();
        column.put_strays(&mut strays);
        let mut out = Vec::new();
        join(column.form, &column.ints, &mut out);
        apply_corrections(&column.corrections, &mut out);
        apply_strays(&mut Input(&strays), &mut out).unwrap();
        let bits = |v: &[f64]| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&out), bits(values));
        column
    }

    proptest! {
        #[test]
        fn bits_round_trip(bits in proptest::collection::vec(any::<u64>(), 1..50)) {
            round_trip(&bits.iter().map(|b| f64::from_bits(*b)).collect::<Vec<_>>());
        }

        #[test]
        fn decimals_round_trip_as_decimals(ms in proptest::collection::vec(-99_999i64..99_999, 2..50), e in 0usize..9) {
            let c = round_trip(&ms.iter().map(|m| *m as f64 / POWERS[e]).collect::<Vec<_>>());
            prop_assert!(c.form <= e as u8 && c.strays.is_empty() && c.corrections.is_empty());
        }

        #[test]
        fn mixtures_round_trip(mix in proptest::collection::vec(prop_oneof![
            8 => (-99_999i64..99_999).prop_map(|m| m as f64 / 100.0),
            1 => any::<f64>(),
            1 => prop_oneof![Just(-0.0), Just(f64::NAN), Just(f64::INFINITY), Just(model::stale_nan())],
            1 => (1i64..1_000_000).prop_map(|m| m as f64 / 1000.0 / 1000.0),
        ], 1..200)) {
            round_trip(&mix);
        }
    }

    #[test]
    fn a_stale_marker_is_set_aside() {
        let mut values: Vec<f64> = (0..100).map(|i| i as f64 * 0.25).collect();
        *values.last_mut().unwrap() = model::stale_nan();
        let c = round_trip(&values);
        assert_eq!((c.form, c.strays.len(), c.ints[99]), (2, 1, c.ints[98]));
        values.rotate_right(1);
        let c = round_trip(&values);
        assert_eq!((c.strays.len(), c.ints[0]), (1, c.ints[1]));
    }

    #[test]
    fn twice_divided_values_carry_corrections() {
        let values: Vec<f64> =
            (0..500).map(|i| (123_456_789u64 + i * 77_777) as f64 / 1000.0 / 1000.0).collect();
        let c = round_trip(&values);
        assert!(c.form == 6 && (c.strays.len() + c.corrections.len()) > 0, "form {}", c.form);
    }
}
