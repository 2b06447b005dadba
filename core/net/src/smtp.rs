//! SMTP client that checks whether a mailbox exists (RFC 5321), without ever sending mail.
//!
//! A session sends EHLO, STARTTLS if offered, MAIL, RCPT for the address, RCPT for a random
//! address, and QUIT; never DATA. A shorter session (greeting, EHLO, STARTTLS, QUIT) reads what a
//! server announces. Callers pass addresses that are resolved and checked by the guard; this module
//! never looks up a name.

mod connect;
mod connection;
mod dialogue;
mod ehlo_probe;
mod extensions;
mod meaning;
mod phrases;
mod reply;
mod stream;
mod tls;
mod transcript;

use std::{net::SocketAddr, time::Duration};

use serde::{Deserialize, Serialize};

pub use connect::Unconnected;
pub use connection::Broken;
pub use dialogue::{End, ProbeResult, RecipientProbe};
pub use ehlo_probe::EhloInfo;
pub use meaning::{Meaning, meaning, retry_hint};
pub use reply::{Enhanced, Malformed, Parser, Reply};
pub use tls::{Opportunistic, TlsFacts};
pub use transcript::{Stage, Transcript, TranscriptEntry};

pub use connect::{connect, interleaved};
pub use connection::{drain_quits, leave};
pub use dialogue::converse;
pub use ehlo_probe::ehlo_probe;

/// A mail server with addresses that the guard accepted.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// MX preference; the lowest is tried first.
    pub preference: u16,
    /// Host name in A-labels, without the final dot.
    pub host: String,
    /// IPv6 and IPv4 addresses with the port, each checked by the guard.
    pub addresses: Vec<SocketAddr>,
}

/// Whether addresses may be sent over a connection that is not encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cleartext {
    /// If STARTTLS is not offered, is refused or fails (opportunistic encryption, RFC 7435).
    #[default]
    Fallback,
    /// Never: a session that cannot be encrypted ends before MAIL.
    Never,
}

/// Identification, timeouts and limits of a session.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Name for EHLO. It should resolve; an address literal if the operator has none.
    pub helo: String,
    /// Contact for the operators of contacted servers. Sent as the argument of NOOP (RFC 5321
    /// §4.1.1.9), since EHLO takes only a name.
    pub contact: Option<String>,
    /// Sender address used if the server rejects `<>`.
    pub mail_from: Option<String>,
    /// Whether the session may go on without encryption.
    pub cleartext: Cleartext,
    /// Timeout of one connection attempt.
    pub connect: Duration,
    /// Timeout of one reply. Servers that delay their greeting on purpose take about six seconds.
    pub stage: Duration,
    /// Timeout of the whole verification.
    pub total: Duration,
    /// Longest greylisting delay that is waited for before one retry; a longer one is reported to
    /// the user.
    pub greylist_wait: Duration,
    /// Delay before the retry if the server does not name one.
    pub greylist_pause: Duration,
    /// Most connections of one verification, over all mail servers and including the retry.
    pub connections: usize,
    /// Timeout of the reply to QUIT. With zero it is read in the background and left out of the
    /// transcript.
    pub quit: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            helo: "[127.0.0.1]".into(),
            contact: None,
            mail_from: None,
            cleartext: Cleartext::Fallback,
            connect: Duration::from_secs(4),
            stage: Duration::from_secs(10),
            total: Duration::from_secs(25),
            greylist_wait: Duration::from_secs(6),
            greylist_pause: Duration::from_secs(1),
            connections: 5,
            quit: Duration::ZERO,
        }
    }
}
