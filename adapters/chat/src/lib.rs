//! Code shared by the chat adapters.
//!
//! An adapter turns incoming updates into [`ChatRequest`]s and implements [`MessageSink`], which
//! writes [`ChatMessage`]s to the chat of the request. This crate does the rest: progress within
//! the platform's rate limits, Cancel, the state behind buttons, handling each update only once,
//! and recovery of requests that a restart interrupted.

mod answer;
mod button_store;
mod chat;
mod chat_message;
mod clock;
mod greeting;
mod journal;
mod mail;
mod message_sink;
mod personal;
pub mod picture;
mod question;
mod recent;
mod resolver_menu;
mod send_limiter;
mod telling;
#[cfg(test)]
mod tests;
mod waits;

pub use button_store::{Press, Pressed};
pub use chat::Chat;
pub use chat_message::{Button, ChatMessage, Choice, Menu, Sort, note, problem};
pub use clock::seconds;
pub use greeting::greeting;
pub use journal::{Interrupted, Job, OpenJob};
pub use mail::{input_with, takes_mail};
pub use message_sink::{MessageSink, SendError};
pub use personal::is_personal;
pub use question::{ChatRequest, Ended, PersistGuard};
pub use send_limiter::{Bucket, Rates, SendLimiter};
pub use waits::Waits;
