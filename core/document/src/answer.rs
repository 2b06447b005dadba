//! The typed data of a lookup, which presents itself as a document, and its type-erased form.

use std::{any::Any, sync::Arc, time::Duration};

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use super::{
    Document,
    truncated::{json_bytes, json_within},
};

/// The result data of a command: the `data` member of a reply.
///
/// Data can be read back from its JSON, and then presents itself exactly as before. The JSON may come from another
/// machine, so no method may panic, whatever values the fields have.
pub trait Answer:
    Serialize + DeserializeOwned + JsonSchema + Clone + Send + Sync + 'static
{
    /// Builds the document that presents the data. Pure: no I/O, no escaping, no platform.
    fn present(&self) -> Document;

    /// How long the answer may be cached; zero means not at all.
    fn lifetime(&self) -> Duration {
        Duration::ZERO
    }

    /// Advances values that count down, such as a TTL, by `seconds`.
    fn age(&mut self, _seconds: u32) {}
}

/// An [`Answer`] with its type erased.
pub trait ErasedAnswer: Any + Send + Sync {
    /// The `data` member of the reply.
    fn data(&self) -> Value;
    /// The `data` member as JSON text; `None` if it is longer than `limit` bytes.
    fn data_json(&self, limit: usize) -> Option<Box<RawValue>>;
    /// Size of the `data` member as JSON, in bytes.
    fn data_size(&self) -> usize;
    /// Builds the document; see [`Answer::present`].
    fn present(&self) -> Document;
    /// How long the answer may be cached; see [`Answer::lifetime`].
    fn lifetime(&self) -> Duration;
    /// Returns a copy that is `seconds` older; see [`Answer::age`].
    fn aged(&self, seconds: u32) -> Arc<dyn ErasedAnswer>;
}

impl<D: Answer> ErasedAnswer for D {
    fn data(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn data_json(&self, limit: usize) -> Option<Box<RawValue>> {
        RawValue::from_string(json_within(self, limit)?).ok()
    }

    fn data_size(&self) -> usize {
        json_bytes(self)
    }

    fn present(&self) -> Document {
        Answer::present(self)
    }

    fn lifetime(&self) -> Duration {
        Answer::lifetime(self)
    }

    fn aged(&self, seconds: u32) -> Arc<dyn ErasedAnswer> {
        let mut later = self.clone();
        later.age(seconds);
        Arc::new(later)
    }
}
