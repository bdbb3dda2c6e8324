//! Layouts of values that were considered. Each decodes to the same bits.

use pco::ChunkConfig;
use pco::standalone::{simple_compress, simple_decompress};

/// A way to store the values of some series, all of one length.
pub trait Layout {
    fn name(&self) -> String;
    fn encode(&self, columns: &[&[f64]]) -> Vec<u8>;
    /// Replaces what `out` held by all columns, one behind the other.
    fn decode(&self, bytes: &[u8], columns: usize, length: usize, out: &mut Vec<f64>);
}

/// Each series alone, each value as what differs from the bits of the one before (Facebook's Gorilla, section
/// 4.1.2): what Prometheus and others do.
pub struct Gorilla;

impl Layout for Gorilla {
    fn name(&self) -> String {
        "XOR, each series alone".into()
    }

    fn encode(&self, columns: &[&[f64]]) -> Vec<u8> {
        let mut out = Vec::new();
        for column in columns {
            let mut bits = BitWriter::default();
            let (mut before, mut window) = (column[0].to_bits(), None::<(u32, u32)>);
            bits.put(before, 64);
            for value in &column[1..] {
                let xor = value.to_bits() ^ before;
                before = value.to_bits();
                if xor == 0 {
                    bits.put(0, 1);
                    continue;
                }
                let (leading, trailing) = (xor.leading_zeros().min(31), xor.trailing_zeros());
                match window.filter(|(l, t)| leading >= *l && trailing >= *t) {
                    Some((l, t)) => {
                        bits.put(0b10, 2);
                        bits.put(xor >> t, 64 - l - t);
                    }
                    None => {
                        bits.put(0b11, 2);
                        bits.put(leading.into(), 5);
                        bits.put(u64::from(63 - leading - trailing), 6);
                        bits.put(xor >> trailing, 64 - leading - trailing);
                        window = Some((leading, trailing));
                    }
                }
            }
            out.extend_from_slice(&bits.finish());
        }
        out
    }

    fn decode(&self, bytes: &[u8], columns: usize, length: usize, out: &mut Vec<f64>) {
        out.clear();
        let mut at = 0;
        for _ in 0..columns {
            let mut bits = BitReader { bytes: &bytes[at..], at: 0 };
            let (mut before, mut window) = (bits.take(64), (0, 0));
            out.push(f64::from_bits(before));
            for _ in 1..length {
                if bits.take(1) == 1 {
                    if bits.take(1) == 1 {
                        let leading = bits.take(5) as u32;
                        window = (leading, 63 - leading - bits.take(6) as u32);
                    }
                    before ^= bits.take(64 - window.0 - window.1) << window.1;
                }
                out.push(f64::from_bits(before));
            }
            at += bits.at.div_ceil(8);
        }
    }
}

/// High bits first.
#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    word: u128,
    used: u32,
}

impl BitWriter {
    fn put(&mut self, value: u64, length: u32) {
        self.word = self.word << length | u128::from(value);
        self.used += length;
        while self.used >= 8 {
            self.used -= 8;
            self.bytes.push((self.word >> self.used) as u8);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        self.put(0, (8 - self.used % 8) % 8);
        self.bytes
    }
}

struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl BitReader<'_> {
    fn take(&mut self, length: u32) -> u64 {
        let start = self.at / 8;
        let mut word = [0; 16];
        let end = (start + 16).min(self.bytes.len());
        word[..end - start].copy_from_slice(&self.bytes[start..end]);
        let word = u128::from_be_bytes(word) << (self.at % 8);
        self.at += length as usize;
        (word >> (128 - length)) as u64
    }
}

/// All values of the page as one column of floats for pco.
pub struct PcoFloats;

impl Layout for PcoFloats {
    fn name(&self) -> String {
        "pco of floats, across series".into()
    }

    fn encode(&self, columns: &[&[f64]]) -> Vec<u8> {
        simple_compress(&columns.concat(), &ChunkConfig::default()).expect("compresses")
    }

