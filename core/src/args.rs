//! The value types that are the grammar: the type of an argument says what may be written there.
//!
//! Names and addresses come from [`netvane_facts::target`]; these are the types that only commands know. Text, HTTP
//! and chat forms all come through the same reading.

mod email;
pub mod mailbox;
mod message;
mod port_set;
mod record_type;
mod registered;
mod simple;
pub mod special_mailboxes;

pub use email::Email;
pub use mailbox::MailDomain;
pub use message::Message;
pub use port_set::PortSet;
pub(crate) use record_type::COMMON as COMMON_TYPES;
pub use record_type::RecordType;
pub use registered::Registered;
pub use simple::{Flag, Number, Text, Word};

#[cfg(test)]
mod tests;
