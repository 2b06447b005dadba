//! What a lookup finds out: typed data that presents itself, and the same with its type erased.

use std::{any::Any, sync::Arc, time::Duration};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::Document;

/// What a command finds out: the contract's `data`.
pub trait Answer: Serialize + JsonSchema + Clone + Send + Sync + 'static {
    /// The document that says it. Pure: no I/O, no escaping, no platform.
    fn present(&self) -> Document;

    /// How long this stays true; zero keeps it out of the cache.
    fn lifetime(&self) -> Duration {
        Duration::ZERO
    }

    /// The same as it is `seconds` later, for what counts down, such as a TTL.
    fn age(&mut self, _seconds: u32) {}
}

/// Data with its type erased.
pub trait Finding: Any + Send + Sync {
    /// The contract's `data`.
    fn data(&self) -> Value;
    /// See [`Answer::present`].
    fn present(&self) -> Document;
    /// See [`Answer::lifetime`].
    fn lifetime(&self) -> Duration;
    /// See [`Answer::age`].
    fn aged(&self, seconds: u32) -> Arc<dyn Finding>;
}

impl<D: Answer> Finding for D {
    fn data(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn present(&self) -> Document {
        Answer::present(self)
    }

    fn lifetime(&self) -> Duration {
        Answer::lifetime(self)
    }

    fn aged(&self, seconds: u32) -> Arc<dyn Finding> {
        let mut later = self.clone();
        later.age(seconds);
        Arc::new(later)
    }
}