    fn decode(&self, bytes: &[u8], _: usize, _: usize, out: &mut Vec<f64>) {
        *out = simple_decompress(bytes).expect("decompresses");
    }
}

/// Differences of scaled integers as one column for pco.
pub struct PcoInts;

impl Layout for PcoInts {
    fn name(&self) -> String {
        "pco of decimal differences, across series".into()
    }

    fn encode(&self, columns: &[&[f64]]) -> Vec<u8> {
        let (head, deltas) = split(columns);
        let body = simple_compress(&deltas, &ChunkConfig::default()).expect("compresses");
        join_parts(&[pack(&head, 9), body])
    }

    fn decode(&self, bytes: &[u8], columns: usize, length: usize, out: &mut Vec<f64>) {
        let parts = parts_of(bytes);
        put_together(
            &unpack(parts[0]),
            &simple_decompress(parts[1]).expect("decompresses"),
            columns,
            length,
            out,
        );
    }
}

/// Differences of scaled integers as varints, compressed across series.
pub struct VarintDeltas {
    pub level: i32,
}

impl Layout for VarintDeltas {
    fn name(&self) -> String {
        format!("decimal differences, varints, zstd {}", self.level)
    }

    fn encode(&self, columns: &[&[f64]]) -> Vec<u8> {
        let (head, deltas) = split(columns);
        let mut body = Vec::new();
        deltas.iter().for_each(|d| put_varint(&mut body, zigzag(*d)));
        join_parts(&[pack(&head, 9), pack(&body, self.level)])
    }

    fn decode(&self, bytes: &[u8], columns: usize, length: usize, out: &mut Vec<f64>) {
        let parts = parts_of(bytes);
        let body = unpack(parts[1]);
        let (mut rest, mut deltas) = (&body[..], Vec::new());
        while !rest.is_empty() {
            deltas.push(unzigzag(take_varint(&mut rest)));
        }
        put_together(&unpack(parts[0]), &deltas, columns, length, out);
    }
}

/// Differences of scaled integers, the first bytes of all, then the second bytes of all, and so on.
pub struct BytePlanes {
    pub level: i32,
}

impl Layout for BytePlanes {
    fn name(&self) -> String {
        format!("decimal differences, byte planes, zstd {}", self.level)
    }

    fn encode(&self, columns: &[&[f64]]) -> Vec<u8> {
        let (head, deltas) = split(columns);
        let mut parts = vec![pack(&head, 9)];
        for plane in 0..8 {
            let bytes: Vec<u8> = deltas.iter().map(|d| (zigzag(*d) >> (8 * plane)) as u8).collect();
            parts.push(pack(&bytes, self.level));
        }
        join_parts(&parts)
    }

    fn decode(&self, bytes: &[u8], columns: usize, length: usize, out: &mut Vec<f64>) {
        let parts = parts_of(bytes);
        let mut deltas = Vec::new();
        for (plane, part) in parts[1..].iter().enumerate() {
            let plane_bytes = unpack(part);
            deltas.resize(plane_bytes.len(), 0u64);
            deltas.iter_mut().zip(&plane_bytes).for_each(|(d, b)| *d |= u64::from(*b) << (8 * plane));
        }
        let deltas: Vec<i64> = deltas.into_iter().map(unzigzag).collect();
        put_together(&unpack(parts[0]), &deltas, columns, length, out);
    }
}

/// Differences of scaled integers, less those of the series before: the same metric on the host beside.
pub struct Neighbour {
    pub level: i32,
}

impl Layout for Neighbour {
    fn name(&self) -> String {
        format!("the same, less those of the series before, zstd {}", self.level)
    }

    fn encode(&self, columns: &[&[f64]]) -> Vec<u8> {
        let (head, mut deltas) = split(columns);
        let n = columns[0].len() - 1;
        for i in (n..deltas.len()).rev() {
            deltas[i] = deltas[i].wrapping_sub(deltas[i - n]);
        }
        let mut body = Vec::new();
        deltas.iter().for_each(|d| put_varint(&mut body, zigzag(*d)));
        join_parts(&[pack(&head, 9), pack(&body, self.level)])
    }

