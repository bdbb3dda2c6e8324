//! Protocol buffers by hand: the few primitives that the decoders on hot paths are made of.
//!
//! Reading borrows; nothing is copied and nothing allocated. Unknown fields are stepped over, groups (long
//! deprecated, in no message we read) are refused. Source: <https://protobuf.dev/programming-guides/encoding/>.

/// A varint of 64 bits has at most ten bytes.
const VARINT_BYTES_MAX: usize = 10;

/// Why bytes are not the message they should be. The words are those of Go's decoder, which users know from
/// Prometheus's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtoError {
    #[error("unexpected EOF")]
    Truncated,
    #[error("proto: integer overflow")]
    Overflow,
    #[error("proto: illegal wireType {0}")]
    WireType(u8),
    #[error("proto: illegal tag {0}")]
    Tag(u64),
    #[error("proto: wrong wireType = {wire_type} for field {field}")]
    WrongWireType { field: u32, wire_type: u8 },
    #[error("proto: {field} is not valid UTF-8")]
    Utf8 { field: &'static str },
    #[error("proto: more than {0} nested elements")]
    TooMany(usize),
    #[error("proto: message of 4 GiB or more")]
    TooLong,
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

/// Reads the fields of one message.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    pub rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    #[inline]
    pub fn varint(&mut self) -> Result<u64, ProtoError> {
        match *self.rest {
            [a, ref rest @ ..] if a < 0x80 => {
                self.rest = rest;
                Ok(u64::from(a))
            }
            [a, b, ref rest @ ..] if b < 0x80 => {
                self.rest = rest;
                Ok(u64::from(a & 0x7f) | u64::from(b) << 7)
            }
            _ => self.long_varint(),
        }
    }

    #[inline(never)]
    fn long_varint(&mut self) -> Result<u64, ProtoError> {
        let mut value = 0u64;
        for (i, &b) in self.rest.iter().take(VARINT_BYTES_MAX).enumerate() {
            value |= u64::from(b & 0x7f) << (7 * i);
            if b < 0x80 {
                if i == VARINT_BYTES_MAX - 1 && b > 1 {
                    return Err(ProtoError::Overflow);
                }
                self.rest = &self.rest[i + 1..];
                return Ok(value);
            }
        }
        Err(if self.rest.len() < VARINT_BYTES_MAX { ProtoError::Truncated } else { ProtoError::Overflow })
    }

    /// Length-delimited bytes.
    #[inline]
    pub fn bytes(&mut self) -> Result<&'a [u8], ProtoError> {
        let len = self.varint()?;
        let Some((head, tail)) = usize::try_from(len).ok().and_then(|n| self.rest.split_at_checked(n)) else {
            return Err(ProtoError::Truncated);
        };
        self.rest = tail;
        Ok(head)
    }

    #[inline]
    pub fn fixed64(&mut self) -> Result<u64, ProtoError> {
        let (head, tail) = self.rest.split_first_chunk().ok_or(ProtoError::Truncated)?;
        self.rest = tail;
        Ok(u64::from_le_bytes(*head))
    }

    pub fn fixed32(&mut self) -> Result<u32, ProtoError> {
        let (head, tail) = self.rest.split_first_chunk().ok_or(ProtoError::Truncated)?;
        self.rest = tail;
        Ok(u32::from_le_bytes(*head))
    }

    /// The next field, or `None` at the end.
    #[inline]
    pub fn field(&mut self) -> Result<Option<(u32, Value<'a>)>, ProtoError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).ok().filter(|n| *n != 0).ok_or(ProtoError::Tag(tag))?;
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(self.fixed64()?),
            2 => Value::Bytes(self.bytes()?),
            5 => Value::Fixed32(self.fixed32()?),
            other => return Err(ProtoError::WireType(other as u8)),
        };
        Ok(Some((number, value)))
    }
}

impl<'a> Value<'a> {
    fn wrong(self, field: u32) -> ProtoError {
        let wire_type = match self {
            Value::Varint(_) => 0,
            Value::Fixed64(_) => 1,
            Value::Bytes(_) => 2,
            Value::Fixed32(_) => 5,
        };
        ProtoError::WrongWireType { field, wire_type }
    }

