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

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str) -> String {
        let mut transcript = Transcript::default();
        transcript.note("mx", Stage::Banner, text);
        transcript.into_entries().remove(0).text
    }

    #[test]
    fn long_texts_are_cut_between_characters_and_the_cut_is_shown() {
        let fits = "x".repeat(MAX_TEXT);
        assert_eq!(kept(&fits), fits);
        assert_eq!(kept(&format!("{fits}y")), format!("{fits}…"));
        // Three octets each, of which the last does not fit whole.
        let told = kept(&"€".repeat(MAX_TEXT));
        assert_eq!(told, format!("{}…", "€".repeat(MAX_TEXT / 3)));
        assert_eq!(kept(""), "");
    }

    #[test]
    fn a_server_that_goes_on_and_on_fills_no_memory() {
        let mut told = 0;
        let mut transcript = Transcript::observed(|_| told += 1);
        for number in 0..MAX_ENTRIES + 9 {
            transcript.note("mx", Stage::Rcpt, number.to_string());
        }
        assert_eq!(transcript.entries().len(), MAX_ENTRIES);
        assert_eq!(transcript.entries()[MAX_ENTRIES - 1].text, "63");
        drop(transcript);
        assert_eq!(told, MAX_ENTRIES, "of what is not kept nobody is told");
    }

    #[test]
    fn a_reply_is_kept_with_its_codes_and_lines() {
        let enhanced = Enhanced {
            class: 5,
            subject: 1,
            detail: 1,
        };
        let reply = Reply {
            code: 550,
            enhanced: Some(enhanced),
            lines: vec!["no such user".into(), "here".into()],
        };
        let mut seen = Vec::new();
        let mut transcript = Transcript::observed(|entries| seen = entries.to_vec());
        transcript.reply("mx (192.0.2.1)", Stage::RcptRandom, &reply);
        drop(transcript);
        let json = serde_json::to_value(&seen).expect("serializes");
        assert_eq!(
            json,
            serde_json::json!([{
                "host": "mx (192.0.2.1)", "stage": "rcpt_random", "code": 550, "enhanced": "5.1.1",
                "text": "no such user\nhere"
            }])
        );
    }
}
