//! Parser for SMTP replies (RFC 5321 §4.2) from untrusted servers.
//!
//! Tolerates what real servers send: input split anywhere, bare LF, 8-bit text, a code without
//! text. The length of a line, the number of lines and the size of a reply are limited; parsing
//! fails beyond that.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Longest line in bytes. RFC 5321 §4.5.3.1.5 allows 512, but some servers send longer ones.
const MAX_LINE: usize = 4096;
const MAX_LINES: usize = 100;
/// Most bytes of one reply, as received.
const MAX_REPLY: usize = 32 * 1024;
/// Most bytes of text stored per reply.
const MAX_TEXT: usize = 2048;

/// One reply with all its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Three-digit reply code, 200–599.
    pub code: u16,
    /// First enhanced status code in its lines.
    pub enhanced: Option<Enhanced>,
    /// Lines without codes and line ends. Untrusted; truncated to 2 KiB in total.
    pub lines: Vec<String>,
}

/// An enhanced mail system status code, `class.subject.detail` (RFC 3463).
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub struct Enhanced {
    /// Class: 2, 4 or 5.
    pub class: u8,
    /// Subject of the status, 0–999.
    pub subject: u16,
    /// Detail of the status, 0–999.
    pub detail: u16,
}

/// Why the bytes are not a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Malformed {
    /// A line does not start with a reply code; holds its beginning.
    NotAReply(String),
    /// The reply exceeds the limit of lines or bytes.
    TooLong,
}

/// Incremental parser for replies.
#[derive(Debug, Default)]
pub struct Parser {
    buffer: Vec<u8>,
    /// Lines of the incomplete reply.
    lines: Vec<String>,
    enhanced: Option<Enhanced>,
    stored: usize,
    /// Bytes of the incomplete reply so far.
    size: usize,
    count: usize,
}

impl Reply {
    /// Returns the first digit of the code: 2 success, 3 intermediate, 4 temporary error, 5
    /// permanent error.
    #[must_use]
    pub fn class(&self) -> u16 {
        self.code / 100
    }

    /// Returns the lines, joined by line feeds.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl Serialize for Enhanced {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Enhanced {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::exact(&code).ok_or_else(|| D::Error::custom("expected a code such as `5.1.1`"))
    }
}

impl Enhanced {
    /// Parses `5.1.1` or `#5.1.1` at the start of the text.
    fn leading(text: &str) -> Option<(Self, &str)> {
        let text = text.trim_start();
        let text = text.strip_prefix('#').unwrap_or(text);
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let after = text.get(end..)?;
        if after.starts_with(|c: char| c.is_alphanumeric() || c == '-') {
            return None;
        }
        Some((Self::exact(text.get(..end)?.trim_end_matches('.'))?, after))
    }

    /// Parses the code at the end, as qmail and its derivatives write it: `… (#5.1.1)`.
    fn trailing(text: &str) -> Option<Self> {
        let (_, code) = text.trim_end().strip_suffix(')')?.rsplit_once("(#")?;
        Self::exact(code)
    }

    /// Finds the code after a leading word, as in `cuda_nsu 5.1.1 …`. Only if its class matches the
    /// reply, since it might be a version number.
    fn among(text: &str, code: u16) -> Option<Self> {
        let mut words = text
            .split_ascii_whitespace()
            .take(3)
            .filter_map(Self::exact);
        words.find(|found| u16::from(found.class) == code / 100)
    }

    fn exact(code: &str) -> Option<Self> {
        let mut parts = code.split('.').map(|part| {
            (part.len() <= 3 && !part.is_empty())
                .then(|| part.parse::<u16>().ok())
                .flatten()
        });
        let (class, subject, detail) = (parts.next()??, parts.next()??, parts.next()??);
        if parts.next().is_some() || !matches!(class, 2 | 4 | 5) {
            return None;
        }
        Some(Self {
            class: class as u8,
            subject,
            detail,
        })
    }
}

impl Parser {
    /// Appends received bytes to the buffer.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether an incomplete reply is buffered.
    #[must_use]
    pub fn is_amid(&self) -> bool {
        self.count > 0 || !self.buffer.is_empty()
    }

