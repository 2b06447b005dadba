//! Random numbers that a seed reproduces.

use std::time::Duration;

/// A random number generator that gives the same numbers for the same seed.
pub struct Dice(u64);

impl Dice {
    /// Creates a generator with the seed in `NETVANE_SEED`, otherwise with this one.
    pub fn new(seed: u64) -> Self {
        let given = std::env::var("NETVANE_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or(seed);
        println!("NETVANE_SEED={seed}");
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Returns a random number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        // The xorshift64* generator.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end.max(1)
    }

    /// Returns a random duration below this many milliseconds.
    pub fn time(&mut self, milliseconds: u64) -> Duration {
        Duration::from_millis(self.below(milliseconds))
    }
}
