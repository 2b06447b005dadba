//! Splits a line into clauses at its keywords.

use tokens::Item;

use super::{Received, date, tls, tokens};
use crate::mailtrace::names;

/// The word that begins a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClauseName {
    /// The part before the first keyword, e.g. qmail's `(qmail 4711 invoked from network)`.
    Lead,
    From,
    By,
    Via,
    With,
    Id,
    For,
    EnvelopeFrom,
    /// Exim 4.94 and later: `tls TLS_AES_256_GCM_SHA384`.
    Tls,
    /// The comments after the date.
    Tail,
}

/// A clause with its words and the comments between them.
#[derive(Debug)]
pub(super) struct Clause<'a> {
    pub key: ClauseName,
    pub words: Vec<&'a str>,
    pub comments: Vec<&'a str>,
}

/// All clauses, in order.
#[derive(Debug)]
pub(super) struct Clauses<'a>(pub Vec<Clause<'a>>);

impl<'a> Clauses<'a> {
    /// Splits the part of the line before the date.
    pub(super) fn read(head: &'a str) -> Self {
        let mut clauses = vec![Clause {
            key: ClauseName::Lead,
            words: vec![],
            comments: vec![],
        }];

        for item in tokens::items(head) {
            // `clauses` is never empty: the lead is there from the start.
            let Some(last) = clauses.last_mut() else {
                break;
            };
            match item {
                Item::Comment(text) => last.comments.push(text),
                Item::Word(word) => match key(word, last) {
                    Some(key) => clauses.push(Clause {
                        key,
                        words: vec![],
                        comments: vec![],
                    }),
                    None => last.words.push(word),
                },
            }
        }

        Self(clauses)
    }

    /// Adds the comments after the date.
    pub(super) fn tail(&mut self, tail: &'a str) {
        let comments = tokens::items(tail)
            .into_iter()
            .filter_map(|item| match item {
                Item::Comment(text) => Some(text),
                Item::Word(_) => None,
            });
        self.0.push(Clause {
            key: ClauseName::Tail,
            words: vec![],
            comments: comments.collect(),
        });
    }

