//! Columns of 64-bit integers: what values, timestamps and start times become before they are stored.
//!
//! A column that does not change is its first value. Any other is brought to small numbers first: differences to
//! the first value are divided by their greatest common divisor (memory comes in pages, sectors in eights), then
//! taken as they are around their median, or as differences, as differences around their median (counters with a
//! steady rate), or as differences of differences, whichever is estimated the shortest. Each small number is a
//! token — its sign and its bit length — and the bits below its leading one. Tokens of all columns of a page lie
//! together and are compressed; the bits below are noise and are stored as they are.
//!
//! All arithmetic wraps, so every `i64` round-trips. The head of a column (kind, first value, divisor, centre) is
//! kept by kind of field, so that equal heads of neighbouring series compress to nothing.
//!
//! Knows nothing of floats, series or time.

use crate::block::bytes::{Input, Malformed, put_bytes, put_signed, put_varint};

/// Columns past this length are judged by [`SAMPLE_RUNS`] runs of it instead of whole.
const SAMPLE_MAX: usize = 512;
const SAMPLE_RUNS: usize = 4;
/// 0, and a sign and a bit length 0 … 63: 1 + 2 × 64.
const TOKENS: usize = 129;
/// A reader loads eight bytes at a time: that many zeroes end the bits.
pub(crate) const BITS_PADDING: usize = 8;
/// First values are stored as differences to the one before in the same lane.
pub(crate) const LANES: usize = 32;

const CONSTANT: u8 = 0;
const PLAIN: u8 = 1;
const DELTA: u8 = 2;
const DELTA2: u8 = 3;

/// Collects the columns of a page.
#[derive(Default)]
pub(crate) struct IntsWriter {
    kinds: Vec<u8>,
    firsts: Vec<u8>,
    scales: Vec<u8>,
    centres: Vec<u8>,
    /// The last first value of each lane.
    previous: [i64; LANES],
    pub tokens: Vec<u8>,
    bits: BitWriter,
    scratch: Scratch,
}

#[derive(Default)]
struct Scratch {
    scaled: Vec<i64>,
    delta: Vec<i64>,
    median: Vec<i64>,
}

impl IntsWriter {
    /// Adds a column, which must not be empty. Returns whether it changes.
    pub fn push(&mut self, column: &[i64], lane: usize) -> bool {
        let first = column[0];
        if column.iter().all(|v| *v == first) {
            self.kinds.push(CONSTANT);
            self.put_first(first, lane);
            return false;
        }
        let mut s = std::mem::take(&mut self.scratch);
        let scale = scale_into(column, &mut s.scaled);
        s.delta.clear();
        s.delta.extend(s.scaled.windows(2).map(|w| w[1].wrapping_sub(w[0])));
        let (kind, centre) = choose(&s.scaled, &s.delta, &mut s.median);
        self.kinds.push(kind);
        put_varint(&mut self.scales, scale as u64);
        match kind {
            PLAIN => {
                self.put_first(first.wrapping_add(centre.wrapping_mul(scale)), lane);
                s.scaled.iter().for_each(|v| self.put_token(v.wrapping_sub(centre)));
            }
            DELTA => {
                self.put_first(first, lane);
                put_signed(&mut self.centres, centre);
                s.delta.iter().for_each(|v| self.put_token(v.wrapping_sub(centre)));
            }
            _ => {
                self.put_first(first, lane);
                let mut before = 0i64;
                for v in &s.delta {
                    self.put_token(v.wrapping_sub(before));
                    before = *v;
                }
            }
        }
        self.scratch = s;
        true
    }

    fn put_first(&mut self, first: i64, lane: usize) {
        put_signed(&mut self.firsts, first.wrapping_sub(self.previous[lane]));
        self.previous[lane] = first;
    }

    #[inline]
    fn put_token(&mut self, value: i64) {
        if value == 0 {
            self.tokens.push(0);
            return;
        }
        let magnitude = value.unsigned_abs();
        let length = 63 - magnitude.leading_zeros();
        self.tokens.push(1 + 2 * length as u8 + (value < 0) as u8);
        self.bits.put(magnitude & !(1 << length), length);
    }

    /// Appends the heads of all columns.
    pub fn put_heads(&self, out: &mut Vec<u8>) {
        for column in [&self.kinds, &self.firsts, &self.scales, &self.centres] {
            put_bytes(out, column);
        }
    }

