//! Tests that break the service's environment while it runs.

mod chats;
mod clock;
mod crowd;
mod disk;
mod kill;
mod resolver;
mod shutdown;
mod soak;