    /// The first clause of a kind that is not empty.
    pub(super) fn get(&self, key: ClauseName) -> Option<&Clause<'a>> {
        self.0
            .iter()
            .find(|c| c.key == key && !(c.words.is_empty() && c.comments.is_empty()))
    }

    /// Every comment, with the clause that contains it.
    pub(super) fn comments(&self) -> impl Iterator<Item = (ClauseName, &'a str)> {
        self.0
            .iter()
            .flat_map(|clause| clause.comments.iter().map(|text| (clause.key, *text)))
    }

    /// Sets all fields except those of the client.
    pub(super) fn fill(&self, line: &mut Received) {
        if let Some(by) = self.get(ClauseName::By) {
            self.by(by, line);
        }

        if let Some(via) = self.get(ClauseName::Via) {
            let text = via
                .words
                .iter()
                .copied()
                .take_while(|w| !w.contains('='))
                .collect::<Vec<_>>()
                .join(" ");
            line.via = Some(text).filter(|text| !text.is_empty() && text.len() <= 60);
        }

        line.protocol = self.get(ClauseName::With).and_then(protocol);
        if line.protocol.is_none() {
            // `from [192.0.2.1] by web1.mail.example via HTTP`
            line.protocol = line.via.clone().filter(|via| is_protocol(via));
        }

        line.id = self.id();
        line.for_ = self
            .get(ClauseName::For)
            .and_then(|c| c.words.first())
            .and_then(|word| mailbox(word));
        line.envelope_from = self.envelope_from();
        let mut rest: Vec<&str> = Vec::new();

        for (key, text) in self.comments() {
            let plain = matches!(
                key,
                ClauseName::Lead
                    | ClauseName::By
                    | ClauseName::With
                    | ClauseName::Id
                    | ClauseName::For
                    | ClauseName::Via
            );
            if plain
                && !text.is_empty()
                && tls::of_comment(text).is_none()
                && names::address(text).is_none()
            {
                rest.push(text);
            }
        }

        line.comment =
            Some(names::clip(&rest.join("; "), 200).to_owned()).filter(|text| !text.is_empty());
    }

    fn by(&self, by: &Clause<'_>, line: &mut Received) {
        let mut words = by.words.iter();

        if let Some(first) = words.next() {
            line.by_address = names::address(first);
            // `by mail.example.com:25`
            let name = first
                .split_once(':')
                .filter(|(_, port)| port.parse::<u16>().is_ok());
            let name = name.map_or(*first, |(name, _)| name);
            line.by = match line.by_address {
                // As written: Google's `2002:a05:…` is an ID rather than an address.
                Some(_) => Some(name_of_address(first)),
                None => names::host(name).map(str::to_owned),
            };
        }

        // `by mx (mxeue103 [192.0.2.67])`, `by X (2001:db8::1)`, `by host [192.0.2.1]`; a version such as
        // `(Exim 4.80.1.2)` is not an address: only a whole comment or brackets count.
        for word in words {
            line.by_address = line.by_address.or_else(|| bracketed(word));
        }

        for text in &by.comments {
            let inside = text.find('[').and_then(|start| bracketed(&text[start..]));
            line.by_address = line.by_address.or_else(|| names::address(text)).or(inside);
        }
    }

    fn id(&self) -> Option<String> {
        let glued = || {
            let mut words = self.0.iter().flat_map(|c| &c.words);
            words.find_map(|w| w.strip_prefix("id=").or_else(|| w.strip_prefix("ID=")))
        };
        let word = self
            .get(ClauseName::Id)
            .and_then(|c| c.words.first().copied())
            .or_else(glued)?;
        let id = word.trim_matches(|c: char| matches!(c, '<' | '>' | ';' | ','));
        // A word that long or with a date's colon behind it is something else.
        (!id.is_empty() && id.len() <= 250).then(|| id.to_owned())
    }

    fn envelope_from(&self) -> Option<String> {
        let word = self
            .get(ClauseName::EnvelopeFrom)
            .and_then(|c| c.words.first().copied());
        if let Some(found) = word.and_then(path) {
            return Some(found);
        }
        // CommuniGate's rules engine: `from <list@example.com> by mail.example.com with RULES`; XMail names the
        // sender after the recipient.
        let mut from = self
            .0
            .iter()
            .filter(|clause| clause.key == ClauseName::From);
        let first = from.find_map(|clause| {
            let first = clause.words.first()?;
            first.starts_with('<').then_some(*first)
        });
        if let Some(first) = first {
            return path(first);
        }
        self.comments().find_map(|(_, text)| {
            let mut words = text.split_ascii_whitespace();
            let label = words.next()?.trim_end_matches(':');
            let known = ["envelope-from", "envelope-sender", "sender", "return-path"];
            known
                .iter()
                .any(|k| label.eq_ignore_ascii_case(k))
                .then(|| words.next().and_then(path))
                .flatten()
        })
    }
}

/// Whether a word begins a clause. A clause without any word yet takes the next one as its value only where that
/// cannot be the next clause.
fn key(word: &str, last: &Clause<'_>) -> Option<ClauseName> {
    const KEYS: [(&str, ClauseName); 9] = [
        ("from", ClauseName::From),
        ("by", ClauseName::By),
        ("via", ClauseName::Via),
        ("with", ClauseName::With),
        ("id", ClauseName::Id),
        ("for", ClauseName::For),
        ("envelope-from", ClauseName::EnvelopeFrom),
        ("(envelope-from", ClauseName::EnvelopeFrom),
        ("tls", ClauseName::Tls),
    ];

    let (_, key) = KEYS
        .iter()
        .find(|(name, _)| word.eq_ignore_ascii_case(name))?;

    // `for` and `tls` are also ordinary words: `via spool for bounce`, a host named `tls`.
    match key {
        ClauseName::Tls
            if !matches!(
                last.key,
                ClauseName::With | ClauseName::Id | ClauseName::EnvelopeFrom
            ) || last.words.is_empty() =>
        {
            None
        }
        ClauseName::From if last.key == ClauseName::With && last.words.is_empty() => None,
        _ => Some(*key),
    }
}

