//! Email addresses as people write them: `Mailbox` of RFC 5321 §4.1.2, with RFC 6531 for other
//! scripts.
//!
//! Also accepts `Name <a@b>`, `<a@b>` and `mailto:a@b?subject=…` (RFC 6068). Comments, folding and
//! the obsolete forms of RFC 5322 §4.4 are allowed in headers, but not in SMTP; they are rejected
//! with an error that names them.

use std::fmt;

use domain::mail_domain;
use piece::Piece;

mod domain;
mod pasted;
mod piece;

pub use domain::MailDomain;
pub use piece::Invalid;

/// Maximum length in bytes of a text: longer than any address with a display name. Longer texts are
/// not read.
const MAX_TEXT: usize = 2048;
/// Maximum length in octets of a local part (RFC 5321 §4.5.3.1.1).
const MAX_LOCAL: usize = 64;
/// Maximum length in octets of an address: a path holds 256, two of them the angle brackets (RFC
/// 5321 §4.5.3.1.3).
const MAX_ADDRESS: usize = 254;

/// An email address that can be sent in RCPT TO.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mailbox {
    /// The local part without quoting: `john smith` for `"john smith"@…`.
    pub local: String,
    /// The part after the `@`.
    pub domain: MailDomain,
    /// Whether the local part has non-ASCII characters and needs SMTPUTF8 (RFC 6531).
    pub utf8: bool,
    /// Whether the local part is only valid in quotes.
    pub quoted: bool,
}

impl Mailbox {
    /// Returns the address as sent between the angle brackets of RCPT TO.
    #[must_use]
    pub fn wire(&self) -> String {
        format!("{}@{}", self.wire_local(), self.domain)
    }

    /// Returns the domain name; `None` for an address literal.
    #[must_use]
    pub fn domain_name(&self) -> Option<&str> {
        match &self.domain {
            MailDomain::Name(name) => Some(name),
            MailDomain::Literal(_) => None,
        }
    }

    fn wire_local(&self) -> String {
        if !self.quoted {
            return self.local.clone();
        }
        let mut out = String::with_capacity(self.local.len() + 2);
        out.push('"');
        for c in self.local.chars() {
            if matches!(c, '"' | '\\') {
                out.push('\\');
            }
            out.push(c);
        }
        out.push('"');
        out
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wire())
    }
}

/// Reads one address, also with what people paste around it: [`pasted`].
///
/// # Errors
///
/// Says what is wrong with the text, and where.
pub fn parse(text: &str) -> Result<Mailbox, Invalid> {
    let as_written = parse_exactly(text);
    let is_readable = text.len() <= MAX_TEXT && !text.trim().contains(char::is_control);
    if !is_readable || as_written.is_ok() && !pasted::has_foreign_marks(text) {
        return as_written;
    }

    pasted::address_in(text)
        .and_then(|address| parse_exactly(&address).ok())
        .map_or(as_written, Ok)
}

/// Reads one address without removing anything but a display name, brackets and `mailto:`.
fn parse_exactly(text: &str) -> Result<Mailbox, Invalid> {
    let whole = Piece { text, at: Some(0) };

    if text.len() > MAX_TEXT {
        let message = format!(
            "address too long: at most {MAX_ADDRESS} characters, got {}",
            text.len()
        );
        return Err(Invalid {
            message,
            part: None,
        });
    }

    let given = whole.trimmed();
    refuse_invisible(given)?;
    let decoded;
    let given = match given.text.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => {
            let end = given.text.find('?').unwrap_or(given.text.len());
            let start = if given.text[7..].starts_with("//") {
                9
            } else {
                7
            };
            let link = given.cut(start..end.max(start));
            if !link.text.contains('%') {
                link
            } else {
                decoded = percent_decoded(link.text)
                    .filter(|text| !text.chars().any(|c| c.is_control() || is_invisible(c)))
                    .ok_or_else(|| Invalid {
                        message: "expected a link to one address".into(),
                        part: link.at.map(|at| at..at + link.text.len()),
                    })?;
                Piece {
                    text: &decoded,
                    at: None,
                }
            }
        }
        _ => given,
    };

    addr_spec(bare(given)?)
}

/// Refuses control characters and characters that nobody sees.
fn refuse_invisible(given: Piece<'_>) -> Result<(), Invalid> {
    let Some((at, c)) = given
        .text
        .char_indices()
        .find(|(_, c)| c.is_control() || is_invisible(*c))
    else {
        return Ok(());
    };

    let message = match c {
        '\r' | '\n' => "a line break is not allowed in an address".into(),
        '\0' => "a NUL is not allowed in an address".into(),
        c => format!(
            "the invisible character U+{:04X} is not allowed in an address",
            u32::from(c)
        ),
    };
    given.fault_at(at, c, message)
}