    fn decode(&self, bytes: &[u8], columns: usize, length: usize, out: &mut Vec<f64>) {
        let parts = parts_of(bytes);
        let body = unpack(parts[1]);
        let (mut rest, mut deltas) = (&body[..], Vec::<i64>::new());
        while !rest.is_empty() {
            let d = unzigzag(take_varint(&mut rest));
            let before = deltas.len().checked_sub(length - 1).map_or(0, |i| deltas[i]);
            deltas.push(d.wrapping_add(before));
        }
        put_together(&unpack(parts[0]), &deltas, columns, length, out);
    }
}

const CONSTANT: u8 = 64;
const BITS: u8 = 63;

/// Forms and first values of all columns, and the differences of those that change. A column is decimal integers
/// when each of its values comes back to the bit, else the bits themselves.
fn split(columns: &[&[f64]]) -> (Vec<u8>, Vec<i64>) {
    let (mut forms, mut firsts, mut deltas) = (Vec::new(), Vec::new(), Vec::new());
    for column in columns {
        let decimal = (0..=12u8).find_map(|e| {
            let ints: Option<Vec<i64>> = column.iter().map(|v| mantissa(*v, e)).collect();
            Some((e, ints?))
        });
        let (form, ints) =
            decimal.unwrap_or_else(|| (BITS, column.iter().map(|v| v.to_bits() as i64).collect()));
        let constant = ints.iter().all(|i| *i == ints[0]);
        forms.push(form | if constant { CONSTANT } else { 0 });
        put_varint(&mut firsts, zigzag(ints[0]));
        if !constant {
            deltas.extend(ints.windows(2).map(|w| w[1].wrapping_sub(w[0])));
        }
    }
    forms.extend_from_slice(&firsts);
    (forms, deltas)
}

fn put_together(head: &[u8], mut deltas: &[i64], columns: usize, length: usize, out: &mut Vec<f64>) {
    out.clear();
    let (forms, mut firsts) = head.split_at(columns);
    for form in forms {
        let mut int = unzigzag(take_varint(&mut firsts));
        let power = 10f64.powi(i32::from(form & !CONSTANT));
        let float = |int: i64| match form & !CONSTANT {
            BITS => f64::from_bits(int as u64),
            _ => int as f64 / power,
        };
        out.push(float(int));
        if form & CONSTANT != 0 {
            out.resize(out.len() + length - 1, float(int));
            continue;
        }
        let (own, rest) = deltas.split_at(length - 1);
        deltas = rest;
        out.extend(own.iter().map(|d| {
            int = int.wrapping_add(*d);
            float(int)
        }));
    }
}

fn mantissa(v: f64, places: u8) -> Option<i64> {
    let power = 10f64.powi(places.into());
    let m = (v * power).round();
    (m.abs() < 9e15 && (m as i64 as f64 / power).to_bits() == v.to_bits()).then_some(m as i64)
}

fn zigzag(v: i64) -> u64 {
    ((v << 1) ^ (v >> 63)) as u64
}

fn unzigzag(z: u64) -> i64 {
    (z >> 1) as i64 ^ -((z & 1) as i64)
}

fn put_varint(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

fn take_varint(rest: &mut &[u8]) -> u64 {
    let (mut v, mut shift) = (0, 0);
    loop {
        let b = rest[0];
        *rest = &rest[1..];
        v |= u64::from(b & 0x7f) << shift;
        if b < 0x80 {
            return v;
        }
        shift += 7;
    }
}

fn pack(bytes: &[u8], level: i32) -> Vec<u8> {
    zstd::bulk::compress(bytes, level).expect("compresses")
}

fn unpack(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::decompress(bytes, 64 << 20).expect("decompresses")
}

fn join_parts(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        put_varint(&mut out, part.len() as u64);
        out.extend_from_slice(part);
    }
    out
}

fn parts_of(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    while !bytes.is_empty() {
        let n = take_varint(&mut bytes) as usize;
        let (part, rest) = bytes.split_at(n);
        parts.push(part);
        bytes = rest;
    }
    parts
}
