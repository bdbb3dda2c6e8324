//! The name of a block: a ULID, so that names sort by time of creation.
//!
//! 48 bits of Unix milliseconds, then 80 bits of randomness, printed as 26 characters of Crockford's base 32
//! (<https://github.com/ulid/spec>): what Prometheus's `/status/tsdb/blocks` and snapshots show.

use base::random::Random;
use std::fmt;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// ⌈128 bits ÷ 5 bits⌉ characters; the first holds 3 bits.
const CHARACTERS: u32 = 26;

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockId(pub u128);

impl BlockId {
    /// A new name; two made in one millisecond differ by their random bits.
    pub fn new(now_ms: i64, random: &mut Random) -> BlockId {
        let tail = ((random.next_u64() as u128) << 16) | (random.next_u64() as u128 & 0xffff);
        BlockId(((now_ms.max(0) as u128) << 80) | tail)
    }

    /// Reads what [`fmt::Display`] prints.
    pub fn parse(text: &str) -> Option<BlockId> {
        if text.len() != CHARACTERS as usize {
            return None;
        }
        let mut id = 0u128;
        for (i, c) in text.bytes().enumerate() {
            let digit = ALPHABET.iter().position(|a| *a == c.to_ascii_uppercase())? as u128;
            if i == 0 && digit > 7 {
                return None;
            }
            id = (id << 5) | digit;
        }
        Some(BlockId(id))
    }

    /// When it was made, Unix milliseconds.
    pub fn created_ms(self) -> i64 {
        (self.0 >> 80) as i64
    }

    /// `<id>.blk`
    pub fn file_name(self) -> String {
        format!("{self}.blk")
    }
}

impl fmt::Display for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for i in (0..CHARACTERS).rev() {
            let digit = (self.0 >> (5 * i)) as usize & 31;
            write!(f, "{}", ALPHABET[digit] as char)?;
        }
        Ok(())
    }
}

impl fmt::Debug for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_reads_back() {
        let mut random = Random::seeded(7);
        for ms in [0, 1, 1_700_000_000_000] {
            let id = BlockId::new(ms, &mut random);
            assert_eq!(BlockId::parse(&id.to_string()), Some(id));
            assert_eq!(id.created_ms(), ms);
        }
        let of_the_spec = BlockId::parse("01ARYZ6S41TSV4RRFFQ69G5FAV").unwrap();
        assert_eq!(of_the_spec.created_ms(), 1_469_918_176_385);
    }

    #[test]
    fn refuses_what_is_not_an_id() {
        for text in
            ["", "01ARYZ6S41TSV4RRFFQ69G5FA", "81ARYZ6S41TSV4RRFFQ69G5FAV", "01ARYZ6S41TSV4RRFFQ69G5FAU"]
        {
            assert_eq!(BlockId::parse(text), None, "{text}");
        }
    }
}
