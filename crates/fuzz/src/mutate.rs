//! Mutations: the ways in which real bodies are broken, and a few in which only a fuzzer breaks them.

use base::random::Random;

/// Longest input made.
const BYTES_MAX: usize = 16 << 10;

/// Pieces that decoders look for.
const TOKENS: [&[u8]; 24] = [
    b"\n",
    b"# TYPE ",
    b"# EOF\n",
    b"{",
    b"}",
    b"\"",
    b"\\",
    b"=\"",
    b",",
    b" # {",
    b"NaN",
    b"1e400",
    b"-0x1p-3",
    b"_created",
    b"le=\"+Inf\"",
    b"\0",
    b"\xff",
    b"\x0a",
    b"\x12",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x0a\x00",
    b"(",
    b"[5m]",
];

/// One input made of the seeds; the same for the same state of `random`.
pub fn mutate(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = pick(seeds, random).clone();
    for _ in 0..=random.below(4) {
        match random.below(9) {
            0 => flip(&mut bytes, random),
            1 => set(&mut bytes, random),
            2 => remove(&mut bytes, random),
            3 => repeat(&mut bytes, random),
            4 | 5 => insert(&mut bytes, TOKENS[random.below(TOKENS.len() as u64) as usize], random),
            6 => bytes.truncate(random.below(bytes.len() as u64 + 1) as usize),
            7 => splice(&mut bytes, pick(seeds, random), random),
            _ => insert(&mut bytes, &random.next_u64().to_le_bytes(), random),
        }
        bytes.truncate(BYTES_MAX);
    }
    bytes
}

fn pick<'a>(seeds: &'a [Vec<u8>], random: &mut Random) -> &'a Vec<u8> {
    &seeds[random.below(seeds.len() as u64) as usize]
}

/// A place in the bytes, or just behind them.
fn place(bytes: &[u8], random: &mut Random) -> usize {
    random.below(bytes.len() as u64 + 1) as usize
}

/// Two places, in order and not far apart.
fn stretch(bytes: &[u8], random: &mut Random) -> (usize, usize) {
    let from = place(bytes, random);
    (from, (from + random.below(40) as usize).min(bytes.len()))
}

fn flip(bytes: &mut [u8], random: &mut Random) {
    let (at, bit) = (place(bytes, random), random.below(8));
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << bit;
    }
}

fn set(bytes: &mut [u8], random: &mut Random) {
    let (at, value) = (place(bytes, random), random.below(256) as u8);
    if let Some(byte) = bytes.get_mut(at) {
        *byte = value;
    }
}

fn remove(bytes: &mut Vec<u8>, random: &mut Random) {
    let (from, to) = stretch(bytes, random);
    bytes.drain(from..to);
}

fn repeat(bytes: &mut Vec<u8>, random: &mut Random) {
    let (from, to) = stretch(bytes, random);
    let part = bytes[from..to].to_vec();
    insert(bytes, &part, random);
}

fn insert(bytes: &mut Vec<u8>, part: &[u8], random: &mut Random) {
    let at = place(bytes, random);
    bytes.splice(at..at, part.iter().copied());
}

fn splice(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let (from, to) = (place(bytes, random), place(other, random));
    bytes.truncate(from);
    bytes.extend_from_slice(&other[to..]);
}
