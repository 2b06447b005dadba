//! Code shared by the chat adapters.
//!
//! An adapter translates what arrives into a [`Question`] and writes [`Page`]s where the question was asked (an
//! [`Outlet`]). What lies between is here: progress at a pace that the platform allows, Cancel, the state behind
//! buttons, each update handled once, and what happens to questions that a restart interrupts.

mod answer;
mod chat;
mod clock;
mod desk;
mod journal;
mod mail;
mod outlet;
mod pace;
mod page;
mod question;
mod recent;
mod telling;
#[cfg(test)]
mod tests;
mod waits;

pub use chat::Chat;
pub use clock::seconds;
pub use desk::{Press, Pressed};
pub use journal::Job;
pub use mail::{input_with, takes_mail};
pub use outlet::{Outlet, Trouble};
pub use pace::{Pace, Rates, Room};
pub use page::{Button, Page, Sort, note, problem};
pub use question::{Ended, Question, Unkept};
pub use waits::Waits;
