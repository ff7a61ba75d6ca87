use std::fmt;
use std::hash::{BuildHasher, RandomState};

use rustc_hash::FxHashMap;

/// Many strings, each kept once, end to end in one allocation; a string is then four bytes.
#[derive(Clone, Default)]
pub(super) struct Strings {
    text: String,
    /// Where each string ends; it starts where the one before it ends.
    ends: Vec<usize>,
    /// From a string's hash to its number. A string whose hash is taken sits at the next free hash.
    numbers: FxHashMap<u64, Symbol>,
    /// Seeded at random: the strings come from the web, and a site could choose them to collide.
    hasher: RandomState,
}

/// A string in [`Strings`], by number in the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Symbol(u32);

impl Symbol {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

impl Strings {
    /// The number of this string, old or new.
    ///
    /// # Panics
    ///
    /// Beyond 2^32 distinct strings.
    pub(super) fn intern(&mut self, string: &str) -> Symbol {
        let mut hash = self.hasher.hash_one(string);
        while let Some(&symbol) = self.numbers.get(&hash) {
            if self.get(symbol) == string {
                return symbol;
            }
            hash = hash.wrapping_add(1);
        }
        let symbol = Symbol(u32::try_from(self.ends.len()).expect("memory ends before 2^32 strings"));
        self.text.push_str(string);
        self.ends.push(self.text.len());
        self.numbers.insert(hash, symbol);
        symbol
    }

    pub(super) fn get(&self, symbol: Symbol) -> &str {
        self.at(symbol.index())
    }

    fn at(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start..self.ends[index]]
    }

    /// All of them, by number.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).map(|index| self.at(index))
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }
}

impl fmt::Debug for Strings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Strings").field("count", &self.ends.len()).field("bytes", &self.text.len()).finish()
    }
}
