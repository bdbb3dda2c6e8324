//! Bodies: what is read, decoded, and refused.

use super::HttpError;
use flate2::read::MultiGzDecoder;
use std::io::{self, Read};

/// Memory reserved on the word of a `Content-Length`: the rest must come first.
pub(super) const RESERVE_BYTES_MAX: u64 = 1 << 20;

/// A body without its `Content-Encoding`.
#[derive(Debug, PartialEq)]
pub struct Decoded {
    bytes: Vec<u8>,
}

impl Decoded {
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Undoes a `Content-Encoding`; a body that becomes `limit_bytes` or more is refused, however small it was.
///
/// This is work for the CPU: large bodies belong on a thread that may block.
pub fn decode(raw: Vec<u8>, encoding: &str, limit_bytes: u64) -> Result<Decoded, HttpError> {
    if !encoding.eq_ignore_ascii_case("gzip") && !encoding.eq_ignore_ascii_case("x-gzip") {
        if raw.len() as u64 >= limit_bytes {
            return Err(HttpError::BodyTooLarge { limit_bytes });
        }
        return Ok(Decoded { bytes: raw });
    }
    let mut bytes = Vec::with_capacity(length_hint(&raw).min(RESERVE_BYTES_MAX.min(limit_bytes)) as usize);
    let read = MultiGzDecoder::new(raw.as_slice()).take(limit_bytes).read_to_end(&mut bytes);
    read.map_err(|e| HttpError::Body(gzip_reason(&e)))?;
    if bytes.len() as u64 >= limit_bytes {
        return Err(HttpError::BodyTooLarge { limit_bytes });
    }
    Ok(Decoded { bytes })
}

/// The length that the last four bytes claim (RFC 1952, ISIZE), and a byte to find the end with.
fn length_hint(raw: &[u8]) -> u64 {
    raw.last_chunk::<4>().map_or(0, |isize| u64::from(u32::from_le_bytes(*isize)) + 1)
}

fn gzip_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "gzip: unexpected EOF".to_owned(),
        _ => format!("gzip: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn undoes_gzip_and_leaves_the_rest_alone() {
        let text = b"up 1\n".repeat(1000);
        assert_eq!(decode(gzip(&text), "gzip", u64::MAX).unwrap().bytes, text);
        assert_eq!(decode(text.clone(), "identity", u64::MAX).unwrap().bytes, text);
        assert_eq!(decode(Vec::new(), "", 1).unwrap().bytes, b"");
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = gzip(&vec![0; 10 << 20]);
        assert!(bomb.len() < 1 << 20);
        let error = decode(bomb, "gzip", 1 << 20).unwrap_err();
        assert!(matches!(error, HttpError::BodyTooLarge { limit_bytes } if limit_bytes == 1 << 20));
    }

    #[test]
    fn a_body_cut_off_is_an_error() {
        let whole = gzip(b"some text that is long enough to be cut");
        for end in [0, 5, 12, whole.len() - 1] {
            let error = decode(whole[..end].to_vec(), "gzip", u64::MAX).unwrap_err();
            assert!(error.to_string().starts_with("gzip: "), "{end}: {error}");
        }
        assert!(decode(b"not gzip at all".to_vec(), "gzip", u64::MAX).is_err());
    }
}
