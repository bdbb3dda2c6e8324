//! Snappy's block format, held against a limit before anything is allocated.
//!
//! A block begins with the length of what is in it. That length is a peer's claim: it is refused when it is over
//! the limit, and when so few bytes cannot make that much whatever they are. Source:
//! <https://github.com/google/snappy/blob/main/format_description.txt>.

/// The densest element is a copy of 64 bytes in 3.
const EXPANSION_MAX: usize = 64 / 3 + 1;

/// Why a block was not unpacked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnappyError {
    #[error("snappy: corrupt input")]
    Corrupt,
    #[error("snappy: decoded block is too large: {declared_bytes} bytes, the limit is {limit_bytes}")]
    TooLarge { declared_bytes: u64, limit_bytes: usize },
}

/// Unpacks a block into `buffer`, which is reused: it grows and is not cleared. Gives what was unpacked.
pub fn decompress<'b>(
    block: &[u8],
    buffer: &'b mut Vec<u8>,
    limit_bytes: usize,
) -> Result<&'b [u8], SnappyError> {
    let len = snap::raw::decompress_len(block).map_err(|error| match error {
        snap::Error::TooBig { given, .. } => SnappyError::TooLarge { declared_bytes: given, limit_bytes },
        _ => SnappyError::Corrupt,
    })?;
    if len > limit_bytes {
        return Err(SnappyError::TooLarge { declared_bytes: len as u64, limit_bytes });
    }
    if len > block.len().saturating_mul(EXPANSION_MAX) {
        return Err(SnappyError::Corrupt);
    }
    if buffer.len() < len {
        buffer.resize(len, 0);
    }
    let unpacked = &mut buffer[..len];
    let written = snap::raw::Decoder::new().decompress(block, unpacked).map_err(|_| SnappyError::Corrupt)?;
    Ok(&buffer[..written])
}

/// Packs bytes into a block.
pub fn compress(bytes: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new()
        .compress_vec(bytes)
        .expect("snappy refuses only what is longer than 2^32 - 1 bytes, which no message of ours is")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 1 << 20;

    #[test]
    fn round_trips_and_reuses() {
        let mut buffer = Vec::new();
        for bytes in [&b""[..], b"a", &[7; 5000], b"abcabcabcabcabcabcabcabc"] {
            assert_eq!(decompress(&compress(bytes), &mut buffer, LIMIT).unwrap(), bytes);
        }
    }

    #[test]
    fn a_bomb_is_refused_before_memory_is_taken() {
        let mut buffer = Vec::new();
        // 4 GiB less one, and nothing behind it.
        let bomb = [0xff, 0xff, 0xff, 0xff, 0x0f];
        let declared_bytes = u64::from(u32::MAX);
        assert_eq!(
            decompress(&bomb, &mut buffer, LIMIT),
            Err(SnappyError::TooLarge { declared_bytes, limit_bytes: LIMIT })
        );
        // One mebibyte is within the limit, but not in five bytes.
        assert_eq!(decompress(&[0x80, 0x80, 0x40, 0, 0], &mut buffer, LIMIT), Err(SnappyError::Corrupt));
        assert_eq!(buffer.capacity(), 0);
    }

    #[test]
    fn corrupt_blocks_are_refused() {
        let mut buffer = Vec::new();
        let good = compress(&[7; 500]);
        for block in [&b""[..], &good[..good.len() - 1], &[0xff; 12], &[4, 0xf0, 9]] {
            assert_eq!(decompress(block, &mut buffer, LIMIT), Err(SnappyError::Corrupt), "{block:?}");
        }
    }
}