fn name_of_address(word: &str) -> String {
    let word = word.trim_matches(|c: char| matches!(c, '[' | ']' | ';' | ','));
    word.split_once("]:")
        .map_or(word, |(address, _)| address)
        .to_owned()
}

fn bracketed(text: &str) -> Option<std::net::IpAddr> {
    let end = text.find(']')?;
    text.starts_with('[')
        .then(|| names::address(&text[..=end]))
        .flatten()
}

/// Protocol words of the IANA "Mail Transmission Types" registry (RFC 3848), and the ones in use beside them.
#[rustfmt::skip]
const PROTOCOLS: [&str; 41] = [
    "smtp", "smtps", "smtpa", "smtpsa", "esmtp", "esmtps", "esmtpa", "esmtpsa", "lmtp", "lmtps", "lmtpa", "lmtpsa",
    "utf8smtp", "utf8smtps", "utf8smtpa", "utf8smtpsa", "utf8lmtp", "utf8lmtps", "utf8lmtpa", "utf8lmtpsa", "mms",
    "http", "https", "httprest", "httpu", "rest", "local", "bsmtp", "pop3", "pop3s", "pop", "imap", "imaps", "qmqp", "qmtp",
    "nnfmp", "mapi", "uucp", "asmtp", "pipe", "rules",
];

fn is_protocol(word: &str) -> bool {
    PROTOCOLS.iter().any(|p| word.eq_ignore_ascii_case(p))
}

/// The protocol of a `with` clause.
fn protocol(with: &Clause<'_>) -> Option<String> {
    let first = *with.words.first()?;

    // XMail: `[XMail 1.27 ESMTP Server]`.
    if first.starts_with('[') {
        let word = with.words.iter().find(|word| is_protocol(word))?;
        return Some((*word).to_owned());
    }

    // `ESMTP/TLS/AES256-SHA`, `ESMTP;`
    let word = first
        .split('/')
        .next()
        .unwrap_or(first)
        .trim_end_matches([';', ',']);

    if is_protocol(word) {
        return Some(word.to_owned());
    }

    // Smail: `P:esmtp/R:bind_hosts/T:smtp`.
    if let Some(word) = word.strip_prefix("P:") {
        return Some(word.to_owned()).filter(|word| !word.is_empty());
    }

    // qmail with TLS: `with ECDHE-RSA-AES256-GCM-SHA384 encrypted SMTP`.
    if with.words.get(1) == Some(&"encrypted") {
        return with
            .words
            .get(2)
            .filter(|w| is_protocol(w))
            .map(|w| (*w).to_owned());
    }

    // `MailEnable ESMTP`
    if let ["MailEnable", word] = with.words.as_slice()
        && is_protocol(word)
    {
        return Some((*word).to_owned());
    }

    // `Microsoft SMTP Server`, `Internet Mail Service`: the product is the protocol's name here.
    let text = with
        .words
        .iter()
        .take(5)
        .copied()
        .collect::<Vec<_>>()
        .join(" ");

    let fits = |c: char| c.is_alphanumeric() || " -_./+".contains(c);
    let text = text.trim_end_matches([';', ',']);

    (!text.is_empty() && text.len() <= 60 && text.chars().all(fits) && date::parse(text).is_none())
        .then(|| text.to_owned())
}

/// A recipient: `<a@b>`, `a@b`, or a local user. `<multiple recipients>` is not one.
fn mailbox(word: &str) -> Option<String> {
    let text = word.trim_matches(|c: char| matches!(c, '<' | '>' | ';' | ',' | '"' | '\''));
    let fine = !text.is_empty() && text.len() <= 320 && !text.contains(char::is_whitespace);
    (fine && (text.contains('@') || word.starts_with('<'))).then(|| text.to_owned())
}

/// A reverse path; `<>` is the null sender.
fn path(word: &str) -> Option<String> {
    let text = word.trim_matches(|c: char| matches!(c, '<' | '>' | ';' | ',' | '"'));
    if text.is_empty() {
        return word.starts_with("<>").then(String::new);
    }
    (text.len() <= 320 && !text.contains(char::is_whitespace)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
