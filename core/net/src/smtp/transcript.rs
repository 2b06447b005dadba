//! SMTP transcript. Untrusted text of limited size; renderers must escape it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reply::{Enhanced, Reply};

/// Most entries stored; a verification adds about eight per connection.
const MAX_ENTRIES: usize = 64;
/// Most bytes of text per entry.
const MAX_TEXT: usize = 1024;

/// Stage of the SMTP session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Opening the TCP connection.
    Connect,
    /// The server's greeting (220).
    Banner,
    /// EHLO, or HELO if EHLO is not supported.
    Ehlo,
    /// STARTTLS and the TLS handshake.
    Starttls,
    /// MAIL FROM with the sender.
    Mail,
    /// RCPT TO for the checked address.
    Rcpt,
    /// RCPT TO for a random address.
    RcptRandom,
    /// RSET before a second transaction.
    Rset,
    /// QUIT at the end of the session.
    Quit,
}

/// One reply, or the error in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TranscriptEntry {
    /// Host name of the mail server and the connected address.
    pub host: String,
    /// Stage of the session.
    pub stage: Stage,
    /// The command that was sent, without its line end; absent if the server spoke first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Reply code; `null` without a reply.
    pub code: Option<u16>,
    /// Enhanced status code (RFC 3463).
    pub enhanced: Option<Enhanced>,
    /// Text of the reply, or the error. Untrusted: escape it.
    pub text: String,
}

type Observer<'a> = Box<dyn FnMut(&[TranscriptEntry]) + Send + 'a>;

/// Entries of one verification, in order.
#[derive(Default)]
pub struct Transcript<'a> {
    entries: Vec<TranscriptEntry>,
    observer: Option<Observer<'a>>,
}

impl<'a> Transcript<'a> {
    /// Creates a transcript that calls `observer` with all entries after each new one.
    pub fn observed(observer: impl FnMut(&[TranscriptEntry]) + Send + 'a) -> Self {
        Self {
            entries: Vec::new(),
            observer: Some(Box::new(observer)),
        }
    }

    /// Returns the entries so far.
    #[must_use]
    pub fn entries(&self) -> &[TranscriptEntry] {
        &self.entries
    }

    /// Consumes the transcript and returns its entries.
    #[must_use]
    pub fn into_entries(self) -> Vec<TranscriptEntry> {
        self.entries
    }

    /// Adds the reply to a command.
    pub(super) fn reply(
        &mut self,
        host: &str,
        stage: Stage,
        command: Option<String>,
        reply: &Reply,
    ) {
        self.push(TranscriptEntry {
            host: host.to_owned(),
            stage,
            command,
            code: Some(reply.code),
            enhanced: reply.enhanced,
            text: reply.text(),
        });
    }

    /// Adds the error that came instead of a reply to a command.
    pub(super) fn error(
        &mut self,
        host: &str,
        stage: Stage,
        command: Option<String>,
        text: String,
    ) {
        self.push(TranscriptEntry {
            host: host.to_owned(),
            stage,
            command,
            code: None,
            enhanced: None,
            text,
        });
    }

    /// Adds a remark without a command and without a reply.
    pub fn note(&mut self, host: &str, stage: Stage, text: impl Into<String>) {
        self.error(host, stage, None, text.into());
    }

    fn push(&mut self, mut entry: TranscriptEntry) {
        if self.entries.len() == MAX_ENTRIES {
            return;
        }

        let text = &mut entry.text;
        if text.len() > MAX_TEXT {
            text.truncate(text.floor_char_boundary(MAX_TEXT));
            text.push('…');
        }

        self.entries.push(entry);

        if let Some(observer) = &mut self.observer {
            observer(&self.entries);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored_text(text: &str) -> String {
        let mut transcript = Transcript::default();
        transcript.note("mx", Stage::Banner, text);
        transcript.into_entries().remove(0).text
    }

    #[test]
    fn truncates_long_texts_at_a_character_boundary_with_an_ellipsis() {
        let fits = "x".repeat(MAX_TEXT);
        assert_eq!(stored_text(&fits), fits);
        assert_eq!(stored_text(&format!("{fits}y")), format!("{fits}…"));
        // Three bytes each; the last character does not fit completely.
        let calls = stored_text(&"€".repeat(MAX_TEXT));
        assert_eq!(calls, format!("{}…", "€".repeat(MAX_TEXT / 3)));
        assert_eq!(stored_text(""), "");
    }

    #[test]
    fn stores_a_limited_number_of_entries() {
        let mut calls = 0;
        let mut transcript = Transcript::observed(|_| calls += 1);
        for number in 0..MAX_ENTRIES + 9 {
            transcript.note("mx", Stage::Rcpt, number.to_string());
        }
        assert_eq!(transcript.entries().len(), MAX_ENTRIES);
        assert_eq!(transcript.entries()[MAX_ENTRIES - 1].text, "63");
        drop(transcript);
        assert_eq!(
            calls, MAX_ENTRIES,
            "the observer is not called for dropped entries"
        );
    }

    #[test]
    fn stores_the_codes_and_lines_of_a_reply() {
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
        let command = Some("RCPT TO:<q@example.test>".to_owned());
        transcript.reply("mx (192.0.2.1)", Stage::RcptRandom, command, &reply);
        drop(transcript);
        let json = serde_json::to_value(&seen).expect("serializes");
        assert_eq!(
            json,
            serde_json::json!([{
                "host": "mx (192.0.2.1)", "stage": "rcpt_random",
                "command": "RCPT TO:<q@example.test>", "code": 550, "enhanced": "5.1.1",
                "text": "no such user\nhere"
            }])
        );
    }
}
