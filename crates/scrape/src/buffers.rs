//! Buffers that bodies are read into, shared by all loops: at any time few targets answer, and memory that was
//! just used costs less than memory that the kernel must hand out and clear.

use discovery::http::Body;
use parking_lot::Mutex;

/// How many are kept: with their lengths, 4 MiB at the most, and mostly a tenth of that.
const KEPT_MAX: usize = 4;
/// Longer ones are not kept: a body that needs much is rare.
const KEPT_BYTES_MAX: usize = 1 << 20;

/// See the module.
#[derive(Debug, Default)]
pub struct Buffers(Mutex<Vec<Vec<u8>>>);

impl Buffers {
    /// One with any content.
    pub fn take(&self) -> Vec<u8> {
        self.0.lock().pop().unwrap_or_default()
    }

    /// Takes one back.
    pub fn put(&self, body: Body) {
        let buffer = body.into_buffer();
        let mut kept = self.0.lock();
        if buffer.capacity() > 0 && buffer.capacity() <= KEPT_BYTES_MAX && kept.len() < KEPT_MAX {
            kept.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_few_of_moderate_size() {
        let buffers = Buffers::default();
        assert_eq!(buffers.take().capacity(), 0);
        buffers.put(Body::default());
        buffers.put(vec![0; KEPT_BYTES_MAX + 1].into());
        assert_eq!(buffers.take().capacity(), 0, "neither is worth keeping");
        for _ in 0..KEPT_MAX + 1 {
            buffers.put(vec![0; 100].into());
        }
        assert_eq!(buffers.0.lock().len(), KEPT_MAX);
        assert_eq!(buffers.take().capacity(), 100);
    }
}