    #[inline]
    pub fn bytes(self, field: u32) -> Result<&'a [u8], ProtoError> {
        match self {
            Value::Bytes(bytes) => Ok(bytes),
            other => Err(other.wrong(field)),
        }
    }

    #[inline]
    pub fn uint(self, field: u32) -> Result<u64, ProtoError> {
        match self {
            Value::Varint(value) => Ok(value),
            other => Err(other.wrong(field)),
        }
    }

    /// `int64` and `int32`.
    #[inline]
    pub fn int(self, field: u32) -> Result<i64, ProtoError> {
        self.uint(field).map(|v| v as i64)
    }

    /// `sint64`.
    pub fn sint(self, field: u32) -> Result<i64, ProtoError> {
        self.uint(field).map(zigzag)
    }

    #[inline]
    pub fn double(self, field: u32) -> Result<f64, ProtoError> {
        match self {
            Value::Fixed64(bits) => Ok(f64::from_bits(bits)),
            other => Err(other.wrong(field)),
        }
    }

    #[inline]
    pub fn fixed64(self, field: u32) -> Result<u64, ProtoError> {
        match self {
            Value::Fixed64(bits) => Ok(bits),
            other => Err(other.wrong(field)),
        }
    }

    #[inline]
    pub fn fixed32(self, field: u32) -> Result<u32, ProtoError> {
        match self {
            Value::Fixed32(bits) => Ok(bits),
            other => Err(other.wrong(field)),
        }
    }

    /// A repeated number, packed or not: each element goes to `each`.
    pub fn repeated_varint(self, field: u32, mut each: impl FnMut(u64)) -> Result<(), ProtoError> {
        match self {
            Value::Varint(value) => each(value),
            Value::Bytes(packed) => {
                let mut reader = Reader::new(packed);
                while !reader.is_empty() {
                    each(reader.varint()?);
                }
            }
            other => return Err(other.wrong(field)),
        }
        Ok(())
    }

    /// A repeated double, packed or not.
    pub fn repeated_double(self, field: u32, mut each: impl FnMut(f64)) -> Result<(), ProtoError> {
        match self {
            Value::Fixed64(bits) => each(f64::from_bits(bits)),
            Value::Bytes(packed) => {
                let mut reader = Reader::new(packed);
                while !reader.is_empty() {
                    each(f64::from_bits(reader.fixed64()?));
                }
            }
            other => return Err(other.wrong(field)),
        }
        Ok(())
    }
}

pub fn zigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

fn unzigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// Writes messages. Default values are left out, as proto3 does, by the `_field` verbs.
#[derive(Debug, Default)]
pub struct Writer {
    pub out: Vec<u8>,
}

impl Writer {
    pub fn new() -> Writer {
        Writer::default()
    }

