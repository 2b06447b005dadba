//! Mailboxes: how addresses are written, which ones are special, who keeps them, and whether one exists.

mod port25;
pub(crate) mod provider;
mod reason;
#[cfg(test)]
pub(crate) mod scenarios;
mod service;
mod suggest;
mod verdict;
mod verify;

pub use port25::Reach;
pub use reason::Reason;
pub use service::Mail;
pub use suggest::suggestion;
pub use verdict::{Report, Verdict};
pub use verify::Verifier;