    /// Whether the buffer is empty; otherwise the server sent data that was not requested.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.is_amid()
    }

    /// Returns the text of an incomplete reply so far.
    #[must_use]
    pub fn partial(&self) -> String {
        let mut text = self.lines.join("\n");
        if !self.buffer.is_empty() {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&decoded(&self.buffer[..self.buffer.len().min(MAX_TEXT)]));
        }
        text
    }

    /// Returns the next complete reply, if there is one.
    ///
    /// # Errors
    /// The data is not a reply. Reported as soon as that is certain, not at the end of the line.
    pub fn take(&mut self) -> Result<Option<Reply>, Malformed> {
        loop {
            let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') else {
                self.judge_start()?;
                if self.buffer.len() > MAX_LINE || self.size + self.buffer.len() > MAX_REPLY {
                    return Err(Malformed::TooLong);
                }
                return Ok(None);
            };

            self.judge_start()?;
            self.size += end + 1;
            self.count += 1;
            if end > MAX_LINE || self.size > MAX_REPLY || self.count > MAX_LINES {
                return Err(Malformed::TooLong);
            }

            let line: Vec<u8> = self.buffer.drain(..=end).collect();
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let Some((code, more)) = head(line) else {
                return Err(Malformed::NotAReply(decoded(&line[..line.len().min(200)])));
            };
            self.keep(code, &decoded(line.get(4..).unwrap_or_default()));
            if !more {
                let lines = std::mem::take(&mut self.lines);
                let enhanced = self.enhanced.take();
                (self.stored, self.size, self.count) = (0, 0, 0);
                return Ok(Some(Reply {
                    code,
                    enhanced,
                    lines,
                }));
            }
        }
    }

    /// Checks the start of an incomplete line: a server of another protocol may never end it.
    fn judge_start(&self) -> Result<(), Malformed> {
        let start = &self.buffer[..self.buffer.len().min(3)];
        let fits = start.iter().enumerate().all(|(at, byte)| match at {
            0 => (b'2'..=b'5').contains(byte),
            _ => byte.is_ascii_digit(),
        });
        if fits || matches!(start, [b'\r' | b'\n', ..]) && self.buffer.len() < 2 {
            return Ok(());
        }
        let line = self
            .buffer
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Err(Malformed::NotAReply(decoded(&line[..line.len().min(200)])))
    }

    fn keep(&mut self, code: u16, text: &str) {
        let mut text = text;

        match Enhanced::leading(text) {
            // Some servers send an enhanced code of another class than the reply code; the reply
            // code takes precedence.
            Some((found, rest)) => {
                self.enhanced.get_or_insert(Enhanced {
                    class: class_of(code, found.class),
                    ..found
                });
                text = rest.trim_start();
            }
            None => {
                if let Some(found) =
                    Enhanced::trailing(text).or_else(|| Enhanced::among(text, code))
                {
                    self.enhanced.get_or_insert(Enhanced {
                        class: class_of(code, found.class),
                        ..found
                    });
                }
            }
        }

        let room = text.floor_char_boundary(MAX_TEXT.saturating_sub(self.stored));

        if room > 0 || (text.is_empty() && self.stored < MAX_TEXT) {
            self.lines.push(text[..room].to_owned());
            self.stored += room + 1;
        }
    }
}

fn class_of(code: u16, class: u8) -> u8 {
    match code / 100 {
        class @ (2 | 4 | 5) => class as u8,
        _ => class,
    }
}

/// Parses `250`, `250 text` or `250-text`: the code, and whether more lines follow.
fn head(line: &[u8]) -> Option<(u16, bool)> {
    let [a @ b'2'..=b'5', b, c, rest @ ..] = line else {
        return None;
    };
    if !b.is_ascii_digit() || !c.is_ascii_digit() {
        return None;
    }
    let more = match rest {
        [] | [b' ' | b'\t', ..] => false,
        [b'-', ..] => true,
        _ => return None,
    };
    let digit = |byte: u8| u16::from(byte - b'0');
    Some((digit(*a) * 100 + digit(*b) * 10 + digit(*c), more))
}

/// Decodes as UTF-8 if valid, otherwise as Latin-1, which cannot fail.
fn decoded(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

#[cfg(test)]
mod tests;
