//! Packed bodies of HTTP requests: `gzip`, `deflate`, `zstd`, one in the other as `Content-Encoding` lists them.
//!
//! What comes out is bounded, so that a small body cannot fill the memory.

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use std::borrow::Cow;
use std::io::Read;

/// Packings in one another: none that is meant has more than one.
const LAYERS_MAX: usize = 3;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnpackError {
    #[error("the encoding {0:?} is not known; gzip, deflate, zstd and identity are")]
    Unknown(String),
    #[error("the body has more than {0} bytes when it is unpacked")]
    TooLarge(usize),
    #[error("the body is not {encoding}: {why}")]
    Corrupt { encoding: String, why: String },
}

/// Unpacks a body by the value of its `Content-Encoding`. At most `bytes_max` come out of any layer.
pub fn unpack<'a>(encodings: &str, body: &'a [u8], bytes_max: usize) -> Result<Cow<'a, [u8]>, UnpackError> {
    let layers: Vec<&str> = encodings.split(',').map(str::trim).filter(|e| !e.is_empty()).collect();
    if layers.len() > LAYERS_MAX {
        return Err(UnpackError::Unknown(encodings.to_owned()));
    }
    let mut body = Cow::Borrowed(body);
    // The last one named was applied last.
    for encoding in layers.iter().rev() {
        let unpacked = match encoding.to_ascii_lowercase().as_str() {
            "identity" => continue,
            "gzip" | "x-gzip" => read_all(MultiGzDecoder::new(&*body), bytes_max),
            "deflate" => deflate(&body, bytes_max),
            "zstd" => {
                zstd::stream::read::Decoder::new(&*body).and_then(|decoder| read_all(decoder, bytes_max))
            }
            _ => return Err(UnpackError::Unknown((*encoding).to_owned())),
        };
        let unpacked = unpacked
            .map_err(|why| UnpackError::Corrupt { encoding: (*encoding).to_owned(), why: why.to_string() })?;
        body = Cow::Owned(unpacked);
        if body.len() > bytes_max {
            return Err(UnpackError::TooLarge(bytes_max));
        }
    }
    if body.len() > bytes_max { Err(UnpackError::TooLarge(bytes_max)) } else { Ok(body) }
}

/// RFC 9110 means zlib's frame; many send the bare stream.
fn deflate(body: &[u8], bytes_max: usize) -> std::io::Result<Vec<u8>> {
    read_all(ZlibDecoder::new(body), bytes_max).or_else(|_| read_all(DeflateDecoder::new(body), bytes_max))
}

/// Reads one byte more than may be, to tell "exactly" from "too much".
fn read_all(decoder: impl Read, bytes_max: usize) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    decoder.take(bytes_max as u64 + 1).read_to_end(&mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_packing_is_unpacked() {
        let body = b"some body some body".repeat(10);
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(&body).unwrap();
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::fast());
        bare.write_all(&body).unwrap();
        let twice = gzip(&zstd::encode_all(body.as_slice(), 1).unwrap());
        for (encoding, packed) in [
            ("", body.clone()),
            ("identity", body.clone()),
            ("gzip", gzip(&body)),
            ("GZIP", gzip(&body)),
            ("zstd", zstd::encode_all(body.as_slice(), 1).unwrap()),
            ("deflate", zlib.finish().unwrap()),
            ("deflate", bare.finish().unwrap()),
            ("zstd, gzip", twice),
        ] {
            assert_eq!(unpack(encoding, &packed, body.len()).unwrap(), body, "{encoding}");
            assert_eq!(unpack(encoding, &packed, body.len() - 1), Err(UnpackError::TooLarge(body.len() - 1)));
        }
    }

    #[test]
    fn a_bomb_is_stopped_and_rubbish_is_named() {
        let bomb = gzip(&vec![0; 64 << 20]);
        assert!(bomb.len() < 1 << 20);
        assert_eq!(unpack("gzip", &bomb, 1 << 20), Err(UnpackError::TooLarge(1 << 20)));
        for encoding in ["gzip", "zstd", "deflate"] {
            let error = unpack(encoding, b"rubbish", 100).unwrap_err();
            assert!(matches!(&error, UnpackError::Corrupt { .. }), "{error}");
        }
        let cut = gzip(b"a body that is cut off");
        assert!(matches!(unpack("gzip", &cut[..cut.len() - 9], 100), Err(UnpackError::Corrupt { .. })));
        assert_eq!(unpack("br", b"", 100), Err(UnpackError::Unknown("br".to_owned())));
        assert!(matches!(unpack("gzip,gzip,gzip,gzip", b"", 100), Err(UnpackError::Unknown(_))));
    }
}
