//! SMTP replies (RFC 5321 §4.2) read from bytes that a stranger chose.
//!
//! Taken as they come in the wild: split anywhere, bare LF, 8-bit text, a lone code without text. Bounded in the
//! length of a line, the number of lines and the bytes of a whole reply; what is too much ends the reading.

use std::fmt;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// RFC 5321 §4.5.3.1.5 allows 512; servers do send longer ones.
const MAX_LINE: usize = 4096;
const MAX_LINES: usize = 100;
/// Of one reply on the wire.
const MAX_REPLY: usize = 32 * 1024;
/// Of the text that is kept.
const MAX_KEPT: usize = 2048;

/// One reply, its lines put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 200–599.
    pub code: u16,
    /// The first enhanced status code of its lines.
    pub enhanced: Option<Enhanced>,
    /// The lines without codes and line ends; untrusted, cut at 2 KiB in all.
    pub lines: Vec<String>,
}

/// An enhanced mail system status code, `class.subject.detail` (RFC 3463).
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub struct Enhanced {
    /// 2, 4 or 5.
    pub class: u8,
    /// 0–999.
    pub subject: u16,
    /// 0–999.
    pub detail: u16,
}

/// Why bytes are no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Malformed {
    /// A line that does not start with a reply code; its beginning.
    NotAReply(String),
    /// More lines or bytes than any honest reply has.
    TooLong,
}

/// Puts replies together from pieces.
#[derive(Debug, Default)]
pub struct Parser {
    buffer: Vec<u8>,
    /// Lines of the reply that is not complete yet.
    lines: Vec<String>,
    enhanced: Option<Enhanced>,
    kept: usize,
    /// Bytes of the reply so far.
    size: usize,
    count: usize,
}

impl Reply {
    /// First digit: 2 done, 3 go on, 4 not now, 5 no.
    #[must_use]
    pub fn class(&self) -> u16 {
        self.code / 100
    }

    /// The lines, one below the other.
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

impl Enhanced {
    /// Reads `5.1.1`, also as `#5.1.1`, in front of the text.
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

    /// qmail and its kin write it last: `… (#5.1.1)`.
    fn trailing(text: &str) -> Option<Self> {
        let (_, code) = text.trim_end().strip_suffix(')')?.rsplit_once("(#")?;
        Self::exact(code)
    }

    /// Some put a word of their own in front: `cuda_nsu 5.1.1 …`. Only of the reply's class: it might be a version.
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
    /// Takes what came from the wire.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether part of a reply is there.
    #[must_use]
    pub fn is_amid(&self) -> bool {
        self.count > 0 || !self.buffer.is_empty()
    }

    /// Whether something lies here that was not asked for yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.is_amid()
    }

    /// What an incomplete reply says so far.
    #[must_use]
    pub fn partial(&self) -> String {
        let mut text = self.lines.join("\n");
        if !self.buffer.is_empty() {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&decoded(&self.buffer[..self.buffer.len().min(MAX_KEPT)]));
        }
        text
    }

    /// The next complete reply, if there is one.
    ///
    /// # Errors
    /// What is there cannot become a reply; told as soon as that is certain, not at the end of the line.
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
                (self.kept, self.size, self.count) = (0, 0, 0);
                return Ok(Some(Reply {
                    code,
                    enhanced,
                    lines,
                }));
            }
        }
    }

    /// A server of another protocol may never end its line: its first bytes tell.
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
            // A code of another class than the reply's is nonsense that some send; the reply code decides.
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

        let room = text.floor_char_boundary(MAX_KEPT.saturating_sub(self.kept));

        if room > 0 || (text.is_empty() && self.kept < MAX_KEPT) {
            self.lines.push(text[..room].to_owned());
            self.kept += room + 1;
        }
    }
}

fn class_of(code: u16, said: u8) -> u8 {
    match code / 100 {
        class @ (2 | 4 | 5) => class as u8,
        _ => said,
    }
}

/// `250`, `250 text` or `250-text`: the code, and whether more lines follow.
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

/// UTF-8 where it is, else Latin-1: every byte is shown as something.
fn decoded(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

#[cfg(test)]
mod tests;
