//! Writing JSON by hand where it is hot: query results are mostly numbers, and Prometheus writes them its own way
//! (sample values as strings, timestamps as seconds with up to three decimals).
//!
//! Only what is proportional to the answer is written here; small fixed shapes go through `serde_json`.

mod number;

use model::{FloatHistogram, Labels};
pub use number::{FLOAT_BYTES_MAX, put_float};

/// Bytes of JSON being made.
pub type Out = Vec<u8>;

/// Digits of two-digit numbers would not pay here: most values are short integers.
pub fn integer(out: &mut Out, value: i64) {
    let mut digits = itoa::Buffer::new();
    out.extend_from_slice(digits.format(value).as_bytes());
}

/// Unix seconds with milliseconds only when there are any: `1700000000`, `1700000000.050`.
pub fn timestamp(out: &mut Out, unix_ms: i64) {
    if unix_ms < 0 {
        out.push(b'-');
    }
    let ms = unix_ms.unsigned_abs();
    let mut digits = itoa::Buffer::new();
    out.extend_from_slice(digits.format(ms / 1000).as_bytes());
    let fraction = (ms % 1000) as u32;
    if fraction != 0 {
        out.push(b'.');
        for place in [100, 10, 1] {
            out.push(b'0' + (fraction / place % 10) as u8);
        }
    }
}

/// A sample value in quotes, as Go's shortest form: plain digits, an exponent below 1e-6 and from 1e21 on.
pub fn value(out: &mut Out, value: f64) {
    out.push(b'"');
    float(out, value);
    out.push(b'"');
}

/// A number without quotes, `NaN`, `+Inf` and `-Inf` included (those are not JSON: quote them).
pub fn float(out: &mut Out, value: f64) {
    let mut digits = [0; FLOAT_BYTES_MAX];
    let length = put_float(&mut digits, value);
    out.extend_from_slice(&digits[..length]);
}

/// A string with quotes and escapes.
pub fn string(out: &mut Out, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut start = 0;
    for (i, &b) in bytes.iter().enumerate() {
        let plain = b >= 0x20 && !matches!(b, b'"' | b'\\' | b'<' | b'>' | b'&');
        if plain {
            continue;
        }
        out.extend_from_slice(&bytes[start..i]);
        match b {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                let hex = |n: u8| b"0123456789abcdef"[n as usize];
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', hex(b >> 4), hex(b & 15)]);
            }
        }
        start = i + 1;
    }
    out.extend_from_slice(&bytes[start..]);
    out.push(b'"');
}

/// `{"name":"value",…}`
pub fn labels(out: &mut Out, labels: &Labels) {
    object(out, labels.iter());
}

pub fn object<'a>(out: &mut Out, pairs: impl Iterator<Item = (&'a str, &'a str)>) {
    out.push(b'{');
    for (i, (name, text)) in pairs.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        string(out, name);
        out.push(b':');
        string(out, text);
    }
    out.push(b'}');
}

/// `["a","b"]`
pub fn strings<S: AsRef<str>>(out: &mut Out, items: impl IntoIterator<Item = S>) {
    array(out, items, |out, item| string(out, item.as_ref()));
}

pub fn array<T>(out: &mut Out, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Out, T)) {
    out.push(b'[');
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

/// A native histogram: count, sum and its non-empty buckets, each with the rule of its boundaries
/// (0 open left, 1 open right, 2 open both, 3 closed both).
pub fn histogram(out: &mut Out, histogram: &FloatHistogram) {
    out.extend_from_slice(b"{\"count\":");
    value(out, histogram.count);
    out.extend_from_slice(b",\"sum\":");
    value(out, histogram.sum);
    let mut first = true;
    for bucket in histogram.all_buckets().into_iter().filter(|b| b.count != 0.0) {
        out.extend_from_slice(if first { b",\"buckets\":[" } else { b"," });
        first = false;
        let rule = match (bucket.lower_inclusive, bucket.upper_inclusive) {
            (false, true) => 0,
            (true, false) => 1,
            (false, false) => 2,
            (true, true) => 3,
        };
        out.push(b'[');
        integer(out, rule);
        for bound in [bucket.lower, bucket.upper, bucket.count] {
            out.push(b',');
            value(out, bound);
        }
        out.push(b']');
    }
    if !first {
        out.push(b']');
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Out)) -> String {
        let mut out = Out::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn floats_are_written_as_go_writes_them() {
        let check = |v: f64, want: &str| assert_eq!(written(|o| float(o, v)), want);
        check(0.0, "0");
        check(-0.0, "-0");
        check(1.0, "1");
        check(-3.25, "-3.25");
        check(0.1, "0.1");
        check(1e-6, "0.000001");
        check(1e-7, "1e-07");
        check(1.5e-10, "1.5e-10");
        check(1e20, "100000000000000000000");
        check(1e21, "1e+21");
        check(1.7976931348623157e308, "1.7976931348623157e+308");
        check(123456789012345680.0, "123456789012345680");
        check(f64::NAN, "NaN");
        check(f64::INFINITY, "+Inf");
        check(f64::NEG_INFINITY, "-Inf");
    }

    #[test]
    fn timestamps_show_milliseconds_only_when_there_are_any() {
        let check = |ms: i64, want: &str| assert_eq!(written(|o| timestamp(o, ms)), want);
        check(0, "0");
        check(1_700_000_000_000, "1700000000");
        check(1_700_000_000_050, "1700000000.050");
        check(-1_500, "-1.500");
    }

    #[test]
    fn strings_read_back() {
        for text in ["", "plain", "q\"b\\n\n\r\t\u{1}", "<&>", "héλ"] {
            let json = written(|o| string(o, text));
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
