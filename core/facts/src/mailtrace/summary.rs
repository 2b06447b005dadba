//! The fields a reader sees, decoded (RFC 2047) and bounded.

use mail_parser::{HeaderName, MessageParser};

use super::{
    author::{Author, authors},
    input::HeaderField,
    names,
    received::date,
};

/// Maximum length of a field that is read, and of a returned text, in bytes.
const MAX_FIELD: usize = 8 * 1024;
const MAX_TEXT: usize = 1000;
/// Maximum number of `From` fields that are read.
const MAX_FIELDS: usize = 10;

/// The decoded header fields that the summary shows.
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub from: Option<String>,
    /// The domain of the first author's address, in A-labels where written so.
    pub from_domain: Option<String>,
    /// The authors of all `From` fields.
    pub authors: Vec<Author>,
    pub subject: Option<String>,
    pub date: Option<String>,
    pub message_id: Option<String>,
}

/// Takes the first of each field: a second one is forged or broken, and mail programs show the first.
pub(super) fn read(fields: &[HeaderField<'_>]) -> Summary {
    let mut out = Summary {
        date: date_of(fields),
        ..Summary::default()
    };
    out.authors = fields
        .iter()
        .filter(|field| field.is("From"))
        .take(MAX_FIELDS)
        .flat_map(|field| authors(&field.value))
        .collect();
    if let Some(author) = out.authors.first() {
        let (name, address) = (clean(&author.name), clean(&author.address));
        out.from_domain = address.as_deref().and_then(domain_of);
        out.from = match (name, address) {
            (Some(name), Some(address)) if name != address => Some(format!("{name} <{address}>")),
            (name, address) => address.or(name),
        };
    }

    let parser = MessageParser::new()
        .header_text(HeaderName::Subject)
        .header_id(HeaderName::MessageId)
        .default_header_ignore();

    let head = head(fields);
    let Some(message) = parser.parse_headers(head.as_bytes()) else {
        return out;
    };
    out.subject = message.subject().and_then(clean);
    out.message_id = message.message_id().and_then(clean);

    let raw = |name: &str| {
        fields
            .iter()
            .find(|f| f.is(name))
            .and_then(|f| clean(&f.value))
    };

    out.message_id = out
        .message_id
        .or_else(|| raw("Message-ID"))
        .map(|id| id.trim_matches(['<', '>']).to_owned());

    out
}

/// The fields to decode, each once and folded as the parser takes it.
fn head(fields: &[HeaderField<'_>]) -> String {
    let mut head = String::new();
    for name in ["Subject", "Message-ID"] {
        if let Some(field) = fields.iter().find(|field| field.is(name)) {
            let value = names::clip(&field.value, MAX_FIELD);
            head.push_str(name);
            head.push_str(": ");
            head.extend(value.lines().flat_map(|line| [line.trim(), "\r\n "]));
            head.truncate(head.trim_end().len());
            head.push_str("\r\n");
        }
    }
    head
}

/// The domain of a mail address, in lower case.
fn domain_of(address: &str) -> Option<String> {
    let (_, domain) = address.rsplit_once('@')?;
    names::host(domain)
        .filter(|domain| domain.contains('.'))
        .map(str::to_ascii_lowercase)
}

fn date_of(fields: &[HeaderField<'_>]) -> Option<String> {
    let field = fields.iter().find(|field| field.is("Date"))?;
    match date::parse(&field.value).and_then(|date| date.at) {
        Some(at) => Some(at.to_string()),
        None => clean(names::clip(&field.value, 120)),
    }
}

/// No control characters: the text is shown in chats and terminals.
fn clean(text: &str) -> Option<String> {
    let text: String = names::clip(text, MAX_TEXT)
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests;
