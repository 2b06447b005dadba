//! The API for programs, below `/v1/`.

pub(crate) mod ask;
pub(crate) mod batch;
pub(crate) mod cancel;
pub(crate) mod content_negotiation;
pub(crate) mod deliveries;
mod ndjson;
mod question;
pub(crate) mod results;
pub(crate) mod service;

pub(crate) use question::LookupRequest;
