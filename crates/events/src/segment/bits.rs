//! Numbers of few bits, one right behind the other: the lowest bit first, bytes filled from their lowest bit.

/// Writes.
#[derive(Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits that do not fill a byte yet; fewer than eight between two calls.
    rest: u64,
    rest_bits: u32,
}

impl BitWriter {
    /// The lowest bits of a number, 32 at most.
    pub(super) fn put(&mut self, value: u32, bits: u32) {
        self.rest |= u64::from(value) << self.rest_bits;
        self.rest_bits += bits;
        while self.rest_bits >= 8 {
            self.bytes.push(self.rest as u8);
            self.rest >>= 8;
            self.rest_bits -= 8;
        }
    }

    /// So many zeros, and a one.
    fn put_unary(&mut self, zeros: u32) {
        for _ in 0..zeros / 32 {
            self.put(0, 32);
        }
        self.put(0, zeros % 32);
        self.put(1, 1);
    }

    /// Rice's code: what is above the lowest bits as so many zeros and a one, then those bits.
    pub(super) fn put_rice(&mut self, value: u32, low_bits: u32) {
        self.put_unary(value >> low_bits);
        self.put(value & ((1 << low_bits) - 1), low_bits);
    }

    /// Elias's gamma code of a number that is not zero: a zero for each bit below its highest, a one, and those bits.
    pub(super) fn put_gamma(&mut self, value: u32) {
        let below = value.ilog2();
        self.put_unary(below);
        self.put(value & ((1 << below) - 1), below);
    }

    /// The bytes; the last is filled up with zeros.
    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.rest_bits > 0 {
            self.bytes.push(self.rest as u8);
        }
        self.bytes
    }
}

/// Reads from bytes that may be anything: `None` where they end, or where a number has more than 32 bits.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    rest: u64,
    rest_bits: u32,
}

impl BitReader<'_> {
    pub(super) fn new(bytes: &[u8]) -> BitReader<'_> {
        BitReader { bytes, rest: 0, rest_bits: 0 }
    }

    pub(super) fn take(&mut self, bits: u32) -> Option<u32> {
        while self.rest_bits < bits {
            self.fill()?;
        }
        let value = self.rest & ((1 << bits) - 1);
        self.rest >>= bits;
        self.rest_bits -= bits;
        Some(value as u32)
    }

    fn fill(&mut self) -> Option<()> {
        let (first, others) = self.bytes.split_first()?;
        self.bytes = others;
        self.rest |= u64::from(*first) << self.rest_bits;
        self.rest_bits += 8;
        Some(())
    }

    fn take_unary(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.rest == 0 {
            zeros += self.rest_bits;
            self.rest_bits = 0;
            self.fill()?;
        }
        let here = self.rest.trailing_zeros();
        self.rest >>= here + 1;
        self.rest_bits -= here + 1;
        Some(zeros + here)
    }

    /// `low_bits` below 32.
    pub(super) fn take_rice(&mut self, low_bits: u32) -> Option<u32> {
        let high = self.take_unary()?;
        let low = self.take(low_bits)?;
        (high <= u32::MAX >> low_bits).then_some(high << low_bits | low)
    }

    pub(super) fn take_gamma(&mut self) -> Option<u32> {
        let below = self.take_unary().filter(|below| *below < 32)?;
        Some(1 << below | self.take(below)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Copy, Debug)]
    enum Code {
        Plain(u32),
        Rice(u32),
        Gamma,
    }

    fn codes() -> impl Strategy<Value = (Code, u32)> {
        prop_oneof![
            (0..=32_u32, any::<u32>())
                .prop_map(|(bits, value)| (Code::Plain(bits), (u64::from(value) & ((1 << bits) - 1)) as u32)),
            (0..32_u32, 0..200_u32, any::<u32>()).prop_map(|(low, high, value)| {
                let high = high.min(u32::MAX >> low);
                (Code::Rice(low), high << low | value & ((1 << low) - 1))
            }),
            (1..=u32::MAX).prop_map(|value| (Code::Gamma, value)),
        ]
    }

    fn take(reader: &mut BitReader, code: Code) -> Option<u32> {
        match code {
            Code::Plain(bits) => reader.take(bits),
            Code::Rice(low) => reader.take_rice(low),
            Code::Gamma => reader.take_gamma(),
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(numbers in proptest::collection::vec(codes(), 0..60)) {
            let mut writer = BitWriter::default();
            for (code, value) in &numbers {
                match *code {
                    Code::Plain(bits) => writer.put(*value, bits),
                    Code::Rice(low) => writer.put_rice(*value, low),
                    Code::Gamma => writer.put_gamma(*value),
                }
            }
            let bytes = writer.finish();
            let mut reader = BitReader::new(&bytes);
            for (code, value) in &numbers {
                prop_assert_eq!(take(&mut reader, *code), Some(*value));
            }
        }

        #[test]
        fn no_bytes_do_harm(bytes: Vec<u8>, codes in proptest::collection::vec(codes(), 1..60)) {
            let mut reader = BitReader::new(&bytes);
            for (code, _) in codes {
                let _ = take(&mut reader, code);
            }
        }
    }
}
