use super::*;
use crate::dns::wire::{QR, QUESTION_NAME, Scripted, answer, message, name, record};

const A: u16 = 1;
const DS: u16 = 43;
const RRSIG: u16 = 46;
const DNSKEY: u16 = 48;
const NOW: u32 = 1_700_000_000;
const HOUR: u32 = 3600;

/// Builds an RRSIG record for the type `covered`, valid from `from` to `until`.
fn signature(covered: u16, from: u32, until: u32) -> Vec<u8> {
    let mut data = covered.to_be_bytes().to_vec();
    data.extend([13, 2]);
    data.extend(60_u32.to_be_bytes());
    data.extend(until.to_be_bytes());
    data.extend(from.to_be_bytes());
    data.extend([0x30, 0x39]);
    data.extend(name("example.com"));
    data.extend([0xab; 64]);
    record(QUESTION_NAME, RRSIG, 60, &data)
}

fn address() -> Vec<u8> {
    record(QUESTION_NAME, A, 60, &[192, 0, 2, 1])
}

fn read(answers: &[Vec<u8>], authority: &[Vec<u8>]) -> Message {
    let octets = message(QR, Some(("www.example.com", A)), [answers, authority, &[]]);
    Message::read(octets).expect("reads")
}

fn fault(from: u32, until: u32, now: u32) -> Option<String> {
    signature_fault(&read(&[address(), signature(A, from, until)], &[]), now)
}

#[test]
fn a_signature_is_valid_from_inception_to_expiration() {
    assert_eq!(fault(NOW - HOUR, NOW + HOUR, NOW), None);
    assert_eq!(fault(NOW, NOW, NOW), None, "to the second");
    assert_eq!(
        fault(NOW - 9 * HOUR, NOW - 5 * HOUR, NOW).as_deref(),
        Some("the signature of the A record of www.example.com expired 5 h ago")
    );
    assert_eq!(
        fault(NOW + 1, NOW + HOUR, NOW).as_deref(),
        Some("the signature of the A record of www.example.com is not valid yet (starts in 1 s)")
    );
}

#[test]
fn signature_times_wrap_around() {
    // RFC 4034 §3.1.5: the 32-bit time wraps in 2106.
    assert_eq!(fault(u32::MAX - HOUR, HOUR, u32::MAX), None);
    assert_eq!(fault(u32::MAX - HOUR, HOUR, 10), None);
    assert_eq!(
        fault(u32::MAX - 9 * HOUR, u32::MAX - 5 * HOUR, 0).as_deref(),
        Some("the signature of the A record of www.example.com expired 5 h ago")
    );
}

#[test]
fn reports_a_record_without_a_signature() {
    let bare = read(&[address()], &[]);
    assert_eq!(
        signature_fault(&bare, NOW).as_deref(),
        Some("the A record of www.example.com has no signature (RRSIG)")
    );
    let of_another_type = read(&[address(), signature(28, NOW, NOW)], &[]);
    assert!(signature_fault(&of_another_type, NOW).is_some());
    let elsewhere = read(
        &[
            record(&name("other.example.com"), A, 60, &[192, 0, 2, 1]),
            signature(A, NOW, NOW),
        ],
        &[],
    );
    assert_eq!(
        signature_fault(&elsewhere, NOW).as_deref(),
        Some("the A record of other.example.com has no signature (RRSIG)")
    );
}

#[test]
fn checks_the_authority_section_of_a_negative_answer() {
    let negative = read(&[], &[signature(6, NOW - 9, NOW - 1)]);
    assert_eq!(
        signature_fault(&negative, NOW).as_deref(),
        Some("the signature of the SOA record of www.example.com expired 1 s ago")
    );
    assert_eq!(signature_fault(&read(&[], &[]), NOW), None);
}

