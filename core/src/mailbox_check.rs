//! Mailbox verification over SMTP, mail providers, and suggestions for mistyped domains.

mod control;
mod port25;
pub(crate) mod provider;
mod random_local;
mod reason;
#[cfg(test)]
pub(crate) mod scenarios;
mod service;
mod suggest;
mod verdict;
mod verify;

pub(crate) use control::Control;
pub(crate) use port25::Reach;
pub(crate) use reason::Reason;
pub(crate) use service::Mail;
pub(crate) use suggest::suggestion;
pub(crate) use verdict::{Checks, Report, Verdict};
pub(crate) use verify::Verifier;