    /// The bits below the leading ones, padded.
    pub fn finish_bits(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bits).finish()
    }

    /// Forgets all columns, keeping the memory.
    pub fn clear(&mut self) {
        for column in
            [&mut self.kinds, &mut self.firsts, &mut self.scales, &mut self.centres, &mut self.tokens]
        {
            column.clear();
        }
        self.previous = [0; LANES];
        self.bits = BitWriter::default();
    }
}

/// Differences to the first value over their greatest common divisor. Returns the divisor, at least 1.
fn scale_into(column: &[i64], scaled: &mut Vec<i64>) -> i64 {
    let first = column[0];
    scaled.clear();
    scaled.extend(column.iter().map(|v| v.wrapping_sub(first)));
    let mut divisor = 0u64;
    for v in scaled.iter().map(|v| v.unsigned_abs()) {
        if divisor == 1 {
            return 1;
        }
        if v != 0 && (divisor == 0 || v % divisor != 0) {
            divisor = gcd(divisor, v);
        }
    }
    // 2⁶³ is not an i64: a column of two extremes goes unscaled.
    let Ok(divisor) = i64::try_from(divisor) else { return 1 };
    if divisor > 1 {
        scaled.iter_mut().for_each(|v| *v /= divisor);
    }
    divisor
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The kind estimated the shortest, and its centre.
fn choose(scaled: &[i64], delta: &[i64], median: &mut Vec<i64>) -> (u8, i64) {
    let centre_of = |values: &[i64], median: &mut Vec<i64>| {
        median.clear();
        sampled(values).for_each(|run| median.extend_from_slice(run));
        let middle = median.len() / 2;
        *median.select_nth_unstable(middle).1
    };
    let plain_centre = centre_of(scaled, median);
    let delta_centre = centre_of(delta, median);
    let plain = cost(sampled(scaled).flatten().map(|v| v.wrapping_sub(plain_centre)));
    let mut best = (cost(sampled(delta).flatten().copied()), DELTA, 0);
    let mut offer = |cost: u64, kind: u8, centre: i64| {
        if cost < best.0 {
            best = (cost, kind, centre);
        }
    };
    if delta_centre != 0 {
        // The centre itself takes a byte or two in the head.
        let head_bits = 8 + 64 - u64::from(delta_centre.unsigned_abs().leading_zeros());
        let around = cost(sampled(delta).flatten().map(|v| v.wrapping_sub(delta_centre)));
        offer(around + (head_bits << FRACTION_BITS), DELTA, delta_centre);
    }
    offer(cost(sampled(delta).flat_map(|run| run.windows(2)).map(|w| w[1].wrapping_sub(w[0]))), DELTA2, 0);
    offer(plain, PLAIN, plain_centre);
    (best.1, best.2)
}

/// The whole of a short column, some runs of a long one.
fn sampled(values: &[i64]) -> impl Iterator<Item = &[i64]> {
    let n = values.len();
    let (runs, length) = if n <= SAMPLE_MAX { (1, n) } else { (SAMPLE_RUNS, SAMPLE_MAX / SAMPLE_RUNS) };
    (0..runs).map(move |i| {
        let start = if runs == 1 { 0 } else { (n - length) * i / (runs - 1) };
        &values[start..start + length]
    })
}

/// Costs are in bits × 2⁸.
const FRACTION_BITS: u32 = 8;

/// The estimated length of numbers as tokens and bits: the entropy of the tokens, plus the bits.
fn cost(values: impl Iterator<Item = i64>) -> u64 {
    let mut counts = [0u16; TOKENS];
    let (mut bits, mut n, mut top) = (0u64, 0usize, 0usize);
    for v in values {
        let token = if v == 0 {
            0
        } else {
            let length = 63 - v.unsigned_abs().leading_zeros();
            bits += length as u64;
            1 + 2 * length as usize + (v < 0) as usize
        };
        counts[token] += 1;
        top = top.max(token);
        n += 1;
    }
    let entropy = n_log2_n(n) - counts[..=top].iter().map(|c| n_log2_n(*c as usize)).sum::<u64>();
    (bits << FRACTION_BITS) + entropy
}

/// `n · log₂ n`, in the unit of [`cost`].
fn n_log2_n(n: usize) -> u64 {
    const TABLE: usize = SAMPLE_MAX + 1;
    static TABLE_CELL: std::sync::OnceLock<[u32; TABLE]> = std::sync::OnceLock::new();
    let table = TABLE_CELL.get_or_init(|| {
        std::array::from_fn(|n| match n {
            0 => 0,
            n => (n as f64 * (n as f64).log2() * (1 << FRACTION_BITS) as f64).round() as u32,
        })
    });
    table[n] as u64
}

/// Bits, low ones first.
#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    word: u64,
    used: u32,
}

