//! Chance that can be had again.

use std::time::Duration;

/// Numbers by chance, the same for the same seed.
pub struct Dice(u64);

impl Dice {
    /// With the seed in `NETVANE_SEED`, else with this one.
    pub fn new(seed: u64) -> Self {
        let given = std::env::var("NETVANE_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or(seed);
        println!("NETVANE_SEED={seed}");
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below this one.
    pub fn below(&mut self, end: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end.max(1)
    }

    /// A time below so many milliseconds.
    pub fn time(&mut self, milliseconds: u64) -> Duration {
        Duration::from_millis(self.below(milliseconds))
    }
}
