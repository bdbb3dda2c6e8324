//! The raw last values of series whose values vary: a pool, so that none is allocated alone.

use super::values::PIECE_VALUES;

/// 64 × 128 B = 8 kB at a time.
const BLOCK_TAILS: usize = 64;
/// No tail.
pub(crate) const NO_TAIL: u16 = u16::MAX;

type Tail = [u64; PIECE_VALUES];

#[derive(Debug, Default)]
pub(crate) struct Tails {
    blocks: Vec<Box<[Tail; BLOCK_TAILS]>>,
    free: Vec<u16>,
}

impl Tails {
    /// A tail of any content. A page has at most one a series: 1,024.
    pub fn take(&mut self) -> u16 {
        if let Some(tail) = self.free.pop() {
            return tail;
        }
        let first = (self.blocks.len() * BLOCK_TAILS) as u16;
        self.blocks.push(Box::new([[0; PIECE_VALUES]; BLOCK_TAILS]));
        self.free.extend((first..first + BLOCK_TAILS as u16).rev());
        self.free.pop().expect("a new block has free tails")
    }

    pub fn free(&mut self, tail: u16) {
        debug_assert!(!self.free.contains(&tail));
        self.free.push(tail);
    }

    pub fn get(&self, tail: u16) -> &Tail {
        &self.blocks[tail as usize / BLOCK_TAILS][tail as usize % BLOCK_TAILS]
    }

    pub fn get_mut(&mut self, tail: u16) -> &mut Tail {
        &mut self.blocks[tail as usize / BLOCK_TAILS][tail as usize % BLOCK_TAILS]
    }

    /// Memory held.
    pub fn bytes(&self) -> usize {
        self.blocks.len() * BLOCK_TAILS * size_of::<Tail>() + self.free.capacity() * 2
    }
}
