//! The SMTP dialogue that asks whether a mailbox exists (RFC 5321), without ever sending mail.
//!
//! EHLO, STARTTLS where offered, MAIL, RCPT for the address, RCPT for an address that nobody has, QUIT; never DATA.
//! Or less: greeting, EHLO, STARTTLS and QUIT, to see what a server announces.
//! Addresses come resolved and vetted from outside; nothing here looks up a name.

mod connect;
mod dialogue;
mod extensions;
mod greet;
mod meaning;
mod phrases;
mod reply;
mod stream;
mod tls;
mod transcript;
mod wire;

use std::{net::SocketAddr, time::Duration};

pub use connect::Unconnected;
pub use dialogue::{End, Outcome, Question};
pub use greet::Welcome;
pub use meaning::{Meaning, meaning, retry_hint};
pub use reply::{Enhanced, Malformed, Parser, Reply};
pub use tls::{Opportunistic, TlsFacts};
pub use transcript::{Entry, Stage, Transcript};
pub use wire::Broken;

pub use connect::{connect, interleaved};
pub use dialogue::converse;
pub use greet::greet;
pub use wire::{goodbyes, leave};

/// A mail exchange whose addresses may be connected to.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// MX preference, lowest first.
    pub preference: u16,
    /// Host name without the final dot, A-labels.
    pub host: String,
    /// IPv6 and IPv4, with the port; each one vetted by the guard.
    pub addresses: Vec<SocketAddr>,
}

/// How to introduce ourselves, and how long to wait.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The operator's own name for EHLO, one that resolves; an address literal if there is none.
    pub helo: String,
    /// Who asks and where to complain, for whoever reads the dialogue. Sent as the text that NOOP may carry (RFC 5321
    /// §4.1.1.9): EHLO takes nothing but a name.
    pub contact: Option<String>,
    /// Sender to use where `<>` is refused as a sender.
    pub mail_from: Option<String>,
    /// For one connection attempt.
    pub connect: Duration,
    /// For one reply. Servers that delay their greeting on purpose take about six seconds.
    pub stage: Duration,
    /// For everything together.
    pub total: Duration,
    /// The longest time after which a greylisted question is asked once more; longer ones are told to the asker.
    pub greylist_wait: Duration,
    /// The time after which it is asked once more where the server names none.
    pub greylist_pause: Duration,
    /// Connections that one verification may open, over all exchanges, the repeated one included.
    pub connections: usize,
    /// How long to wait for the answer to QUIT; with zero it is heard in the background and not in the transcript.
    pub quit: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            helo: "[127.0.0.1]".into(),
            contact: None,
            mail_from: None,
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
