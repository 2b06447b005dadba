//! Access control: API keys, signed requests and, if the settings allow it, anonymous clients.
//!
//! A request with a wrong key or a wrong signature is refused even where anonymous requests are
//! allowed: invalid credentials are never treated as missing ones.

mod admitted;
mod cors;
mod gate;
mod origin;
mod refusal;
pub(crate) mod signature;

pub(crate) use admitted::{Admitted, MOST_ANONYMOUS_LINES, visitor};
pub(crate) use cors::cors;
pub(crate) use gate::{Gate, follow};
pub(crate) use origin::OriginRules;
pub(crate) use refusal::{Refusal, SEND_A_KEY};
