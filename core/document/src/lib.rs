//! The platform-neutral result of a lookup: a document of blocks with a severity, the data that it
//! presents, or the failure that stopped the lookup.

mod answer;
mod blocks;
mod chart;
pub mod duration;
mod failure;
mod problem;
pub mod render;
mod reply;
mod schema;
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub mod testing;
mod truncated;

pub use answer::{Answer, ErasedAnswer};
pub use blocks::*;
pub use chart::*;
pub use failure::{Elsewhere, Failure, Missing, UsageError, UsageKind};
pub use problem::{Position, Problem, ProblemCode};
pub use reply::{
    LOCAL, MAX_DATA, MAX_REPLY, RenderedAnswer, Reply, ShortForm, TooLarge, reply_schema,
};
pub use schema::{inline_schema, public_schema_settings, written_schema};
pub use truncated::{Truncated, clip_json, json_size, json_within};