/// Removes the display name and the angle brackets around an address.
fn bare(given: Piece<'_>) -> Result<Piece<'_>, Invalid> {
    let mut in_quotes = false;
    let mut escaped = false;
    for (at, c) in given.text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_quotes => escaped = true,
            '"' => in_quotes = !in_quotes,
            '<' if !in_quotes => {
                let inside = given.cut(at + 1..given.text.len());
                let Some(rest) = inside.text.strip_suffix('>') else {
                    return given.fault("missing `>` at the end");
                };
                return Ok(inside.cut(0..rest.len()).trimmed());
            }
            _ => {}
        }
    }
    Ok(given)
}

fn addr_spec(given: Piece<'_>) -> Result<Mailbox, Invalid> {
    let text = given.text;
    if text.is_empty() {
        return given.fault("expected an email address, like ada@example.com");
    }

    if text.starts_with('@') && text.contains(':') {
        return given.fault(
            "source routes are obsolete (RFC 5321, appendix C): give the address after the colon",
        );
    }

    if text.starts_with('(') || text.ends_with(')') {
        return given.fault("comments are not allowed in an address");
    }

    let (local, quoted, after) = if text.starts_with('"') {
        quoted_local(given)?
    } else {
        dotted_local(given)?
    };

    let domain = given.cut(after + 1..text.len());
    let domain = mail_domain(domain)?;
    let utf8 = !local.is_ascii();
    let mailbox = Mailbox {
        local,
        domain,
        utf8,
        quoted,
    };

    let octets = mailbox.wire_local().len();

    if octets > MAX_LOCAL {
        return given.cut(0..after).fault(format!(
            "local part too long: at most {MAX_LOCAL} octets, got {octets}"
        ));
    }

    let octets = mailbox.wire().len();

    if octets > MAX_ADDRESS {
        return given.fault(format!(
            "address too long: at most {MAX_ADDRESS} octets, got {octets}"
        ));
    }

    Ok(mailbox)
}

/// The local part, whether it must be quoted, and the position of the `@`.
type Local = (String, bool, usize);

/// Reads a `Dot-string` (RFC 5321 §4.1.2).
fn dotted_local(given: Piece<'_>) -> Result<Local, Invalid> {
    let Some(at) = given.text.rfind('@') else {
        return given.fault("expected an @ between mailbox and domain");
    };
    let local = given.cut(0..at);
    if local.text.is_empty() {
        return given.fault("nothing before the @");
    }

    for (at, c) in local.text.char_indices() {
        if c.is_alphanumeric()
            || "!#$%&'*+-/=?^_`{|}~.".contains(c)
            || !c.is_ascii() && !c.is_whitespace()
        {
            continue;
        }

        return match c {
            '@' => local.fault_at(at, c, "more than one @"),
            '(' | ')' => local.fault_at(at, c, "comments are not allowed in an address"),
            ' ' => local.fault_at(
                at,
                c,
                "a space is only allowed in a quoted local part, as in \"a b\"@example.com",
            ),
            _ => local.fault_at(
                at,
                c,
                format!("{c:?} is only allowed in a quoted local part"),
            ),
        };
    }

    if local.text.starts_with('.') || local.text.ends_with('.') || local.text.contains("..") {
        return local
            .fault("a local part must not begin or end with a dot or contain two in a row");
    }

    Ok((local.text.to_owned(), false, at))
}

/// Reads a `Quoted-string` (RFC 5321 §4.1.2); removes its quotes if it does not need them.
fn quoted_local(given: Piece<'_>) -> Result<Local, Invalid> {
    let mut local = String::new();
    let mut chars = given.text.char_indices().skip(1);

    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some((_, next @ ' '..='~')) => local.push(next),
                _ => {
                    return given.fault_at(at, c, "expected a character after the backslash");
                }
            },
            '"' => {
                let after = at + 1;
                if given.text.as_bytes().get(after) != Some(&b'@') {
                    return given
                        .cut(after..given.text.len())
                        .fault("expected an @ after the quoted local part");
                }
                let plain = Piece {
                    text: &format!("{local}@"),
                    at: None,
                };
                let quoted = dotted_local(plain).is_err();
                return Ok((local, quoted, after));
            }
            c => local.push(c),
        }
    }

    given.fault("missing closing quote of the local part")
}

/// Returns whether a character is bidirectional or zero-width: such characters make an address look
/// like another one.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}')
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests;
