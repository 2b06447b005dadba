//! What a lookup gives, independent of any platform: a document of blocks with a severity, the data that it was made
//! of, or the failure that stood in the way.

mod answer;
mod blocks;
mod failure;
mod problem;
pub mod render;
mod reply;
mod schema;
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub mod testing;

pub use answer::{Answer, Finding};
pub use blocks::*;
pub use failure::{Failure, Missing, UsageError, UsageKind};
pub use problem::{Position, Problem, ProblemCode};
pub use reply::{Rendition, Reply, reply_schema};
pub use schema::{inline_schema, public_schema_settings, written_schema};
