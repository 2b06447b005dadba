//! Code shared by the chat adapters.
//!
//! An adapter translates what arrives into a [`ChatRequest`] and writes [`ChatMessage`]s where the question was asked (an
//! [`MessageSink`]). What lies between is here: progress at a pace that the platform allows, Cancel, the state behind
//! buttons, each update handled once, and what happens to questions that a restart interrupts.

mod answer;
mod button_store;
mod chat;
mod chat_message;
mod clock;
mod journal;
mod mail;
mod message_sink;
mod question;
mod recent;
mod send_limiter;
mod telling;
#[cfg(test)]
mod tests;
mod waits;

pub use button_store::{Press, Pressed};
pub use chat::Chat;
pub use chat_message::{Button, ChatMessage, Sort, note, problem};
pub use clock::seconds;
pub use journal::Job;
pub use mail::{input_with, takes_mail};
pub use message_sink::{MessageSink, SendError};
pub use question::{ChatRequest, Ended, PersistGuard};
pub use send_limiter::{Bucket, Rates, SendLimiter};
pub use waits::Waits;
