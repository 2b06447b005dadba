//! Slot time that is charged to a client and decays.

/// Time in seconds after which a charge has decayed to 1/e.
const DECAY: f64 = 30.0;
/// Smallest charge in seconds; clients below it count as new.
const SMALLEST: f64 = 0.001;

/// A charge in seconds of slot time. It is stored as a logarithm relative to the start of time, so
/// that the order of charges does not change while they decay.
#[derive(Debug, Clone, Copy)]
pub(super) struct Charge(f64);

impl Charge {
    /// Returns the charge of a new client.
    pub(super) fn new(now: f64) -> Self {
        Self(SMALLEST.ln() + now / DECAY)
    }

    /// Returns the seconds that are charged at this moment.
    pub(super) fn seconds(self, now: f64) -> f64 {
        (self.0 - now / DECAY).exp()
    }

    /// Adds seconds; a negative number takes them back.
    pub(super) fn add(&mut self, seconds: f64, now: f64) {
        let sum = (self.seconds(now) + seconds).max(SMALLEST);
        self.0 = sum.ln() + now / DECAY;
    }
}

impl PartialEq for Charge {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Charge {}

impl PartialOrd for Charge {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Charge {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
