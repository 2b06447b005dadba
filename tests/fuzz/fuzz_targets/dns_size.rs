//! Fuzzes the size of replies to hostile DNS responses: the input is a response whose end is repeated until it has the
//! 64 KiB that a response can have. Whatever it contains, the reply is bounded in bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netvane_core::{facts::target::DnsName, fuzzing, net::dns::Message};

/// Largest size of the data of a reply, and of a reply, as JSON in bytes.
const MAX_DATA: usize = 256 << 10;
const MAX_REPLY: usize = 1 << 20;

fuzz_target!(|input: &[u8]| {
    let Some(octets) = repeat_the_end(input) else {
        return;
    };
    let Ok(message) = Message::read(octets) else {
        return;
    };
    let (name, rtype) = message.question.clone().map_or((None, 1), |(name, rtype)| {
        (name.parse::<DnsName>().ok(), rtype.to_int())
    });
    let name = name.as_ref().map_or("example.test.", |name| name.as_str());

    for answer in fuzzing::respond(name, rtype, message) {
        let (data, reply) = (answer.finding.data_size(), answer.json_size());
        assert!(data <= MAX_DATA, "{data} bytes of data");
        assert!(reply <= MAX_REPLY, "{reply} bytes");
    }
});

/// The first byte says how many bytes at the end of the message are a record to repeat. Its copies are counted in the
/// answer section, so that all of them are read.
fn repeat_the_end(input: &[u8]) -> Option<Vec<u8>> {
    let (&length, message) = input.split_first()?;
    let start = message.len().checked_sub(usize::from(length).max(11))?;
    if start < 12 {
        return None;
    }
    let record = &message[start..];
    let copies = (usize::from(u16::MAX) - message.len()) / record.len();
    let mut octets = message.to_vec();
    octets.extend(record.repeat(copies));
    let answers = u16::from_be_bytes([octets[6], octets[7]]);
    let total = answers.saturating_add(u16::try_from(copies).ok()?);
    octets[6..8].copy_from_slice(&total.to_be_bytes());
    // No other sections: they would end before the copies.
    octets[8..12].fill(0);
    Some(octets)
}