    #[inline]
    pub fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.out.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.out.push(value as u8);
    }

    fn tag(&mut self, field: u32, wire_type: u8) {
        self.varint(u64::from(field) << 3 | u64::from(wire_type));
    }

    pub fn uint_field(&mut self, field: u32, value: u64) {
        if value != 0 {
            self.uint(field, value);
        }
    }

    /// Also when 0: members of a `oneof`.
    pub fn uint(&mut self, field: u32, value: u64) {
        self.tag(field, 0);
        self.varint(value);
    }

    pub fn int_field(&mut self, field: u32, value: i64) {
        self.uint_field(field, value as u64);
    }

    pub fn sint_field(&mut self, field: u32, value: i64) {
        self.uint_field(field, unzigzag(value));
    }

    pub fn double_field(&mut self, field: u32, value: f64) {
        if value.to_bits() != 0 {
            self.double(field, value);
        }
    }

    /// Also when 0.
    pub fn double(&mut self, field: u32, value: f64) {
        self.tag(field, 1);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    pub fn fixed64_field(&mut self, field: u32, value: u64) {
        if value != 0 {
            self.fixed64(field, value);
        }
    }

    /// Also when 0.
    pub fn fixed64(&mut self, field: u32, value: u64) {
        self.tag(field, 1);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    pub fn fixed32_field(&mut self, field: u32, value: u32) {
        if value != 0 {
            self.fixed32(field, value);
        }
    }

    /// Also when 0.
    pub fn fixed32(&mut self, field: u32, value: u32) {
        self.tag(field, 5);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    pub fn bytes(&mut self, field: u32, bytes: &[u8]) {
        self.tag(field, 2);
        self.varint(bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    pub fn bytes_field(&mut self, field: u32, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.bytes(field, bytes);
        }
    }

    /// A message in the message. Its length is put before it when it is known: one byte is kept free, and what is
    /// written moves up when that is not enough.
    pub fn message(&mut self, field: u32, write: impl FnOnce(&mut Writer)) {
        self.tag(field, 2);
        let at = self.out.len();
        self.out.push(0);
        write(self);
        let len = self.out.len() - at - 1;
        let mut prefix = [0u8; VARINT_BYTES_MAX];
        let (mut used, mut rest) = (0, len);
        loop {
            prefix[used] = (rest as u8 & 0x7f) | if rest >= 0x80 { 0x80 } else { 0 };
            used += 1;
            rest >>= 7;
            if rest == 0 {
                break;
            }
        }
        if used > 1 {
            self.out.resize(self.out.len() + used - 1, 0);
            self.out.copy_within(at + 1..at + 1 + len, at + used);
        }
        self.out[at..at + used].copy_from_slice(&prefix[..used]);
    }

    pub fn packed_uint(&mut self, field: u32, values: impl ExactSizeIterator<Item = u64>) {
        if values.len() != 0 {
            self.message(field, |w| values.for_each(|v| w.varint(v)));
        }
    }

    pub fn packed_sint(&mut self, field: u32, values: &[i64]) {
        self.packed_uint(field, values.iter().map(|v| unzigzag(*v)));
    }

    pub fn packed_double(&mut self, field: u32, values: &[f64]) {
        if !values.is_empty() {
            self.tag(field, 2);
            self.varint(values.len() as u64 * 8);
            values.iter().for_each(|v| self.out.extend_from_slice(&v.to_le_bytes()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Result<Vec<(u32, Value<'_>)>, ProtoError> {
        let (mut reader, mut fields) = (Reader::new(bytes), Vec::new());
        while let Some(field) = reader.field()? {
            fields.push(field);
        }
        Ok(fields)
    }

    #[test]
    fn refuses_what_is_cut_or_wrong() {
        assert_eq!(read(&[0x08]), Err(ProtoError::Truncated));
        assert_eq!(read(&[0x08, 0x80]), Err(ProtoError::Truncated));
        assert_eq!(read(&[0x0a, 5, 1]), Err(ProtoError::Truncated));
        assert_eq!(read(&[0x09, 1, 2, 3]), Err(ProtoError::Truncated));
        assert_eq!(read(&[0x0b]), Err(ProtoError::WireType(3)));
        assert_eq!(read(&[0x00, 1]), Err(ProtoError::Tag(0)));
        assert_eq!(read(&[&[0x08][..], &[0xff; 9], &[2]].concat()), Err(ProtoError::Overflow));
        assert_eq!(
            read(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
            Err(ProtoError::Truncated)
        );
    }

    #[test]
    fn a_message_moves_up_for_its_length() {
        for len in [0usize, 1, 127, 128, 300, 20_000] {
            let mut writer = Writer::new();
            writer.message(1, |w| w.message(2, |w| w.out.resize(w.out.len() + len, 7)));
            let outer = read(&writer.out).unwrap();
            let inner = read(outer[0].1.bytes(1).unwrap()).unwrap();
            assert_eq!(inner, vec![(2, Value::Bytes(&vec![7; len][..]))]);
        }
    }

    proptest! {
        #[test]
        fn numbers_round_trip(u: u64, s: i64, d: u64, list: Vec<i64>) {
            let mut writer = Writer::new();
            writer.uint(1, u);
            writer.sint_field(2, s);
            writer.double(3, f64::from_bits(d));
            writer.packed_sint(4, &list);
            let mut read = Vec::new();
            let (mut seen_u, mut seen_s, mut seen_d) = (0, 0, 0);
            let mut reader = Reader::new(&writer.out);
            while let Some((field, value)) = reader.field().unwrap() {
                match field {
                    1 => seen_u = value.uint(1).unwrap(),
                    2 => seen_s = value.sint(2).unwrap(),
                    3 => seen_d = value.double(3).unwrap().to_bits(),
                    _ => value.repeated_varint(4, |v| read.push(zigzag(v))).unwrap(),
                }
            }
            prop_assert_eq!((seen_u, seen_s, seen_d, read), (u, s, d, list));
        }
    }
}
