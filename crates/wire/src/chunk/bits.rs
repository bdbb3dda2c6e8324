//! Streams of bits, most significant first, and the variable-width numbers in them.

/// The widths of varbit numbers, each behind as many ones as wider ones are skipped, and a zero.
const WIDTHS: [u32; 7] = [3, 6, 9, 12, 18, 25, 56];

/// Appends bits to bytes.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    pub out: Vec<u8>,
    /// Bits of the last byte that are still free.
    free: u32,
}

/// The state of a chain of XORed doubles.
#[derive(Clone, Copy, Debug)]
pub(super) struct XorState {
    value: u64,
    /// Leading and trailing zeros of the last window; `None` before the first.
    window: Option<(u32, u32)>,
}

impl XorState {
    pub fn new(first: f64) -> XorState {
        XorState { value: first.to_bits(), window: None }
    }

    pub fn value(&self) -> f64 {
        f64::from_bits(self.value)
    }
}

impl BitWriter {
    pub fn byte(&mut self, byte: u8) {
        self.bits(u64::from(byte), 8);
    }

    /// The lowest `count` bits of `value`.
    pub fn bits(&mut self, value: u64, count: u32) {
        let mut left = count;
        while left > 0 {
            if self.free == 0 {
                self.out.push(0);
                self.free = 8;
            }
            let take = left.min(self.free);
            let part = (value >> (left - take)) & ((1 << take) - 1);
            self.free -= take;
            if let Some(last) = self.out.last_mut() {
                *last |= (part << self.free) as u8;
            }
            left -= take;
        }
    }

    /// LEB128, byte by byte but not aligned.
    pub fn uvarint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.byte(value as u8 | 0x80);
            value >>= 7;
        }
        self.byte(value as u8);
    }

    pub fn varint(&mut self, value: i64) {
        self.uvarint(((value << 1) ^ (value >> 63)) as u64);
    }

    pub fn varbit_int(&mut self, value: i64) {
        if value == 0 {
            return self.bits(0, 1);
        }
        for (i, width) in (0u32..).zip(WIDTHS) {
            if fits(value, width) {
                self.bits((1 << (i + 2)) - 2, i + 2);
                return self.bits(value as u64, width);
            }
        }
        self.bits(0xff, 8);
        self.bits(value as u64, 64);
    }

    pub fn varbit_uint(&mut self, value: u64) {
        if value == 0 {
            return self.bits(0, 1);
        }
        for (i, width) in (0u32..).zip(WIDTHS) {
            if value >> width == 0 {
                self.bits((1 << (i + 2)) - 2, i + 2);
                return self.bits(value, width);
            }
        }
        self.bits(0xff, 8);
        self.bits(value, 64);
    }

    /// The difference of a double to the one before.
    pub fn xor(&mut self, state: &mut XorState, value: f64) {
        let delta = value.to_bits() ^ state.value;
        state.value = value.to_bits();
        if delta == 0 {
            return self.bits(0, 1);
        }
        self.bits(1, 1);
        // Five bits hold the number of leading zeros.
        let (leading, trailing) = (delta.leading_zeros().min(31), delta.trailing_zeros());
        match state.window {
            Some((l, t)) if leading >= l && trailing >= t => {
                self.bits(0, 1);
                self.bits(delta >> t, 64 - l - t);
            }
            _ => {
                state.window = Some((leading, trailing));
                let width = 64 - leading - trailing;
                self.bits(1, 1);
                self.bits(u64::from(leading), 5);
                self.bits(u64::from(width), 6); // 64 becomes 0, which no width is
                self.bits(delta >> trailing, width);
            }
        }
    }
}

/// Whether a signed number fits a width: one more above zero than below.
pub(super) fn fits(value: i64, width: u32) -> bool {
    -((1 << (width - 1)) - 1) <= value && value <= 1 << (width - 1)
}

/// Reads bits. Every verb gives `None` behind the end.
#[derive(Debug)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    at_bit: usize,
}

