//! XOR chunks: the delta of timestamp deltas, and each value XORed with the one before.

use super::bits::{BitReader, BitWriter, XorState, fits};
use super::{Chunk, Encoding, SAMPLES_MAX};

/// Widths of a delta of deltas of timestamps.
const TIME_WIDTHS: [u32; 3] = [14, 17, 20];

/// Encodes samples, ascending in time, as chunks of at most [`SAMPLES_MAX`].
///
/// # Panics
/// When the slices differ in length.
pub fn encode_xor(timestamps: &[i64], values: &[f64], mut each: impl FnMut(Chunk)) {
    assert_eq!(timestamps.len(), values.len(), "a timestamp for each value");
    for (timestamps, values) in timestamps.chunks(SAMPLES_MAX).zip(values.chunks(SAMPLES_MAX)) {
        each(Chunk {
            encoding: Encoding::Xor,
            min_time_ms: timestamps[0],
            max_time_ms: timestamps[timestamps.len() - 1],
            data: encode_one(timestamps, values),
        });
    }
}

fn encode_one(timestamps: &[i64], values: &[f64]) -> Vec<u8> {
    let mut out = BitWriter::default();
    out.bits(timestamps.len() as u64, 16);
    out.varint(timestamps[0]);
    out.bits(values[0].to_bits(), 64);
    let (mut state, mut delta) = (XorState::new(values[0]), 0i64);
    for i in 1..timestamps.len() {
        let next = timestamps[i].wrapping_sub(timestamps[i - 1]);
        if i == 1 {
            out.uvarint(next as u64);
        } else {
            write_time(&mut out, next.wrapping_sub(delta));
        }
        delta = next;
        out.xor(&mut state, values[i]);
    }
    out.out
}

fn write_time(out: &mut BitWriter, delta_of_delta: i64) {
    if delta_of_delta == 0 {
        return out.bits(0, 1);
    }
    for (i, width) in (2u32..).zip(TIME_WIDTHS) {
        if fits(delta_of_delta, width) {
            out.bits((1 << i) - 2, i);
            return out.bits(delta_of_delta as u64, width);
        }
    }
    out.bits(0b1111, 4);
    out.bits(delta_of_delta as u64, 64);
}

/// Decodes one chunk. `None` when it is cut or malformed.
pub fn decode_xor(data: &[u8]) -> Option<Vec<(i64, f64)>> {
    let mut reader = BitReader::new(data);
    let count = reader.bits(16)?;
    let mut samples = Vec::new();
    if count == 0 {
        return Some(samples);
    }
    let mut time = reader.varint()?;
    let mut state = XorState::new(f64::from_bits(reader.bits(64)?));
    samples.push((time, state.value()));
    let mut delta = 0i64;
    for i in 1..count {
        delta = match i {
            1 => reader.uvarint()? as i64,
            _ => delta.wrapping_add(match reader.ones(4)? {
                0 => 0,
                4 => reader.signed(64)?,
                n => reader.signed(TIME_WIDTHS[n as usize - 1])?,
            }),
        };
        time = time.wrapping_add(delta);
        samples.push((time, reader.xor(&mut state)?));
    }
    Some(samples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encode(samples: &[(i64, f64)]) -> Vec<Chunk> {
        let (timestamps, values): (Vec<i64>, Vec<f64>) = samples.iter().copied().unzip();
        let mut chunks = Vec::new();
        encode_xor(&timestamps, &values, |chunk| chunks.push(chunk));
        chunks
    }

    /// Worked by hand from the layout: 2 samples, 1000 as a varint, 1.0, delta 500, and the same value.
    #[test]
    fn bytes_are_as_published() {
        let chunks = encode(&[(1000, 1.0), (1500, 1.0)]);
        let want = [0, 2, 0xd0, 0x0f, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xf4, 0x03, 0];
        assert_eq!(chunks[0].data, want);
        assert_eq!((chunks[0].min_time_ms, chunks[0].max_time_ms), (1000, 1500));
    }

    #[test]
    fn cut_chunks_are_refused() {
        let data = &encode(&[(0, 1.5), (10, 2.5), (25, 3.25)])[0].data;
        for len in 0..data.len() {
            assert_eq!(decode_xor(&data[..len]), None);
        }
    }

    proptest! {
        #[test]
        fn round_trips(steps in proptest::collection::vec((0i64..1 << 40, any::<u64>()), 0..300), start: i32) {
            let mut time = i64::from(start);
            let samples: Vec<(i64, f64)> = steps.iter().map(|(step, bits)| {
                time += step;
                (time, f64::from_bits(*bits))
            }).collect();
            let read: Vec<(i64, f64)> = encode(&samples).iter().flat_map(|c| decode_xor(&c.data).unwrap()).collect();
            let bits = |s: &[(i64, f64)]| s.iter().map(|(t, v)| (*t, v.to_bits())).collect::<Vec<_>>();
            prop_assert_eq!(bits(&read), bits(&samples));
        }
    }
}
