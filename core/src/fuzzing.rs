//! Private parsers that the fuzz targets of `tests/fuzz` call with arbitrary bytes, and the
//! documents that commands build from what was parsed.

use std::{
    net::IpAddr,
    sync::{Arc, LazyLock},
    time::Duration,
};

use domain::base::Rtype;
use netvane_document::{Answer, Document, RenderedAnswer, UsageError};
use netvane_facts::{
    geo::GeoReader,
    mailtrace::{self, TrustPolicy},
    registration::Registration,
    target::Transport,
};
use netvane_net::{
    dns::{Message, Question, Response},
    mailauth::HashedMessage,
    registry::RawAnswers,
};
use serde_json::{Map, Value};

use crate::{
    command::{Registry, parse},
    commands::{
        self,
        address::{geo, whois},
        dns::{cname_chain::CnameChain, dig, lookup::ParsedLookup},
        mail::trace_mail,
    },
    request::http_request::{Proxies, samples},
    settings::Settings,
};

pub use netvane_net::fuzzing::{authenticated, policies};

/// Built once, because that derives every schema.
static REGISTRY: LazyLock<Registry> = LazyLock::new(commands::registry);

/// Settings with one network of trusted proxies.
static PROXIES: LazyLock<Proxies> = LazyLock::new(|| {
    let mut http = Settings::default().http;
    http.trusted_proxies
        .extend("192.0.2.0/24".parse::<ipnet::IpNet>());
    Proxies::new(&http)
});

/// A command's name and its canonical arguments.
pub type Understood = (&'static str, Map<String, Value>);

fn understood(read: parse::Understood) -> Understood {
    (read.entry.spec.name, Map::clone(read.prepared.arguments()))
}

/// Parses a typed command line.
pub fn line(line: &str) -> Result<Understood, UsageError> {
    parse::parse(&REGISTRY, line).map(understood)
}

/// Parses a command given by its name and named arguments.
pub fn parse_named(name: &str, arguments: Map<String, Value>) -> Result<Understood, UsageError> {
    parse::parse_named(&REGISTRY, name, arguments).map(understood)
}

/// Returns the document that `whois` builds from these facts.
pub fn registration(query: &str, facts: Registration, raw: &str, show_raw: bool) -> Document {
    let mut answers = RawAnswers::default();
    answers.add("whois.example", raw);
    let source = whois::Source::Whois;
    whois::Data::new(
        query.into(),
        None,
        source,
        facts,
        Vec::new(),
        &answers,
        show_raw,
    )
    .present()
}

/// Returns the number of hops that `trace_mail` finds in a message, and its document.
pub fn traced(message: &[u8], geo: &GeoReader, relays: &[&str]) -> (usize, Document) {
    let mut policy = TrustPolicy::from_relays(relays.iter().copied()).unwrap_or_default();
    policy.now = jiff::Timestamp::from_second(1_800_000_000).ok();
    let trace = mailtrace::trace(message, &policy);
    (
        trace.hops.len(),
        trace_mail::Data::new(geo, trace).present(),
    )
}

/// Returns the message in the form that its signatures cover, and hashes its body.
pub fn signed(message: &[u8]) -> Option<Vec<u8>> {
    let message = mailtrace::signed(message)?;
    HashedMessage::new(&message.head, &message.body);

    let mut whole = message.head;
    for line in message.body.split_inclusive(|byte| *byte == b'\n') {
        let Some(text) = line.strip_suffix(b"\n") else {
            whole.extend_from_slice(line);
            break;
        };
        whole.extend_from_slice(text.strip_suffix(b"\r").unwrap_or(text));
        whole.extend_from_slice(b"\r\n");
    }
    Some(whole)
}

/// Returns the answers that the record commands and `dig` build from a response to a query of this
/// type.
pub fn respond(name: &str, rtype: u16, message: Message) -> [RenderedAnswer; 2] {
    let rtype = Rtype::from_int(rtype);
    let mut response = Response {
        message,
        resolver: "192.0.2.53:53".into(),
        transport: Transport::Udp,
        elapsed: Duration::from_millis(1),
    };
    let dig = dig::DigResponse::new(&Question::new(name, rtype), response.clone(), None);
    let mut chain = CnameChain::new(name, rtype);
    chain.add_response(&mut response.message);
    let lookup = ParsedLookup::new(name, chain, response).lookup;
    [
        RenderedAnswer::new(Arc::new(dig)),
        RenderedAnswer::new(Arc::new(lookup)),
    ]
}

/// Returns the caller's address by these header fields of a connection from a trusted proxy; `None`
/// if a value cannot be sent in a header.
pub fn caller(headers: &[(&str, &str)]) -> Option<IpAddr> {
    let http_request = samples::try_visit("192.0.2.1:1", headers)?;
    let caller = http_request.caller(&PROXIES);
    assert_eq!(
        caller,
        http_request.chain(&PROXIES).caller,
        "both ways to know who asks agree"
    );
    Some(caller)
}

/// Returns the document that `geo` builds for an address.
pub fn placed(geo: &GeoReader, address: IpAddr) -> Document {
    geo::Data::one(geo::Place::new(geo, address)).present()
}
