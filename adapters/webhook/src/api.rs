//! The API for programs: `/v1/…`.

mod answer;
pub(crate) mod ask;
pub(crate) mod batch;
pub(crate) mod deliveries;
mod lines;
mod question;
pub(crate) mod service;

pub(crate) use question::Question;
