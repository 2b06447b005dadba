//! Macros of SPF (RFC 7208 §7): texts with placeholders such as `%{i}` for facts about the message.

use std::net::IpAddr;

mod expand;

/// A text with macros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacroString(Vec<MacroPart>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum MacroPart {
    Literal(String),
    Macro(Macro),
    /// `%%`, `%_` or `%-`, as the text it stands for.
    Escape(&'static str),
}

/// A placeholder with its transformers (RFC 7208 §7.1).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Macro {
    letter: MacroLetter,
    /// Number of parts to keep, counted from the right; all of them if absent.
    keep: Option<usize>,
    is_reversed: bool,
    /// Characters that separate the parts; `.` if empty.
    delimiters: String,
    /// Written as a capital letter: the value is percent-encoded.
    is_encoded: bool,
}

/// The facts that a macro can insert (RFC 7208 §7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MacroLetter {
    /// `s`: the sender's address.
    Sender,
    /// `l`: local part of the sender's address.
    LocalPart,
    /// `o`: domain of the sender's address.
    SenderDomain,
    /// `d`: the domain whose record is evaluated.
    Domain,
    /// `i`: the client's address, its parts separated by dots.
    Address,
    /// `p`: the confirmed reverse name of the client.
    ReverseName,
    /// `v`: `in-addr` or `ip6`.
    ReverseZone,
    /// `h`: the name in HELO or EHLO.
    Helo,
    /// `c`: the client's address as people write it; in explanations only.
    PlainAddress,
    /// `r`: name of the receiving server; in explanations only.
    Receiver,
    /// `t`: seconds since 1970; in explanations only.
    Time,
}

impl MacroLetter {
    fn parse(letter: char) -> Option<Self> {
        Some(match letter.to_ascii_lowercase() {
            's' => Self::Sender,
            'l' => Self::LocalPart,
            'o' => Self::SenderDomain,
            'd' => Self::Domain,
            'i' => Self::Address,
            'p' => Self::ReverseName,
            'v' => Self::ReverseZone,
            'h' => Self::Helo,
            'c' => Self::PlainAddress,
            'r' => Self::Receiver,
            't' => Self::Time,
            _ => return None,
        })
    }

    fn is_for_explanations_only(self) -> bool {
        matches!(self, Self::PlainAddress | Self::Receiver | Self::Time)
    }
}

/// The values of all macros for one message.
#[derive(Debug, Clone, Copy)]
pub struct MacroValues<'a> {
    /// Local part of the sender's address; `postmaster` if there is none.
    pub local_part: &'a str,
    /// Domain of the sender's address.
    pub sender_domain: &'a str,
    /// The domain whose record is evaluated.
    pub domain: &'a str,
    /// The client's address, not an IPv4-mapped one.
    pub address: IpAddr,
    /// The confirmed reverse name of the client, or `unknown`.
    pub reverse_name: &'a str,
    /// The name in HELO or EHLO.
    pub helo: &'a str,
    /// Name of the receiving server.
    pub receiver: &'a str,
    /// Current Unix time in seconds.
    pub time: u64,
}

impl MacroString {
    /// Parses the name of a domain (domain-spec, RFC 7208 §7.1).
    pub(super) fn parse_domain(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("the domain is missing".into());
        }
        let parsed = Self::parse_text(text)?;

        for part in &parsed.0 {
            if let MacroPart::Macro(Macro { letter, .. }) = part
                && letter.is_for_explanations_only()
            {
                return Err("the macros c, r and t are allowed in explanations only".into());
            }
        }

        match parsed.0.last() {
            Some(MacroPart::Literal(literal)) if !ends_in_top_label(literal) => Err(format!(
                "`{text}` is not a domain: it must have at least two labels, and the last one must not be a number"
            )),
            _ => Ok(parsed),
        }
    }

    /// Parses an explanation or the value of an unknown modifier; an explanation may contain spaces (RFC 7208 §6.2).
    pub fn parse_text(text: &str) -> Result<Self, String> {
        if !text.bytes().all(|b| matches!(b, b' '..=b'~')) {
            return Err("only printable ASCII characters are allowed".into());
        }

        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            if at > 0 {
                parts.push(MacroPart::Literal(rest[..at].into()));
            }
            let (part, length) = parse_macro(&rest[at..])?;
            parts.push(part);
            rest = &rest[at + length..];
        }
        if !rest.is_empty() {
            parts.push(MacroPart::Literal(rest.into()));
        }

        Ok(Self(parts))
    }

    /// The text, if it is the same for every message.
    pub fn literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [MacroPart::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether the text contains this macro.
    pub fn uses(&self, wanted: MacroLetter) -> bool {
        self.0
            .iter()
            .any(|part| matches!(part, MacroPart::Macro(Macro { letter, .. }) if *letter == wanted))
    }
}

/// Whether a literal ends in a dot and a top-level label, with or without a final dot (domain-end, RFC 7208 §7.1).
fn ends_in_top_label(literal: &str) -> bool {
    let name = literal.strip_suffix('.').unwrap_or(literal);
    let Some((_, label)) = name.rsplit_once('.') else {
        return false;
    };
    let is_label = label
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-');
    is_label && !label.bytes().all(|b| b.is_ascii_digit())
}

/// Parses the macro at the start of `text`; returns it with its length in bytes.
fn parse_macro(text: &str) -> Result<(MacroPart, usize), String> {
    match text.as_bytes().get(1) {
        Some(b'%') => return Ok((MacroPart::Escape("%"), 2)),
        Some(b'_') => return Ok((MacroPart::Escape(" "), 2)),
        Some(b'-') => return Ok((MacroPart::Escape("%20"), 2)),
        Some(b'{') => {}
        _ => return Err("`%` must be followed by `{`, `%`, `_` or `-`".into()),
    }

    let Some((body, _)) = text[2..].split_once('}') else {
        return Err("the macro has no closing `}`".into());
    };
    let invalid = || format!("`%{{{body}}}` is not a valid macro");
    let letter = body.chars().next().ok_or_else(invalid)?;
    let rest = &body[letter.len_utf8()..];
    let after_digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &rest[..rest.len() - after_digits.len()];
    let delimiters = after_digits
        .strip_prefix(['r', 'R'])
        .unwrap_or(after_digits);
    if !delimiters.bytes().all(|b| b".-+,/_=".contains(&b)) {
        return Err(invalid());
    }

    let keep = match digits.trim_start_matches('0') {
        "" if digits.is_empty() => None,
        "" => return Err(format!("the number in `%{{{body}}}` must not be 0")),
        // More parts than a name can have are all of them.
        digits => Some(digits.parse().unwrap_or(usize::MAX)),
    };

    let part = Macro {
        letter: MacroLetter::parse(letter).ok_or_else(invalid)?,
        keep,
        is_reversed: delimiters.len() < after_digits.len(),
        delimiters: delimiters.into(),
        is_encoded: letter.is_ascii_uppercase(),
    };
    Ok((MacroPart::Macro(part), body.len() + 3))
}
