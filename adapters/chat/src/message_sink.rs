//! What an adapter gives to be written to, and how a platform takes what is written.

use std::time::Duration;

use serde_json::Value;

use crate::chat_message::ChatMessage;

/// One call to the platform ends by then.
pub(crate) const CALL: Duration = Duration::from_secs(20);

/// How a platform took what was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendError {
    /// Too much; again after this time. In this room, or everywhere.
    RateLimited {
        /// As the platform says.
        wait: Duration,
        /// Not only this room.
        everywhere: bool,
    },
    /// The network or the platform failed; it may work the next time.
    Transient(String),
    /// It will never work: the message, the chat or the right to write is gone.
    Permanent(String),
}

/// Where the answer to one question is written: a message that is made once and then edited.
pub trait MessageSink: Send {
    /// Shows this in place of what it showed before.
    fn show(
        &mut self,
        message: &ChatMessage<'_>,
    ) -> impl Future<Output = Result<(), SendError>> + Send;

    /// How to find the message again after a restart.
    fn place(&self) -> Value;

    /// Whether what is shown next is a new message, which `place` does not lead to and which would be there twice if it
    /// were sent again.
    fn is_new(&self) -> bool {
        false
    }
}
