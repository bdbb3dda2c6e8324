//! Bodies: what is read, decoded, and refused.

use super::HttpError;
use flate2::read::MultiGzDecoder;
use libdeflater::DecompressionError;
use std::io::{self, Read};
use std::ops::Deref;

/// Memory reserved on the word of a `Content-Length`: the rest must come first.
pub(super) const RESERVE_BYTES_MAX: u64 = 1 << 20;

/// How a member begins (RFC 1952, section 2.3.1: ID1, ID2, CM), and how long the shortest is: ten bytes of header, two
/// of data, eight of trailer.
const MEMBER_START: [u8; 3] = [0x1f, 0x8b, 8];
const MEMBER_BYTES_MIN: usize = 20;

/// A body, at the end of the buffer it was read into.
#[derive(Clone, Debug, Default)]
pub struct Body {
    buffer: Vec<u8>,
    start: usize,
}

impl Body {
    /// The body begins at `start`, which is at most the length of the buffer.
    pub fn new(buffer: Vec<u8>, start: usize) -> Body {
        Body { buffer, start }
    }

    /// Without what stands before it.
    pub fn into_bytes(mut self) -> Vec<u8> {
        self.buffer.drain(..self.start);
        self.buffer
    }

    /// To be read into again.
    pub fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Body {
        Body::new(bytes, 0)
    }
}

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.buffer[self.start..]
    }
}

/// Undoes a `Content-Encoding`; a body that becomes `limit_bytes` or more is refused, however small it was.
///
/// This is work for the CPU: large bodies belong on a thread that may block.
pub fn decode(raw: Body, encoding: &str, limit_bytes: u64) -> Result<Body, HttpError> {
    let body = if encoding.eq_ignore_ascii_case("gzip") || encoding.eq_ignore_ascii_case("x-gzip") {
        match whole(&raw, limit_bytes)? {
            Some(bytes) => bytes.into(),
            None => streamed(&raw, limit_bytes)?.into(),
        }
    } else {
        raw
    };
    if body.len() as u64 >= limit_bytes {
        return Err(HttpError::BodyTooLarge { limit_bytes });
    }
    Ok(body)
}

/// Unpacks a body of one member in one go, in half the time that streaming takes: half of what a scrape costs is
/// this. `None` leaves the body to [`streamed`]: it may have further members, or something is wrong with it.
fn whole(raw: &[u8], limit_bytes: u64) -> Result<Option<Vec<u8>>, HttpError> {
    let after_head = raw.get(MEMBER_BYTES_MIN..).unwrap_or_default();
    if memchr::memmem::find(after_head, &MEMBER_START).is_some() {
        return Ok(None);
    }
    let limit = usize::try_from(limit_bytes).unwrap_or(usize::MAX).max(1);
    let mut size = (length_hint(raw).min(RESERVE_BYTES_MAX) as usize).clamp(1, limit);
    loop {
        let mut bytes = vec![0; size];
        match libdeflater::Decompressor::new().gzip_decompress(raw, &mut bytes) {
            Ok(length) => {
                bytes.truncate(length);
                return Ok(Some(bytes));
            }
            Err(DecompressionError::InsufficientSpace) if size < limit => {
                size = size.saturating_mul(4).min(limit)
            }
            Err(DecompressionError::InsufficientSpace) => {
                return Err(HttpError::BodyTooLarge { limit_bytes });
            }
            Err(DecompressionError::BadData) => return Ok(None),
        }
    }
}

/// Unpacks any body, and says what is wrong with it.
fn streamed(raw: &[u8], limit_bytes: u64) -> Result<Vec<u8>, HttpError> {
    let mut bytes = Vec::with_capacity(length_hint(raw).min(RESERVE_BYTES_MAX.min(limit_bytes)) as usize);
    let read = MultiGzDecoder::new(raw).take(limit_bytes).read_to_end(&mut bytes);
    read.map_err(|e| HttpError::Body(gzip_reason(&e)))?;
    Ok(bytes)
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
        assert_eq!(*decode(gzip(&text).into(), "gzip", u64::MAX).unwrap(), text);
        assert_eq!(*decode(text.clone().into(), "identity", u64::MAX).unwrap(), text);
        let behind = Body::new([b"head", &gzip(&text)[..]].concat(), 4);
        assert_eq!(*decode(behind, "gzip", u64::MAX).unwrap(), text);
        assert!(decode(Body::default(), "", 1).unwrap().is_empty());
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = gzip(&vec![0; 10 << 20]);
        assert!(bomb.len() < 1 << 20);
        let error = decode(bomb.into(), "gzip", 1 << 20).unwrap_err();
        assert!(matches!(error, HttpError::BodyTooLarge { limit_bytes } if limit_bytes == 1 << 20));
    }

    #[test]
    fn members_are_joined() {
        let two = [gzip(b"one "), gzip(b"two ")].concat();
        assert_eq!(&*decode(two.into(), "gzip", u64::MAX).unwrap(), b"one two ");
        let large = vec![b'x'; 5 << 20];
        assert_eq!(*decode(gzip(&large).into(), "gzip", u64::MAX).unwrap(), large);
        let wrong_length = [&gzip(b"abc")[..19], &[9, 0, 0, 0][..]].concat();
        assert!(decode(wrong_length.into(), "gzip", u64::MAX).is_err());
    }

    #[test]
    fn limits_hold_to_the_byte() {
        let text = vec![b'x'; 3000];
        for (limit, fits) in [(3001, true), (3000, false), (2999, false), (1, false)] {
            assert_eq!(decode(gzip(&text).into(), "gzip", limit).is_ok(), fits, "{limit}");
            assert_eq!(decode(text.clone().into(), "", limit).is_ok(), fits, "{limit}");
        }
    }

    #[test]
    fn a_body_cut_off_is_an_error() {
        let whole = gzip(b"some text that is long enough to be cut");
        for end in [0, 5, 12, whole.len() - 1] {
            let error = decode(whole[..end].to_vec().into(), "gzip", u64::MAX).unwrap_err();
            assert!(error.to_string().starts_with("gzip: "), "{end}: {error}");
        }
        assert!(decode(b"not gzip at all".to_vec().into(), "gzip", u64::MAX).is_err());
    }
}
