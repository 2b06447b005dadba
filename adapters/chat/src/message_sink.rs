//! The interface through which messages are written to a platform, and its errors.

use std::time::Duration;

use serde_json::Value;

use crate::chat_message::ChatMessage;

/// Timeout of one call to the platform.
pub(crate) const CALL: Duration = Duration::from_secs(20);

/// Why a platform did not accept a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendError {
    /// The platform's rate limit was hit; retry after `wait`.
    RateLimited {
        /// Delay that the platform demands before the next message.
        wait: Duration,
        /// The limit applies to all chats, not only to this one.
        everywhere: bool,
    },
    /// The network or the platform failed; a retry may succeed.
    Transient(String),
    /// A retry cannot succeed: the message, the chat or the permission to write is gone.
    Permanent(String),
}

/// Destination of the reply to one request: a message that is created once and then edited.
pub trait MessageSink: Send {
    /// Shows `message` in place of the previous one.
    fn show(
        &mut self,
        message: &ChatMessage<'_>,
    ) -> impl Future<Output = Result<(), SendError>> + Send;

    /// Returns the data with which the adapter finds the message again after a restart.
    fn place(&self) -> Value;

    /// Returns whether the next `show` creates a new message that `place` does not identify.
    /// Sending that one again after a restart could post it twice.
    fn is_new(&self) -> bool {
        false
    }
}
