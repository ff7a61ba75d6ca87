//! Chance that is the same in each run.

use std::io::{self, Write};

/// Numbers from a seed: SplitMix64, of Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
pub(crate) struct Dice(u64);

impl Dice {
    /// The seed is told: whoever has a test that failed can throw the same. `SEED=n` throws others.
    pub(crate) fn new(seed: u64) -> Self {
        let wanted = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = wanted.unwrap_or(seed);
        let _ = writeln!(io::stderr(), "the seed is {seed}");
        Self::of(seed)
    }

    /// The same, of a seed that is told by whoever asks.
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below that.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// The index of one of so many.
    pub(crate) fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.below(count as u64)).unwrap()
    }

    /// One of them.
    pub(crate) fn any<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.index(of.len())]
    }

    /// From 0 up to, and without, 1.
    pub(crate) fn share(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap()) / (f64::from(u32::MAX) + 1.0)
    }

    /// From one number up to another.
    pub(crate) fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.share()
    }
}