impl BitWriter {
    /// `value` has no bits above `length`, which is at most 63.
    #[inline]
    fn put(&mut self, value: u64, length: u32) {
        self.word |= value << self.used;
        if self.used + length >= 64 {
            self.bytes.extend_from_slice(&self.word.to_le_bytes());
            let written = 64 - self.used;
            self.word = if written < 64 { value >> written } else { 0 };
            self.used = self.used + length - 64;
        } else {
            self.used += length;
        }
    }

    fn finish(mut self) -> Vec<u8> {
        let n = self.used.div_ceil(8) as usize;
        self.bytes.extend_from_slice(&self.word.to_le_bytes()[..n]);
        self.bytes.extend_from_slice(&[0; BITS_PADDING]);
        self.bytes
    }
}

/// Where a column lies in its page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    kind: u8,
    pub count: usize,
    first: i64,
    scale: i64,
    centre: i64,
    token_start: usize,
    bit_start: u64,
}

impl Column {
    /// The one value of a column that does not change.
    pub fn constant(&self) -> Option<i64> {
        (self.kind == CONSTANT).then_some(self.first)
    }
}

/// Reads the heads of columns one after another, in the order they were pushed.
pub(crate) struct IntsHeads<'a> {
    kinds: Input<'a>,
    firsts: Input<'a>,
    scales: Input<'a>,
    centres: Input<'a>,
    previous: [i64; LANES],
    tokens: &'a [u8],
    token_at: usize,
    bit_at: u64,
}

impl<'a> IntsHeads<'a> {
    pub fn read(head: &mut Input<'a>, tokens: &'a [u8]) -> Result<IntsHeads<'a>, Malformed> {
        let mut next = || head.bytes().map(Input);
        Ok(IntsHeads {
            kinds: next()?,
            firsts: next()?,
            scales: next()?,
            centres: next()?,
            previous: [0; LANES],
            tokens,
            token_at: 0,
            bit_at: 0,
        })
    }

    /// The next column, of `count` values.
    pub fn next(&mut self, count: usize, lane: usize) -> Result<Column, Malformed> {
        let kind = self.kinds.byte()?;
        let first = self.previous[lane].wrapping_add(self.firsts.signed()?);
        self.previous[lane] = first;
        let mut column = Column {
            kind,
            count,
            first,
            scale: 1,
            centre: 0,
            token_start: self.token_at,
            bit_start: self.bit_at,
        };
        if kind == CONSTANT {
            return Ok(column);
        }
        column.scale = self.scales.varint()? as i64;
        let tokens = match kind {
            PLAIN => count,
            DELTA | DELTA2 => count - 1,
            _ => return Err(Malformed("unknown kind of column")),
        };
        if kind == DELTA {
            column.centre = self.centres.signed()?;
        }
        let end = self.token_at + tokens;
        let taken = self.tokens.get(self.token_at..end).ok_or(Malformed("tokens end early"))?;
        self.token_at = end;
        self.bit_at += taken.chunks(1 << 16).map(bits_of).sum::<u64>();
        Ok(column)
    }

    /// Ends the reading: all bits that the tokens promise must be there.
    pub fn finish(self, bits: &[u8]) -> Result<(), Malformed> {
        if self.token_at != self.tokens.len() {
            return Err(Malformed("tokens left over"));
        }
        if bits.len() < BITS_PADDING || self.bit_at > 8 * (bits.len() - BITS_PADDING) as u64 {
            return Err(Malformed("bits end early"));
        }
        Ok(())
    }
}

/// Bits below the leading ones, of at most 2¹⁶ tokens: at most 63 × 2¹⁶ fits 32 bits and the loop vectorises.
fn bits_of(tokens: &[u8]) -> u64 {
    tokens.iter().map(|t| (t.saturating_sub(1) >> 1) as u32).sum::<u32>() as u64
}

