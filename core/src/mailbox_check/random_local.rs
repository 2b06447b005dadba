//! The made-up name with which a catch-all is detected.

use std::hash::{BuildHasher, RandomState};

/// A random local part of 20 letters and digits that is certain not to exist.
pub(super) fn random_local() -> String {
    // `RandomState` is seeded by the operating system; two hashes give the 128 bits needed.
    let mut bits = u128::from(RandomState::new().hash_one(1)) << 64
        | u128::from(RandomState::new().hash_one(2));
    let mut local = String::from("q");
    for _ in 0..19 {
        let letters = b"0123456789abcdefghjkmnpqrstvwxyz";
        local.push(char::from(letters[(bits % 32) as usize]));
        bits /= 32;
    }
    local
}
