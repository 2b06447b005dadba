//! One `Received` line: which client sent the message to which server, how and when.
//!
//! RFC 5321 §4.4 gives the grammar and RFC 5322 §3.6.7 the shape; what servers write is older, looser and different
//! in each of them. The reader therefore knows the few words that carry meaning (`from`, `by`, `via`, `with`, `id`,
//! `for`) and what each dialect puts in its comments.
//!
//! A field is set only where the line is unambiguous. A word such as `unknown` is not a name.

use std::net::IpAddr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::names;
use clauses::Clauses;
use date::Date;

mod clauses;
pub mod date;
mod from;
mod tls;
mod tokens;

pub use tls::ReceivedTls;

/// Longest line looked at, in bytes; the longest real ones are below 2,000.
const MAX: usize = 8 * 1024;

/// The data of one line. Names are as written, without a final dot; addresses are canonical.
#[derive(Serialize, JsonSchema, Debug, Default, Clone, PartialEq, Eq)]
pub struct Received {
    /// The name with which the client greeted (HELO, EHLO or LHLO): its own claim. May be a literal, `[192.0.2.1]`.
    pub from_helo: Option<String>,
    /// The name that the server found for the client's address.
    pub from_rdns: Option<String>,
    /// The client's address, as the server saw it.
    pub from_address: Option<IpAddr>,
    /// TCP port of the client.
    pub from_port: Option<u16>,
    /// The server that wrote the line.
    pub by: Option<String>,
    /// The server's own address.
    pub by_address: Option<IpAddr>,
    /// The word after `with`, e.g. `ESMTPS`, or the protocol given after `via`, e.g. `HTTP`.
    pub protocol: Option<String>,
    /// TLS parameters; all absent when only its use is known (`ESMTPS`).
    pub tls: Option<ReceivedTls>,
    /// The server's name for the message, without angle brackets.
    pub id: Option<String>,
    /// The recipient, where one is named.
    #[serde(rename = "for")]
    pub for_: Option<String>,
    /// The words after `via`, e.g. `Frontend Transport`.
    pub via: Option<String>,
    /// The envelope's sender; empty for the null sender.
    pub envelope_from: Option<String>,
    /// When the server wrote the line.
    #[serde(serialize_with = "rfc3339")]
    #[schemars(with = "Option<String>")]
    pub at: Option<Timestamp>,
    /// The zone as written; absent when missing or not a zone, and `at` is then read as UTC (RFC 5322 §4.3).
    pub zone: Option<String>,
    /// The date as written, readable or not.
    pub date_text: Option<String>,
    /// The client had logged in.
    pub authenticated: bool,
    /// The server could not confirm the client's name: sendmail's `(may be forged)`.
    pub doubted: bool,
    /// The text in place of the client's address when it is invalid, e.g. `300.1.2.3`.
    pub bad_address: Option<String>,
    /// Remaining comments: software, queue, delivery.
    pub comment: Option<String>,
}

fn rfc3339<S: Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.to_string()).serialize(to)
}

/// Reads the value of one `Received` field, folded or not. Never fails: parts that cannot be parsed are absent.
pub fn parse(value: &str) -> Received {
    let text = names::clip(value, MAX);
    let (head, date) = date::split(text);
    let mut clauses = Clauses::read(head);
    if let Some((tail, _)) = &date {
        // `… (EDT) (envelope-from mitya@example.com)`: sendmail on BSD, PowerMTA and Mandrill add it here.
        clauses.tail(tail);
    }
    let mut line = Received::default();
    if let Some((tail, date)) = date {
        line.date_text =
            Some(names::clip(tail.trim(), 120).to_owned()).filter(|text| !text.is_empty());
        if let Some(Date { at, zone }) = date {
            (line.at, line.zone) = (at, zone);
        }
    }
    line.tls = tls::read(&clauses);
    clauses.fill(&mut line);
    from::fill(&clauses, &mut line);
    if line.tls.is_none() && line.protocol.as_deref().is_some_and(tls::implied) {
        line.tls = Some(ReceivedTls::default());
    }
    line
}

/// Calls back for each word and comment of a structured field; the flag is true for comments.
pub(super) fn tokens_of<'a>(text: &'a str, mut each: impl FnMut(&'a str, bool)) {
    for item in tokens::items(text) {
        match item {
            tokens::Item::Word(word) => each(word, false),
            tokens::Item::Comment(text) => each(text, true),
        }
    }
}

impl Received {
    /// The name to show for the client: the word after `from` if it is a name, else what the server looked
    /// up, else the HELO name.
    pub fn client_host(&self) -> Option<&str> {
        let named = |name: &&str| names::address(name).is_none();
        let helo = self.from_helo.as_deref().filter(named);
        let rdns = self.from_rdns.as_deref();
        match (helo, rdns) {
            // `localhost` and bare machine names are less useful than the reverse DNS name.
            (Some(helo), Some(rdns)) if !helo.contains('.') && rdns.contains('.') => Some(rdns),
            (Some(helo), _) => Some(helo),
            (None, rdns) => rdns,
        }
    }

    /// Nothing came over a network: a pipe, a queue runner, a filter's second pass.
    pub fn is_local(&self) -> bool {
        self.from_address.is_none() && self.from_helo.is_none() && self.from_rdns.is_none()
    }
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod tests;
