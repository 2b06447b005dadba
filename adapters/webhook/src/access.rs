//! Access control: API keys, signed requests and, if the settings allow it, anonymous clients.
//!
//! What is wrong is never taken for nothing: a request with a wrong key or a wrong signature is refused, also where one
//! with neither would be answered.

mod admitted;
mod cors;
mod gate;
mod refusal;
pub(crate) mod signature;

pub(crate) use admitted::{Admitted, MOST_ANONYMOUS_LINES, visitor};
pub(crate) use cors::cors;
pub(crate) use gate::{Gate, follow};
pub(crate) use refusal::Refusal;
