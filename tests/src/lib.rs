//! Support for the end-to-end tests: running the built program as users do, fake servers it talks
//! to, and a client that can also send invalid requests.
//!
//! Everything in here panics on failure, with the message that the test should show.

pub mod browser;
pub mod clock;
pub mod dice;
pub mod discord;
pub mod disk;
pub mod dns;
pub mod everything;
pub mod hostile;
pub mod http;
pub mod lab;
pub mod loopback;
pub mod nats;
pub mod openapi;
pub mod program;
pub mod receiver;
pub mod relay;
pub mod resolver;
pub mod scratch;
pub mod service;
pub mod telegram;
pub mod terminal;
pub mod whois;

pub use browser::Browser;
pub use dice::Dice;
pub use discord::Discord;
pub use disk::Disk;
pub use dns::Dns;
pub use everything::Everything;
pub use hostile::Hostile;
pub use lab::Lab;
pub use nats::Nats;
pub use openapi::OpenApi;
pub use program::{Finished, Netvane, Running};
pub use receiver::Receiver;
pub use relay::Relay;
pub use resolver::Resolver;
pub use scratch::Scratch;
pub use service::Service;
pub use telegram::Telegram;
pub use terminal::Terminal;

use std::time::{Duration, Instant};

/// Timeout of any single step of a test, generous for a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(45);

/// Polls until a condition holds; only for conditions without an event to wait for.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether text is safe to show on a terminal or in a chat: no control characters except line
/// breaks and tabs, and nothing that reorders or hides text.
pub fn is_harmless(text: &str) -> bool {
    !text.chars().any(|c| {
        c.is_control() && !matches!(c, '\n' | '\t')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    })
}
