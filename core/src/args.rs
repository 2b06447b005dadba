//! Value types of arguments: the type of an argument defines its syntax.
//!
//! Names and addresses come from [`netvane_facts::target`]; the types here are used by commands
//! only. Text, HTTP and chat forms are all read by the same parsers.

mod as_number;
mod client_subnet;
mod email;
mod expected_status;
pub mod mailbox;
mod message;
mod network_query;
mod port_query;
mod port_set;
mod record_type;
mod registered;
mod simple;
pub mod special_mailboxes;
mod tls_endpoint;
mod web_url;

pub use as_number::AsNumber;
pub use client_subnet::ClientSubnet;
pub use email::{Email, MailAddress};
pub use expected_status::ExpectedStatus;
pub use mailbox::MailDomain;
pub(crate) use message::DigestedMessage;
pub use message::{MAX_MESSAGE, Message};
pub use network_query::NetworkQuery;
pub use port_query::PortQuery;
pub use port_set::PortSet;
pub(crate) use record_type::COMMON as COMMON_TYPES;
pub use record_type::{RecordType, RecordTypes};
pub use registered::Registered;
pub use simple::{Count, Flag, Number, Phrase, Text, Word};
pub use tls_endpoint::{StartTlsChoice, TlsEndpoint};
pub use web_url::WebUrl;

#[cfg(test)]
mod tests;
