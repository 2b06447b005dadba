//! Parser for HTML as the Bot API reads it.

use super::{
    formatted::{Formatted, Span, clean, finish},
    links,
};
use crate::telegram::refusal::Refusal;

struct Open {
    tag: String,
    argument: String,
    start: usize,
    byte: usize,
}

struct Parser<'a> {
    source: &'a str,
    at: usize,
    text: String,
    units: usize,
    open: Vec<Open>,
    spans: Vec<Span>,
    swallowed: Vec<String>,
}

/// Parses text in the Bot API's HTML style.
pub(in crate::telegram) fn parse(source: &str) -> Result<Formatted, Refusal> {
    let mut parser = Parser {
        source,
        at: 0,
        text: String::new(),
        units: 0,
        open: Vec::new(),
        spans: Vec::new(),
        swallowed: Vec::new(),
    };
    parser
        .run()
        .map_err(|why| Refusal::bad(format!("can't parse entities: {why}")))?;
    Ok(finish(parser.text, parser.spans, parser.swallowed))
}

/// Whether a byte counts as white space; the platform also counts the end of the text.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0 | 0x0b)
}

impl Parser<'_> {
    fn byte(&self) -> u8 {
        self.source.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn ended(&self) -> bool {
        self.at >= self.source.len()
    }

    fn skip(&mut self, wanted: impl Fn(u8) -> bool) {
        while !self.ended() && wanted(self.byte()) {
            self.at += 1;
        }
    }

    fn push(&mut self, c: char) {
        if let Some(c) = clean(c) {
            self.text.push(c);
            self.units += c.len_utf16();
        }
    }

    fn run(&mut self) -> Result<(), String> {
        while !self.ended() {
            match self.byte() {
                b'<' if self.source[self.at..].starts_with("</") => self.end_tag()?,
                b'<' => self.start_tag()?,
                _ => {
                    let c = self.character();
                    self.push(c);
                }
            }
        }
        match self.open.last() {
            Some(open) => Err(format!(
                "Can't find end tag corresponding to start tag \"{}\"",
                open.tag
            )),
            None => Ok(()),
        }
    }

    /// Reads the next character, or the one that a character reference stands for.
    fn character(&mut self) -> char {
        if self.byte() == b'&' {
            if let Some((c, length)) = reference(&self.source[self.at..]) {
                self.at += length;
                return c;
            }
            self.swallowed.push(format!(
                "an ampersand that is not escaped, at byte {}",
                self.at
            ));
        }
        let c = self.source[self.at..].chars().next().unwrap_or_default();
        self.at += c.len_utf8();
        c
    }

    fn start_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        self.at += 1;
        self.skip(|byte| !is_space(byte) && byte != b'>');
        if self.ended() {
            return Err(format!("Unclosed start tag at byte offset {begin}"));
        }

        let tag = self.source[begin + 1..self.at].to_ascii_lowercase();

        if kind(&tag).is_none() {
            return Err(format!(
                "Unsupported start tag \"{tag}\" at byte offset {begin}"
            ));
        }

        let mut argument = String::new();

        while let Some((name, value)) = self.attribute(&tag, begin)? {
            let taken = match (tag.as_str(), name.as_str()) {
                ("a", "href") | ("tg-emoji", "emoji-id") => Some(value.as_str()),
                ("code", "class") => value.strip_prefix("language-"),
                ("span", "class") => value.strip_prefix("tg-"),
                ("blockquote", "expandable") => Some("1"),
                _ => None,
            };
            match taken {
                Some(taken) => argument = taken.to_owned(),
                None => self.swallowed.push(format!("attribute {name} of <{tag}>")),
            }
        }

        self.at += 1;
        if tag == "span" && argument != "spoiler" {
            return Err(format!(
                "Tag \"span\" must have class \"tg-spoiler\" at byte offset {begin}"
            ));
        }

        self.open.push(Open {
            tag,
            argument,
            start: self.units,
            byte: self.text.len(),
        });

        Ok(())
    }

    /// Reads one attribute; `None` at the end of the tag.
    fn attribute(&mut self, tag: &str, begin: usize) -> Result<Option<(String, String)>, String> {
        let unclosed = || format!("Unclosed start tag \"{tag}\" at byte offset {begin}");
        self.skip(is_space);
        if self.byte() == b'>' {
            return Ok(None);
        }

        let start = self.at;
        self.skip(|byte| !is_space(byte) && !matches!(byte, b'=' | b'>'));
        let name = self.source[start..self.at].to_owned();
        if self.ended() {
            return Err(unclosed());
        }

        if name.is_empty() {
            return Err(format!(
                "Empty attribute name in the tag \"{tag}\" at byte offset {begin}"
            ));
        }

        self.skip(is_space);
        if self.byte() != b'=' {
            return Ok(Some((name, String::new())));
        }

        self.at += 1;
        self.skip(is_space);
        let value = match self.byte() {
            quote @ (b'"' | b'\'') => self.quoted(quote),
            _ => self.token()?,
        };
        if self.ended() {
            return Err(unclosed());
        }

        Ok(Some((name, value)))
    }

    fn quoted(&mut self, quote: u8) -> String {
        self.at += 1;
        let mut value = String::new();
        while !self.ended() && self.byte() != quote {
            value.push(self.character());
        }
        self.at = (self.at + 1).min(self.source.len());
        value
    }

    fn token(&mut self) -> Result<String, String> {
        let start = self.at;
        self.skip(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
        if !is_space(self.byte()) && self.byte() != b'>' {
            return Err(format!(
                "Unexpected end of name token at byte offset {start}"
            ));
        }
        Ok(self.source[start..self.at].to_ascii_lowercase())
    }

    fn end_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        let Some(open) = self.open.pop() else {
            return Err(format!("Unexpected end tag at byte offset {begin}"));
        };
        self.at += 2;
        self.skip(|byte| !is_space(byte) && byte != b'>');
        let found = &self.source[begin + 2..self.at];
        self.skip(is_space);
        if self.byte() != b'>' {
            return Err(format!("Unclosed end tag at byte offset {begin}"));
        }
        if !found.is_empty() && found != open.tag {
            return Err(format!(
                "Unmatched end tag at byte offset {begin}, expected \"</{}>\", found \"</{found}>\"",
                open.tag
            ));
        }
        self.at += 1;
        if self.units > open.start {
            self.close(open);
        }
        Ok(())
    }

    fn close(&mut self, open: Open) {
        let Open {
            tag,
            mut argument,
            start,
            byte,
        } = open;

        let mut kind = kind(&tag).unwrap_or_default();
        let end = self.units;
        if tag == "blockquote" && argument == "1" {
            (kind, argument) = ("expandable_blockquote", String::new());
        }

        if tag == "a" {
            let url = if argument.is_empty() {
                self.text[byte..].to_owned()
            } else {
                argument
            };
            match links::explicit(&url) {
                Some((link, target)) => (kind, argument) = (link, target),
                None => return self.swallowed.push(format!("a link to {url:?}")),
            }
        }

        let same = |span: &Span, kind| span.kind == kind && span.start == start && span.end == end;

        match self.spans.last_mut() {
            Some(code) if tag == "pre" && same(code, "code") && !code.argument.is_empty() => {
                code.kind = "pre"
            }
            Some(pre) if tag == "code" && same(pre, "pre") && !argument.is_empty() => {
                pre.argument = argument
            }
            _ => self.spans.push(Span {
                kind,
                start,
                end,
                argument,
            }),
        }
    }
}

