//! What was said, for the reader to judge: raw text from strangers, bounded; renderers escape it.

use schemars::JsonSchema;
use serde::Serialize;

use super::reply::{Enhanced, Reply};

/// Entries kept; a verification makes about eight for each connection.
const MAX_ENTRIES: usize = 64;
/// Bytes of text in one entry.
const MAX_TEXT: usize = 1024;

/// A step of the dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// TCP connection.
    Connect,
    /// The server's greeting.
    Banner,
    /// EHLO, or HELO where that is refused.
    Ehlo,
    /// STARTTLS and the handshake.
    Starttls,
    /// MAIL FROM.
    Mail,
    /// RCPT TO the address.
    Rcpt,
    /// RCPT TO an address that nobody has.
    RcptRandom,
    /// RSET between two transactions.
    Rset,
    /// QUIT.
    Quit,
}

/// One reply, or what came instead of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Entry {
    /// Host name of the exchange and the address that was connected to.
    pub host: String,
    /// The step.
    pub stage: Stage,
    /// Reply code; `null` where no reply came.
    pub code: Option<u16>,
    /// Enhanced status code (RFC 3463).
    pub enhanced: Option<Enhanced>,
    /// What the server said, or what went wrong. Text from a stranger: escape it.
    pub text: String,
}

type Observer<'a> = Box<dyn FnMut(&[Entry]) + Send + 'a>;

/// The entries so far.
#[derive(Default)]
pub struct Transcript<'a> {
    entries: Vec<Entry>,
    observer: Option<Observer<'a>>,
}

impl<'a> Transcript<'a> {
    /// Tells `observer` of each new entry.
    pub fn observed(observer: impl FnMut(&[Entry]) + Send + 'a) -> Self {
        Self {
            entries: Vec::new(),
            observer: Some(Box::new(observer)),
        }
    }

    /// The entries.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entries, to keep.
    #[must_use]
    pub fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    pub(super) fn reply(&mut self, host: &str, stage: Stage, reply: &Reply) {
        self.push(host, stage, Some(reply.code), reply.enhanced, reply.text());
    }

    /// Adds what happened without a reply.
    pub fn note(&mut self, host: &str, stage: Stage, text: impl Into<String>) {
        self.push(host, stage, None, None, text.into());
    }

    fn push(
        &mut self,
        host: &str,
        stage: Stage,
        code: Option<u16>,
        enhanced: Option<Enhanced>,
        mut text: String,
    ) {
        if self.entries.len() == MAX_ENTRIES {
            return;
        }

        if text.len() > MAX_TEXT {
            text.truncate(text.floor_char_boundary(MAX_TEXT));
            text.push('…');
        }

        self.entries.push(Entry {
            host: host.to_owned(),
            stage,
            code,
            enhanced,
            text,
        });

        if let Some(observer) = &mut self.observer {
            observer(&self.entries);
        }
    }
}
