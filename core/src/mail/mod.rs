//! Mailboxes: how addresses are written, which ones are special, who keeps them, and whether one exists.

mod address;
mod domain;
mod lists;
pub(crate) mod provider;
mod reach;
mod reason;
#[cfg(test)]
pub(crate) mod scenarios;
mod service;
mod suggest;
mod verdict;
mod verify;

pub use address::{Mailbox, parse};
pub use domain::MailDomain;
pub use lists::{is_disposable, is_role};
pub use reach::Reach;
pub use reason::Reason;
pub use service::Mail;
pub use suggest::suggestion;
pub use verdict::{Report, Verdict};
pub use verify::Verifier;
