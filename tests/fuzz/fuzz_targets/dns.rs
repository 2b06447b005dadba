//! Fuzzes the parser of DNS responses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netvane_core::{facts::target::DnsName, fuzzing, net::dns::Message};
use netvane_fuzz::harmless;

fuzz_target!(|octets: &[u8]| {
    let Ok(message) = Message::read(octets.to_vec()) else {
        return;
    };
    for record in message
        .answers
        .iter()
        .chain(&message.authority)
        .chain(&message.additional)
    {
        let data = record.presentation();
        assert!(!data.contains(['\n', '\r']), "one line: {data:?}");
    }
    // Present it as the response to the question it contains, if that is a valid name.
    let (name, rtype) = message.question.clone().map_or((None, 1), |(name, rtype)| {
        (name.parse::<DnsName>().ok(), rtype.to_int())
    });
    let name = name.as_ref().map_or("example.test.", |name| name.as_str());
    for answer in fuzzing::respond(name, rtype, message.clone()) {
        harmless(answer.document());
    }
    let _ = (message.addresses(), message.negative_ttl());
});
