//! The pairs of each series: variable-length numbers, packed by pages of slots.

use super::page::PAGE_SERIES;
use crate::bytes::{put_varint, take_varint};

/// No row.
const NONE: u32 = u32::MAX;

#[derive(Debug, Default)]
pub(crate) struct Rows {
    pages: Vec<RowPage>,
}

#[derive(Debug)]
struct RowPage {
    /// Where the row of each slot begins.
    offsets: Vec<u32>,
    /// Rows: a count and the pairs.
    bytes: Vec<u8>,
    /// Bytes of rows that are gone.
    dead: usize,
}

impl Rows {
    pub fn set(&mut self, slot: u32, row: &[u32]) {
        let (page, at) = (slot as usize / PAGE_SERIES, slot as usize % PAGE_SERIES);
        while self.pages.len() <= page {
            self.pages.push(RowPage { offsets: Vec::new(), bytes: Vec::new(), dead: 0 });
        }
        let page = &mut self.pages[page];
        if page.offsets.len() <= at {
            page.offsets.resize(at + 1, NONE);
        }
        page.offsets[at] = page.bytes.len() as u32;
        put_varint(&mut page.bytes, row.len() as u64);
        row.iter().for_each(|pair| put_varint(&mut page.bytes, *pair as u64));
        if at + 1 == PAGE_SERIES {
            // A full page grows no more: half of what doubling gave it may be empty.
            page.bytes.shrink_to_fit();
        }
    }

    /// The pairs of a slot; none when it has no row.
    pub fn get(&self, slot: u32) -> Row<'_> {
        let (page, at) = (slot as usize / PAGE_SERIES, slot as usize % PAGE_SERIES);
        let Some(page) = self.pages.get(page) else { return Row { rest: &[], left: 0 } };
        let Some(offset) = page.offsets.get(at).filter(|o| **o != NONE) else {
            return Row { rest: &[], left: 0 };
        };
        let mut rest = &page.bytes[*offset as usize..];
        let left = take_varint(&mut rest).expect("rows are whole");
        Row { rest, left }
    }

    pub fn clear(&mut self, slot: u32) {
        let length = {
            let mut row = self.get(slot);
            let before = row.rest.len();
            row.by_ref().for_each(drop);
            before - row.rest.len() + 1
        };
        let (page, at) = (slot as usize / PAGE_SERIES, slot as usize % PAGE_SERIES);
        let page = &mut self.pages[page];
        page.offsets[at] = NONE;
        page.dead += length;
        if page.dead > page.bytes.len() / 2 {
            page.compact();
        }
    }

    /// Memory held.
    pub fn bytes(&self) -> usize {
        self.pages.iter().map(|p| p.offsets.capacity() * 4 + p.bytes.capacity() + 64).sum()
    }
}

impl RowPage {
    fn compact(&mut self) {
        let mut bytes = Vec::with_capacity(self.bytes.len() - self.dead.min(self.bytes.len()));
        for offset in self.offsets.iter_mut().filter(|o| **o != NONE) {
            let from = *offset as usize;
            let mut rest = &self.bytes[from..];
            let count = take_varint(&mut rest).expect("rows are whole");
            (0..count).for_each(|_| {
                take_varint(&mut rest);
            });
            let to = self.bytes.len() - rest.len();
            *offset = bytes.len() as u32;
            bytes.extend_from_slice(&self.bytes[from..to]);
        }
        self.bytes = bytes;
        self.dead = 0;
    }
}

/// Iterates the pairs of a series.
#[derive(Clone)]
pub(crate) struct Row<'a> {
    rest: &'a [u8],
    left: u64,
}

impl Iterator for Row<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        take_varint(&mut self.rest).map(|pair| pair as u32)
    }
}