impl<'a> BitReader<'a> {
    pub fn new(bytes: &'a [u8]) -> BitReader<'a> {
        BitReader { bytes, at_bit: 0 }
    }

    pub fn bits(&mut self, count: u32) -> Option<u64> {
        let mut value = 0u64;
        for _ in 0..count {
            let byte = *self.bytes.get(self.at_bit / 8)?;
            value = value << 1 | u64::from(byte >> (7 - self.at_bit % 8) & 1);
            self.at_bit += 1;
        }
        Some(value)
    }

    pub fn uvarint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for i in 0..10 {
            let byte = self.bits(8)?;
            value |= (byte & 0x7f) << (7 * i);
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    pub fn varint(&mut self) -> Option<i64> {
        self.uvarint().map(crate::proto::zigzag)
    }

    /// How many ones come before a zero, at most `max`.
    pub fn ones(&mut self, max: u32) -> Option<u32> {
        for i in 0..max {
            if self.bits(1)? == 0 {
                return Some(i);
            }
        }
        Some(max)
    }

    /// A signed number of a width, as [`fits`] has it.
    pub fn signed(&mut self, width: u32) -> Option<i64> {
        let bits = self.bits(width)?;
        Some(if width < 64 && bits > 1 << (width - 1) { bits.wrapping_sub(1 << width) } else { bits } as i64)
    }

    pub fn xor(&mut self, state: &mut XorState) -> Option<f64> {
        if self.bits(1)? == 1 {
            if self.bits(1)? == 1 {
                let leading = self.bits(5)? as u32;
                let width = match self.bits(6)? as u32 {
                    0 => 64,
                    width => width,
                };
                state.window = Some((leading, 64u32.checked_sub(leading + width)?));
            }
            let (leading, trailing) = state.window?;
            state.value ^= self.bits(64 - leading - trailing)? << trailing;
        }
        Some(state.value())
    }
}

#[cfg(test)]
impl BitReader<'_> {
    pub fn varbit_int(&mut self) -> Option<i64> {
        match self.ones(8)? {
            0 => Some(0),
            8 => self.signed(64),
            n => self.signed(WIDTHS[n as usize - 1]),
        }
    }

    pub fn varbit_uint(&mut self) -> Option<u64> {
        match self.ones(8)? {
            0 => Some(0),
            8 => self.bits(64),
            n => self.bits(WIDTHS[n as usize - 1]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn widths_have_the_published_edges() {
        let len = |value: i64| {
            let mut writer = BitWriter::default();
            writer.varbit_int(value);
            writer.out.len() * 8 - writer.free as usize
        };
        let want = [(0, 1), (4, 5), (-3, 5), (5, 9), (32, 9), (33, 13), (256, 13), (257, 17), (2048, 17)];
        for (value, bits) in want {
            assert_eq!(len(value), bits, "{value}");
        }
        assert_eq!(
            [len(131_072), len(131_073), len(16_777_216), len(1 << 55), len(i64::MAX)],
            [24, 32, 32, 64, 72]
        );
    }

    proptest! {
        #[test]
        fn numbers_round_trip(ints: Vec<i64>, shift in 0u32..63, floats: Vec<u64>) {
            let mut writer = BitWriter::default();
            let mut state = XorState::new(0.0);
            for i in &ints {
                writer.varbit_int(i >> shift);
                writer.varbit_uint((*i as u64) >> shift);
                writer.varint(*i);
            }
            floats.iter().for_each(|f| writer.xor(&mut state, f64::from_bits(*f)));
            let mut reader = BitReader::new(&writer.out);
            for i in &ints {
                prop_assert_eq!(reader.varbit_int(), Some(i >> shift));
                prop_assert_eq!(reader.varbit_uint(), Some((*i as u64) >> shift));
                prop_assert_eq!(reader.varint(), Some(*i));
            }
            let mut state = XorState::new(0.0);
            for f in &floats {
                prop_assert_eq!(reader.xor(&mut state).map(f64::to_bits), Some(*f));
            }
        }
    }
}
