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

pub(crate) use port25::Reach;
pub(crate) use reason::Reason;
pub(crate) use service::Mail;
pub(crate) use suggest::suggestion;
pub(crate) use verdict::{Checks, Report, Verdict};
pub(crate) use verify::Verifier;