fn kind(tag: &str) -> Option<&'static str> {
    Some(match tag {
        "b" | "strong" => "bold",
        "i" | "em" => "italic",
        "u" | "ins" => "underline",
        "s" | "strike" | "del" => "strikethrough",
        "tg-spoiler" | "span" => "spoiler",
        "tg-emoji" => "custom_emoji",
        "a" => "text_link",
        "code" => "code",
        "pre" => "pre",
        "blockquote" => "blockquote",
        _ => return None,
    })
}

/// Returns the character of a reference at the start of a text, and the reference's length.
fn reference(text: &str) -> Option<(char, usize)> {
    let bytes = text.as_bytes();
    let run = |from: usize, wanted: fn(&u8) -> bool| {
        from + bytes[from.min(bytes.len())..]
            .iter()
            .take_while(|byte| wanted(byte))
            .count()
    };

    let (c, end) = if let Some(number) = text.strip_prefix("&#") {
        let (from, radix) = if number.starts_with('x') {
            (3, 16)
        } else {
            (2, 10)
        };
        let end = if radix == 16 {
            run(from, u8::is_ascii_hexdigit)
        } else {
            run(from, u8::is_ascii_digit)
        };
        let code = u32::from_str_radix(&text[from..end], radix).ok()?;
        (
            char::from_u32(code).filter(|_| (1..0x10_ffff).contains(&code) && end < 10)?,
            end,
        )
    } else {
        let end = run(1, u8::is_ascii_alphabetic);
        let c = match &text[1..end] {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            _ => return None,
        };
        (c, end)
    };

    Some((c, end + usize::from(bytes.get(end) == Some(&b';'))))
}
