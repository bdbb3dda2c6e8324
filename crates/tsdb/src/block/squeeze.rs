//! The outer form of every page: lengths, then sections, each compressed (zstd) or stored as it is when that is no
//! longer, then bits that are noise and are stored as they are.

use crate::block::bytes::{Input, Malformed, put_varint};
use std::cell::RefCell;
use std::io;
use std::ops::Range;
use zstd::bulk::{Compressor, Decompressor};

/// What one section of a page may take unpacked. The largest are tokens: one byte a sample, two where floats need
/// corrections or start times, of at most a few million samples.
const RAW_BYTES_MAX: u64 = 256 << 20;

thread_local! {
    // A context is about 200 KB and takes longer to make than a page takes to read: one a thread.
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Compresses sections at one level.
pub(crate) struct Squeezer {
    compressor: Compressor<'static>,
    buffer: Vec<u8>,
}

impl Squeezer {
    pub fn new(level: i32) -> io::Result<Squeezer> {
        Ok(Squeezer { compressor: Compressor::new(level)?, buffer: Vec::new() })
    }

    /// Appends `raw` to `body`, and to `head` what [`Squeezed::read`] needs: the raw length, and the packed length or 0
    /// when the bytes are stored as they are.
    fn squeeze(&mut self, raw: &[u8], head: &mut Vec<u8>, body: &mut Vec<u8>) -> io::Result<()> {
        put_varint(head, raw.len() as u64);
        self.buffer.clear();
        self.buffer.reserve(zstd::zstd_safe::compress_bound(raw.len()));
        let packed = self.compressor.compress_to_buffer(raw, &mut self.buffer)?;
        if packed + 1 < raw.len() {
            put_varint(head, packed as u64);
            body.extend_from_slice(&self.buffer);
        } else {
            put_varint(head, 0);
            body.extend_from_slice(raw);
        }
        Ok(())
    }
}

/// What a page holds, unpacked. Kept to be filled again.
#[derive(Default)]
pub(crate) struct Sections {
    /// Columns of small fields.
    pub head: Vec<u8>,
    /// One byte a number that changes.
    pub tokens: Vec<u8>,
    /// What is in no column.
    pub extra: Vec<u8>,
}

impl Sections {
    /// The page as it is stored, `bits` last.
    pub fn pack(&self, squeezer: &mut Squeezer, bits: &[u8]) -> io::Result<Vec<u8>> {
        let (mut page, mut body) = (Vec::new(), Vec::new());
        for section in [&self.head, &self.tokens, &self.extra] {
            squeezer.squeeze(section, &mut page, &mut body)?;
        }
        page.extend_from_slice(&body);
        page.extend_from_slice(bits);
        Ok(page)
    }

    /// Unpacks a page, replacing what was there. Returns the place of the bits in it.
    pub fn unpack(&mut self, page: &[u8]) -> Result<Range<usize>, Malformed> {
        let mut input = Input(page);
        let lengths = [(); 3].map(|()| Squeezed::read(&mut input));
        for (length, out) in lengths.into_iter().zip([&mut self.head, &mut self.tokens, &mut self.extra]) {
            length?.take(&mut input, out)?;
        }
        Ok(page.len() - input.0.len()..page.len())
    }
}

/// Lengths of a section, as they stand in the head of a page.
#[derive(Clone, Copy, Debug, Default)]
struct Squeezed {
    raw: usize,
    packed: usize,
}

impl Squeezed {
    fn read(head: &mut Input<'_>) -> Result<Squeezed, Malformed> {
        let (raw, packed) = (head.varint()?, head.varint()?);
        if raw > RAW_BYTES_MAX || packed > raw {
            return Err(Malformed("section longer than any that is written"));
        }
        Ok(Squeezed { raw: raw as usize, packed: packed as usize })
    }

    /// Takes the section from `body` and unpacks it into `out`, replacing what it held.
    fn take(self, body: &mut Input<'_>, out: &mut Vec<u8>) -> Result<(), Malformed> {
        out.clear();
        if self.packed == 0 {
            out.extend_from_slice(body.take(self.raw)?);
            return Ok(());
        }
        let packed = body.take(self.packed)?;
        out.reserve(self.raw);
        let n = DECOMPRESSOR.with(|cell| {
            let mut slot = cell.borrow_mut();
            let decompressor = match &mut *slot {
                Some(d) => d,
                None => slot.insert(Decompressor::new().map_err(|_| Malformed("no decompressor"))?),
            };
            decompressor.decompress_to_buffer(packed, out).map_err(|_| Malformed("does not decompress"))
        })?;
        if n != self.raw {
            return Err(Malformed("unpacks to another length"));
        }
        Ok(())
    }
}