fn ds(tags: &[u16]) -> Message {
    let records: Vec<_> = tags
        .iter()
        .map(|tag| {
            let data = [&tag.to_be_bytes()[..], &[13, 2], &[0xcd; 32]].concat();
            record(QUESTION_NAME, DS, 60, &data)
        })
        .collect();
    read(&records, &[])
}

fn keys(data: &[&[u8]]) -> Message {
    let records: Vec<_> = data
        .iter()
        .map(|data| record(QUESTION_NAME, DNSKEY, 60, data))
        .collect();
    read(&records, &[])
}

#[test]
fn reports_ds_records_that_match_no_key() {
    // RFC 4034 appendix B: the tag is the sum of the data in 16-bit words, for all algorithms but the first.
    let key: &[u8] = &[1, 1, 3, 13, 0, 5, 0, 7];
    let tag = 0x0101 + 0x030d + 0x0005 + 0x0007;
    assert_eq!(mismatch("example.com", &ds(&[tag]), &keys(&[key])), None);
    assert_eq!(mismatch("example.com", &ds(&[9, tag]), &keys(&[key])), None);
    assert_eq!(
        mismatch("example.com", &ds(&[]), &keys(&[key])),
        None,
        "not signed"
    );
    assert_eq!(
        mismatch("example.com", &ds(&[1, 2]), &keys(&[key])).as_deref(),
        Some("the DS records of example.com list key tag 1, 2, but the zone publishes 1050")
    );
    assert_eq!(
        mismatch("example.com", &ds(&[1]), &keys(&[])).as_deref(),
        Some("the DS records of example.com list key tag 1, but the zone publishes none")
    );
}

#[tokio::test]
async fn returns_the_most_specific_reason() {
    let server = Scripted::start(|query| Some(answer(query, 0, Some([192, 0, 2, 1]))), None).await;
    let client = Client::new(vec![server.upstream()], 1);
    let question = Question::new("www.example.com", Rtype::A);
    assert_eq!(
        why_bogus(&client, &question).await,
        "the A record of www.example.com has no signature (RRSIG)"
    );
    let unreachable = why_bogus(&Client::new(Vec::new(), 1), &question).await;
    assert!(
        unreachable.starts_with("the signatures could not be looked up: "),
        "{unreachable}"
    );
}

#[tokio::test]
async fn an_answer_without_records_is_not_called_a_faulty_signature() {
    let question = Question::new("www.example.com", Rtype::A);
    let no_dnssec = "the resolver returned no RRSIG or NSEC records: it does not support DNSSEC, or they were removed on the way";
    type Respond = fn(&[u8]) -> Option<Vec<u8>>;
    let cases: [(Respond, &str); 3] = [
        (|query| Some(answer(query, 0, None)), no_dnssec),
        (|query| Some(answer(query, 3, None)), no_dnssec),
        (
            |query| Some(answer(query, 2, None)),
            "the resolver returned SERVFAIL instead of the records",
        ),
    ];
    for (script, reason) in cases {
        let server = Scripted::start(script, None).await;
        let client = Client::new(vec![server.upstream()], 1);
        assert_eq!(why_bogus(&client, &question).await, reason);
    }
}

#[test]
fn tells_a_missing_denial_from_a_faulty_signature() {
    let negative = |authority: &[Vec<u8>]| unspecific_fault(&read(&[], authority));
    let soa_signature = signature(6, NOW - HOUR, NOW + HOUR);
    assert_eq!(
        negative(std::slice::from_ref(&soa_signature)),
        "the resolver returned no NSEC or NSEC3 record that proves that there is no such record"
    );

    let nsec = [name("z.example.com"), vec![0, 1, 0x40]].concat();
    let denial = record(QUESTION_NAME, 47, 60, &nsec);
    let faulty = "a signature does not verify with the keys in the parent's DS records";
    assert_eq!(negative(&[soa_signature, denial]), faulty);

    let signed = read(&[address(), signature(A, NOW - HOUR, NOW + HOUR)], &[]);
    assert_eq!(unspecific_fault(&signed), faulty);
}
