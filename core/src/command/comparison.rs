//! How answers of one command from several vantage points are compared, read from `data`, whose members are stable.

use serde_json::Value;

/// What is compared.
#[derive(Debug, Clone, Copy, Default)]
pub struct Comparison {
    /// Values that should be the same everywhere.
    pub(crate) values: Option<Values>,
    /// A duration in milliseconds, the shorter the better.
    pub(crate) time: Option<fn(&Value) -> Option<f64>>,
    /// What a vantage point with a duration did: `replied`.
    pub(crate) did: &'static str,
}

/// Values that are compared as a set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values {
    pub(crate) of: fn(&Value) -> Vec<String>,
    /// Name of one value, and of several.
    pub(crate) names: (&'static str, &'static str),
    /// Whether people read the values themselves; otherwise only whether they are the same.
    pub(crate) readable: bool,
}

impl Comparison {
    /// Compares values that people read, such as addresses.
    pub(crate) const fn values(
        of: fn(&Value) -> Vec<String>,
        one: &'static str,
        several: &'static str,
    ) -> Self {
        Self {
            values: Some(Values {
                of,
                names: (one, several),
                readable: true,
            }),
            time: None,
            did: "",
        }
    }

    /// Compares values that nobody reads, such as fingerprints.
    pub(crate) const fn opaque(
        of: fn(&Value) -> Vec<String>,
        one: &'static str,
        several: &'static str,
    ) -> Self {
        Self {
            values: Some(Values {
                of,
                names: (one, several),
                readable: false,
            }),
            time: None,
            did: "",
        }
    }

    /// Compares durations in milliseconds.
    pub(crate) const fn time(of: fn(&Value) -> Option<f64>, did: &'static str) -> Self {
        Self {
            values: None,
            time: Some(of),
            did,
        }
    }
}
