//! Interned strings: label names and values, each held once, known by a number.
//!
//! A symbol lives while something counts on it; its number is then used again.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

/// The number of a string.
pub(crate) type Symbol = u32;

#[derive(Debug, Default)]
pub(crate) struct Symbols {
    /// `None` where a number is free.
    strings: Vec<Option<Box<str>>>,
    uses: Vec<u32>,
    free: Vec<Symbol>,
    by_string: HashTable<Symbol>,
    string_bytes: usize,
}

impl Symbols {
    pub fn get(&self, symbol: Symbol) -> &str {
        self.strings[symbol as usize].as_deref().expect("a symbol in use has its string")
    }

    pub fn find(&self, string: &str) -> Option<Symbol> {
        self.by_string.find(hash(string), |s| self.get(*s) == string).copied()
    }

    /// The number of a string, counted once more.
    pub fn take(&mut self, string: &str) -> Symbol {
        if let Some(symbol) = self.find(string) {
            self.uses[symbol as usize] += 1;
            return symbol;
        }
        let symbol = match self.free.pop() {
            Some(symbol) => symbol,
            None => {
                self.strings.push(None);
                self.uses.push(0);
                self.strings.len() as Symbol - 1
            }
        };
        self.strings[symbol as usize] = Some(string.into());
        self.uses[symbol as usize] = 1;
        self.string_bytes += string.len();
        let strings = &self.strings;
        let hash_of = |s: &Symbol| hash(strings[*s as usize].as_deref().unwrap_or(""));
        self.by_string.insert_unique(hash(string), symbol, hash_of);
        symbol
    }

    /// Counts a symbol once less; the last one frees it.
    pub fn give(&mut self, symbol: Symbol) {
        let uses = &mut self.uses[symbol as usize];
        *uses -= 1;
        if *uses > 0 {
            return;
        }
        let string = self.strings[symbol as usize].take().expect("a symbol in use has its string");
        self.string_bytes -= string.len();
        if let Ok(entry) = self.by_string.find_entry(hash(&string), |s| *s == symbol) {
            entry.remove();
        }
        self.free.push(symbol);
    }

    /// Memory held, estimated: a string costs a pointer, a count, a table entry and its allocation.
    pub fn bytes(&self) -> usize {
        self.strings.capacity() * (16 + 4)
            + self.by_string.capacity() * 5
            + self.string_bytes
            + self.by_string.len() * 16
    }
}

fn hash(string: &str) -> u64 {
    xxh3_64(string.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_lives_while_it_is_used() {
        let mut symbols = Symbols::default();
        let a = symbols.take("a");
        assert_eq!(symbols.take("a"), a);
        let b = symbols.take("b");
        symbols.give(a);
        assert_eq!((symbols.find("a"), symbols.get(a)), (Some(a), "a"));
        symbols.give(a);
        assert_eq!((symbols.find("a"), symbols.find("b")), (None, Some(b)));
        assert_eq!(symbols.take("c"), a);
    }
}
