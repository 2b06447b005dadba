//! What the service stands on breaks while it works.

mod chats;
mod clock;
mod crowd;
mod disk;
mod kill;
mod resolver;
mod shutdown;
mod soak;