/// Decodes a column, replacing what `out` held. `tokens` and `bits` are those that [`IntsHeads`] was made of and
/// finished with.
pub(crate) fn decode(column: &Column, tokens: &[u8], bits: &[u8], out: &mut Vec<i64>) {
    out.clear();
    if column.kind == CONSTANT {
        out.resize(column.count, column.first);
        return;
    }
    out.reserve(column.count);
    let (first, scale, centre) = (column.first, column.scale, column.centre);
    let n = if column.kind == PLAIN { column.count } else { column.count - 1 };
    let tokens = &tokens[column.token_start..column.token_start + n];
    let mut at = column.bit_start;
    match column.kind {
        PLAIN => {
            out.extend(
                tokens.iter().map(|t| first.wrapping_add(take(*t, bits, &mut at).wrapping_mul(scale))),
            );
        }
        DELTA => {
            let (mut value, step) = (first, centre.wrapping_mul(scale));
            out.push(value);
            out.extend(tokens.iter().map(|t| {
                value = value.wrapping_add(take(*t, bits, &mut at).wrapping_mul(scale)).wrapping_add(step);
                value
            }));
        }
        _ => {
            let (mut value, mut delta) = (first, 0i64);
            out.push(value);
            out.extend(tokens.iter().map(|t| {
                delta = delta.wrapping_add(take(*t, bits, &mut at).wrapping_mul(scale));
                value = value.wrapping_add(delta);
                value
            }));
        }
    }
}

/// The number of a token.
#[inline(always)]
fn take(token: u8, bits: &[u8], at: &mut u64) -> i64 {
    if token == 0 {
        return 0;
    }
    let code = (token - 1) as u32;
    let length = (code >> 1) & 63;
    let start = (*at >> 3) as usize;
    let shift = (*at & 7) as u32;
    let word = u64::from_le_bytes(bits[start..start + 8].try_into().expect("eight bytes"));
    let mut low = word >> shift;
    if length + shift > 64 {
        low |= (bits[start + 8] as u64) << (64 - shift);
    }
    *at += length as u64;
    let magnitude = (1u64 << length) | (low & ((1u64 << length) - 1));
    let sign = -((code & 1) as i64);
    ((magnitude as i64) ^ sign).wrapping_sub(sign)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(columns: &[Vec<i64>]) {
        let mut writer = IntsWriter::default();
        for (i, column) in columns.iter().enumerate() {
            writer.push(column, i % LANES);
        }
        let mut head = Vec::new();
        writer.put_heads(&mut head);
        let bits = writer.finish_bits();
        let tokens = std::mem::take(&mut writer.tokens);
        let mut heads = IntsHeads::read(&mut Input(&head), &tokens).unwrap();
        let mut out = Vec::new();
        for (i, column) in columns.iter().enumerate() {
            let c = heads.next(column.len(), i % LANES).unwrap();
            decode(&c, &tokens, &bits, &mut out);
            assert_eq!(&out, column);
        }
        heads.finish(&bits).unwrap();
    }

    fn column() -> impl Strategy<Value = Vec<i64>> {
        let any_numbers = proptest::collection::vec(any::<i64>(), 1..40);
        let small = (any::<i64>(), -3i64..4, proptest::collection::vec(-9i64..10, 1..700), 1i64..5000)
            .prop_map(|(first, slope, noise, scale)| {
                let at = |(i, n): (usize, &i64)| {
                    first.wrapping_add((i as i64 * slope).wrapping_add(*n).wrapping_mul(scale))
                };
                noise.iter().enumerate().map(at).collect()
            });
        let extremes = proptest::collection::vec(
            prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0), Just(-1), Just(1)],
            1..20,
        );
        prop_oneof![any_numbers, small, extremes]
    }

    proptest! {
        #[test]
        fn columns_round_trip(columns in proptest::collection::vec(column(), 1..8)) {
            round_trip(&columns);
        }

        #[test]
        fn garbage_is_refused_or_decoded_but_never_panics(
            head in any::<Vec<u8>>(), tokens in proptest::collection::vec(0u8..129, 0..50),
            mut bits in any::<Vec<u8>>(), counts in proptest::collection::vec(1usize..20, 1..5),
        ) {
            bits.extend_from_slice(&[0; BITS_PADDING]);
            let Ok(mut heads) = IntsHeads::read(&mut Input(&head), &tokens) else { return Ok(()) };
            let columns: Vec<Column> = counts.iter().map_while(|c| heads.next(*c, 0).ok()).collect();
            if heads.finish(&bits).is_ok() {
                let mut out = Vec::new();
                columns.iter().for_each(|c| decode(c, &tokens, &bits, &mut out));
            }
        }
    }

    #[test]
    fn a_steady_counter_of_pages_takes_no_bits() {
        let mut writer = IntsWriter::default();
        let column: Vec<i64> = (0..240).map(|i| 7 + i * 4096 * 3).collect();
        assert!(writer.push(&column, 0));
        assert!(writer.tokens.iter().all(|t| *t == writer.tokens[0]));
        assert_eq!(writer.finish_bits().len(), BITS_PADDING);
    }
}
