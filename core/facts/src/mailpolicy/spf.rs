//! Parser of SPF records (RFC 7208 §4.5, §4.6 and §12).

mod macros;
mod meaning;
mod term;
#[cfg(test)]
mod tests;

use std::{fmt, ops::Range};

use ipnet::{Ipv4Net, Ipv6Net};

pub use macros::{MacroLetter, MacroString, MacroValues};

/// Maximum number of faults that are reported for one record.
const MAX_FAULTS: usize = 32;
/// Maximum length of a term, in bytes, as it is repeated in a report.
const MAX_SHOWN: usize = 120;

/// An SPF record with all its terms and mistakes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The valid terms, in the order of the record.
    pub terms: Vec<Term>,
    /// The mistakes, in the order of the record, at most 32. With one of them the result is `permerror` (RFC 7208
    /// §4.6).
    pub faults: Vec<Fault>,
}

/// A mechanism or modifier and its place in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Bytes of the record that hold the term.
    pub span: Range<usize>,
    /// The term as written, cut after 120 bytes.
    pub text: String,
    /// What the term says.
    pub kind: TermKind,
}

/// The kinds of terms (RFC 7208 §4.6.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TermKind {
    /// A mechanism with the result for a client that it matches.
    Directive(Qualifier, Mechanism),
    /// `redirect=`: the record that decides if no mechanism matches (RFC 7208 §6.1).
    Redirect(MacroString),
    /// `exp=`: the name of the explanation for a rejected client (RFC 7208 §6.2).
    Explanation(MacroString),
    /// A modifier that RFC 7208 does not define; it has no effect (RFC 7208 §6).
    Unknown {
        /// Name before the equals sign, as written.
        name: String,
    },
}

/// The result for a client that a mechanism matches (RFC 7208 §4.6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qualifier {
    /// `+` or no qualifier: the client may send.
    Pass,
    /// `-`: the client must not send.
    Fail,
    /// `~`: the client probably must not send.
    SoftFail,
    /// `?`: the domain says nothing about the client.
    Neutral,
}

impl Qualifier {
    /// The result's name (RFC 7208 §2.6).
    pub fn result(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::Neutral => "neutral",
        }
    }
}

/// A mechanism (RFC 7208 §5). A target that is absent is the domain of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mechanism {
    /// `all`: matches every client.
    All,
    /// `include`: clients that pass the check of another domain.
    Include(MacroString),
    /// `a`: clients with an address of the target.
    A(Option<MacroString>, PrefixLengths),
    /// `mx`: clients with an address of one of the target's mail servers.
    Mx(Option<MacroString>, PrefixLengths),
    /// `ptr`: clients whose confirmed reverse name is in the target's domain.
    Ptr(Option<MacroString>),
    /// `ip4`: clients in an IPv4 network.
    Ip4(Ipv4Net),
    /// `ip6`: clients in an IPv6 network.
    Ip6(Ipv6Net),
    /// `exists`: every client for which the target has an A record.
    Exists(MacroString),
}

impl Mechanism {
    /// Whether the mechanism counts towards the limit of DNS lookups (RFC 7208 §4.6.4).
    pub fn needs_lookup(&self) -> bool {
        !matches!(self, Self::All | Self::Ip4(_) | Self::Ip6(_))
    }
}

/// Prefix lengths of `a` and `mx` (dual-cidr-length, RFC 7208 §5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrefixLengths {
    /// For IPv4 addresses, 0 to 32; 32 if absent.
    pub v4: u8,
    /// For IPv6 addresses, 0 to 128; 128 if absent.
    pub v6: u8,
}

impl Default for PrefixLengths {
    fn default() -> Self {
        Self { v4: 32, v6: 128 }
    }
}

/// A mistake in a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Bytes of the record that hold the term.
    pub span: Range<usize>,
    /// The term as written, cut after 120 bytes.
    pub term: String,
    /// What is wrong with the term.
    pub why: String,
    /// The term as it was probably meant.
    pub suggestion: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.term, self.why)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; did you mean `{suggestion}`?"),
            None => Ok(()),
        }
    }
}

/// Whether a TXT record is an SPF record: `v=spf1` in any case, followed by a space or the end (RFC 7208 §4.5).
pub fn is_record(text: &str) -> bool {
    let (version, rest) = text.as_bytes().split_at(text.len().min(6));
    version.eq_ignore_ascii_case(b"v=spf1") && matches!(rest.first(), None | Some(b' '))
}

/// Parses the terms of a record for which [`is_record`] holds.
pub fn parse(text: &str) -> Record {
    let mut record = Record::default();
    let mut start = 0;

    for word in text.split(' ') {
        let span = start..start + word.len();
        start = span.end + 1;
        // The first word is the version.
        if span.start == 0 || word.is_empty() {
            continue;
        }

        match term::parse(word).and_then(|kind| reject_repetition(kind, &record)) {
            Ok(kind) => record.terms.push(Term {
                span,
                text: shorten(word),
                kind,
            }),
            Err(why) if record.faults.len() < MAX_FAULTS => record.faults.push(Fault {
                span,
                term: shorten(word),
                why,
                suggestion: meaning::suggest(word).map(|text| shorten(&text)),
            }),
            Err(_) => break,
        }
    }

    record
}

/// Rejects a second `redirect=` or `exp=` (RFC 7208 §6).
fn reject_repetition(kind: TermKind, record: &Record) -> Result<TermKind, String> {
    let is_repeated = |same: fn(&TermKind) -> bool| {
        same(&kind) && record.terms.iter().any(|term| same(&term.kind))
    };
    if is_repeated(|kind| matches!(kind, TermKind::Redirect(_))) {
        return Err("`redirect=` must not occur twice".into());
    }
    if is_repeated(|kind| matches!(kind, TermKind::Explanation(_))) {
        return Err("`exp=` must not occur twice".into());
    }
    Ok(kind)
}

/// Cuts a term for display and escapes what is not printable.
fn shorten(word: &str) -> String {
    let mut shown = String::new();
    for character in word.chars() {
        if shown.len() >= MAX_SHOWN {
            shown.push('…');
            break;
        }
        match character {
            ' '..='~' => shown.push(character),
            _ => shown.extend(character.escape_default()),
        }
    }
    shown
}

impl Record {
    /// Target of `redirect=`, if there is one. It is used only if no mechanism matches.
    pub fn redirect(&self) -> Option<&MacroString> {
        self.terms.iter().find_map(|term| match &term.kind {
            TermKind::Redirect(target) => Some(target),
            _ => None,
        })
    }

    /// Name of the explanation (`exp=`), if there is one.
    pub fn explanation(&self) -> Option<&MacroString> {
        self.terms.iter().find_map(|term| match &term.kind {
            TermKind::Explanation(target) => Some(target),
            _ => None,
        })
    }

    /// The qualifier of the first `all`, after which no mechanism is reached (RFC 7208 §5.1).
    pub fn all(&self) -> Option<Qualifier> {
        self.terms.iter().find_map(|term| match term.kind {
            TermKind::Directive(qualifier, Mechanism::All) => Some(qualifier),
            _ => None,
        })
    }
}
