//! Bytes that are written once and forgotten together: the sealed values of a page of series.
//!
//! Blocks of fixed size, so that nothing is ever moved and at most one block of a page is not full.

/// 1,024 series × 250 B of two hours fill some sixty of these; half a block is lost per page, 2 B a series.
const BLOCK_BYTES: usize = 4096;
const OFFSET_BITS: u32 = BLOCK_BYTES.trailing_zeros();

/// Where something lies in an [`Arena`].
pub(crate) type Place = u32;

#[derive(Debug, Default)]
pub(crate) struct Arena {
    blocks: Vec<Box<[u8]>>,
    /// Used bytes of the last block.
    used: usize,
}

impl Arena {
    /// Copies bytes in; they lie together. At most [`BLOCK_BYTES`].
    pub fn push(&mut self, bytes: &[u8]) -> Place {
        assert!(bytes.len() <= BLOCK_BYTES, "a piece fits a block");
        if self.blocks.is_empty() || self.used + bytes.len() > BLOCK_BYTES {
            self.blocks.push(vec![0; BLOCK_BYTES].into_boxed_slice());
            self.used = 0;
        }
        let block = self.blocks.len() - 1;
        self.blocks[block][self.used..self.used + bytes.len()].copy_from_slice(bytes);
        let place = (block << OFFSET_BITS | self.used) as Place;
        self.used += bytes.len();
        place
    }

    /// The bytes from a place to the end of its block.
    pub fn at(&self, place: Place) -> &[u8] {
        let (block, offset) = (place >> OFFSET_BITS, place as usize & (BLOCK_BYTES - 1));
        &self.blocks[block as usize][offset..]
    }

    /// Memory held.
    pub fn bytes(&self) -> usize {
        self.blocks.len() * BLOCK_BYTES
    }
}
