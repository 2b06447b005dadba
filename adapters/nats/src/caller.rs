//! What agents learn about the users whose questions they answer: a hash that changes each day.

use std::sync::Mutex;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use netvane_core::document::Failure;
use ring::{
    hmac::{self, HMAC_SHA256},
    rand::{SecureRandom, SystemRandom},
};

use crate::key::Key;

/// Bytes of the hash that an agent sees.
const HASH: usize = 16;

/// Hashes the names of callers. All replicas with the same key give a caller the same hash on the same day; without the
/// key neither the name nor the hash of another day can be computed from it.
pub(crate) struct CallerHash {
    secret: hmac::Key,
    /// The key of the day, computed once.
    today: Mutex<Option<(Date, hmac::Key)>>,
}

impl CallerHash {
    /// Derives the salt from the key of the hub, or draws a random one if there is none.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub(crate) fn new(key: &Key) -> Result<Self, Failure> {
        let secret = match key.secret() {
            Some(seed) => {
                let seed = hmac::Key::new(HMAC_SHA256, seed.as_bytes());
                let derived = hmac::sign(&seed, b"netvane callers of vantage points");
                hmac::Key::new(HMAC_SHA256, derived.as_ref())
            }
            None => {
                let mut random = [0; 32];
                SystemRandom::new()
                    .fill(&mut random)
                    .map_err(|_| Failure::Internal)?;
                hmac::Key::new(HMAC_SHA256, &random)
            }
        };
        Ok(Self {
            secret,
            today: Mutex::new(None),
        })
    }

    /// Returns the hash of a caller today (UTC), 32 hexadecimal digits.
    pub(crate) fn hash(&self, caller: &str) -> String {
        let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
        self.hash_on(today, caller)
    }

    fn hash_on(&self, day: Date, caller: &str) -> String {
        let mut known = self
            .today
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let key = match &*known {
            Some((date, key)) if *date == day => key.clone(),
            _ => {
                let salt = hmac::sign(&self.secret, day.to_string().as_bytes());
                let key = hmac::Key::new(HMAC_SHA256, salt.as_ref());
                *known = Some((day, key.clone()));
                key
            }
        };
        drop(known);
        let hash = hmac::sign(&key, caller.as_bytes());
        data_encoding::HEXLOWER.encode(&hash.as_ref()[..HASH])
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use nkeys::KeyPair;

    use super::*;

    #[test]
    fn a_caller_has_one_hash_a_day_at_all_replicas_with_the_same_key() {
        let key = Key::Seed(KeyPair::new_user().seed().expect("a seed"));
        let (one, two) = (CallerHash::new(&key), CallerHash::new(&key));
        let (one, two) = (one.expect("a hash"), two.expect("a hash"));
        let (today, tomorrow) = (date(2026, 1, 1), date(2026, 1, 2));

        let hash = one.hash_on(today, "telegram:7");
        assert_eq!(hash, two.hash_on(today, "telegram:7"));
        assert_eq!(hash.len(), 32);
        assert_ne!(hash, one.hash_on(today, "telegram:8"));
        assert_ne!(hash, one.hash_on(tomorrow, "telegram:7"));
        assert_eq!(hash, one.hash_on(today, "telegram:7"));
    }

    #[test]
    fn without_a_key_each_process_has_a_salt_of_its_own() {
        let hash = || {
            CallerHash::new(&Key::None)
                .expect("a hash")
                .hash("telegram:7")
        };
        assert_ne!(hash(), hash());
    }
}
