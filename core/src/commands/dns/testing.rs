//! DNS responses for tests, with records in zone file format.

use std::time::Duration;

use domain::base::Rtype;
use hickory_resolver::proto::{
    op::{Message as Wire, MessageType, OpCode, ResponseCode},
    rr::{Name, Record as WireRecord},
    serialize::txt::Parser,
};
use netvane_facts::target::Transport;
use netvane_net::dns::{Message, Record, Response};

use super::{
    cname_chain::CnameChain,
    lookup::{Lookup, ParsedLookup},
};

/// A response with this RCODE, header flags such as `aa ra`, and records, one per line.
pub(crate) fn message(rcode: ResponseCode, flags: &str, answers: &str, authority: &str) -> Message {
    let mut wire = Wire::new(4711, MessageType::Response, OpCode::Query);
    wire.metadata.response_code = rcode;
    for flag in flags.split_whitespace() {
        match flag {
            "aa" => wire.metadata.authoritative = true,
            "tc" => wire.metadata.truncation = true,
            "rd" => wire.metadata.recursion_desired = true,
            "ra" => wire.metadata.recursion_available = true,
            "ad" => wire.metadata.authentic_data = true,
            "cd" => wire.metadata.checking_disabled = true,
            other => panic!("unknown flag: {other}"),
        }
    }
    wire.add_answers(wire_records(answers));
    wire.add_authorities(wire_records(authority));
    Message::read(wire.to_vec().expect("a message")).expect("a message that can be read")
}

/// A NOERROR response of a recursive resolver.
pub(crate) fn answers(records: &str) -> Message {
    message(ResponseCode::NoError, "rd ra", records, "")
}

/// Parses records, one per line.
pub(crate) fn records(lines: &str) -> Vec<Record> {
    answers(lines).answers
}

/// A response from the server `192.0.2.53:53`.
pub(crate) fn response(message: Message) -> Response {
    Response {
        message,
        resolver: "192.0.2.53:53".into(),
        transport: Transport::Udp,
        elapsed: Duration::from_millis(12),
    }
}

/// The lookup that results from one response to a query for `name`.
pub(crate) fn lookup(name: &str, rtype: Rtype, message: Message) -> Lookup {
    let mut response = response(message);
    let mut chain = CnameChain::new(name, rtype);
    chain.add_response(&mut response.message);
    ParsedLookup::new(name, chain, response).lookup
}

fn wire_records(lines: &str) -> Vec<WireRecord> {
    lines
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (_, sets) = Parser::new(line, None, Some(Name::root()))
                .parse()
                .unwrap_or_else(|error| panic!("{line}: {error}"));
            let set = sets.into_values().next().expect(line);
            set.records(false).next().cloned().expect(line)
        })
        .collect()
}
