//! Just enough protobuf to write OTLP requests cheaply: the sender must cost less than what it loads.

/// Appends fields of a message to a buffer.
pub struct Message<'a>(pub &'a mut Vec<u8>);

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const LENGTH: u32 = 2;

fn varint_len(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

impl Message<'_> {
    fn raw(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn tag(&mut self, field: u32, wire_type: u32) {
        self.raw(u64::from(field << 3 | wire_type));
    }

    pub fn varint(&mut self, field: u32, value: u64) {
        self.tag(field, VARINT);
        self.raw(value);
    }

    pub fn fixed64(&mut self, field: u32, value: u64) {
        self.tag(field, FIXED64);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub fn bytes(&mut self, field: u32, value: &[u8]) {
        self.tag(field, LENGTH);
        self.raw(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    /// `KeyValue { key, value: AnyValue { string_value } }`
    pub fn text(&mut self, field: u32, key: &str, value: &str) {
        let inner = 1 + varint_len(value.len() as u64) + value.len();
        self.key(field, key, inner);
        self.bytes(1, value.as_bytes());
    }

    /// `KeyValue { key, value: AnyValue { int_value } }`
    pub fn int(&mut self, field: u32, key: &str, value: u64) {
        self.key(field, key, 1 + varint_len(value));
        self.varint(3, value);
    }

    /// Everything of a key and value up to the fields of the value, which are `inner` bytes long.
    fn key(&mut self, field: u32, key: &str, inner: usize) {
        let value = 1 + varint_len(inner as u64) + inner;
        let whole = 1 + varint_len(key.len() as u64) + key.len() + value;
        self.tag(field, LENGTH);
        self.raw(whole as u64);
        self.bytes(1, key.as_bytes());
        self.tag(2, LENGTH);
        self.raw(inner as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_and_value_is_as_long_as_it_says() {
        let mut buffer = Vec::new();
        Message(&mut buffer).text(9, "k", &"v".repeat(200));
        // tag, length (2), then key (3), tag and length of the value (3), tag and length of the text (3), text.
        assert_eq!(buffer.len(), 1 + 2 + 3 + 3 + 3 + 200);
        buffer.clear();
        Message(&mut buffer).int(9, "k", 300);
        assert_eq!(buffer, [0x4a, 8, 0x0a, 1, b'k', 0x12, 3, 0x18, 0xac, 0x02]);
    }
}
