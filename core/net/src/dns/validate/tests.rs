use hickory_resolver::{
    net::NoRecords,
    proto::{
        op::{Message as HickoryMessage, MessageType, OpCode},
        rr::{
            Name, RData,
            rdata::{A, CNAME, NULL},
        },
    },
};

use super::*;
use crate::dns::wire::{QR, QUESTION_NAME, Scripted, answer, message, name, record};

fn hickory_name(text: &str) -> Name {
    Name::from_ascii(text).expect(text)
}

fn judged(owner: &str, data: RData, proof: Proof) -> HickoryRecord {
    let mut record = HickoryRecord::from_rdata(hickory_name(owner), 60, data);
    record.proof = proof;
    record
}

fn address(proof: Proof) -> HickoryRecord {
    judged("www.example.com.", RData::A(A::new(192, 0, 2, 1)), proof)
}

fn dname(owner: &str, proof: Proof) -> HickoryRecord {
    let data = RData::Unknown {
        code: RecordType::from(39),
        rdata: NULL::with(vec![0]),
    };
    judged(owner, data, proof)
}

fn response(
    code: ResponseCode,
    answers: Vec<HickoryRecord>,
    authorities: Vec<HickoryRecord>,
) -> DnsResponse {
    let mut message = HickoryMessage::new(7, MessageType::Response, OpCode::Query);
    message.metadata.response_code = code;
    message.answers = answers;
    message.authorities = authorities;
    DnsResponse::from_message(message).expect("a response")
}

fn verdict_of(code: ResponseCode, proofs: &[Proof]) -> (Security, String) {
    let answers = proofs.iter().copied().map(address).collect();
    verdict(Ok(response(code, answers, Vec::new())))
}

#[test]
fn the_weakest_record_decides_the_status() {
    use Proof::{Bogus, Indeterminate, Insecure, Secure};
    for (proofs, expected) in [
        (&[Secure][..], Security::Secure),
        (&[Secure, Secure, Insecure], Security::Insecure),
        (&[Insecure, Indeterminate], Security::Indeterminate),
        (&[Secure, Bogus, Indeterminate], Security::Bogus),
        (&[], Security::Indeterminate),
    ] {
        assert_eq!(
            verdict_of(ResponseCode::NoError, proofs).0,
            expected,
            "{proofs:?}"
        );
    }
}

#[test]
fn the_proof_of_nonexistence_decides_the_status_of_an_empty_answer() {
    let proof = |proof| {
        let authorities = vec![address(proof)];
        verdict(Ok(response(
            ResponseCode::NXDomain,
            Vec::new(),
            authorities,
        )))
        .0
    };
    assert_eq!(proof(Proof::Secure), Security::Secure);
    assert_eq!(proof(Proof::Bogus), Security::Bogus);
}

#[test]
fn a_refused_query_is_indeterminate() {
    let (security, why) = verdict_of(ResponseCode::ServFail, &[Proof::Bogus]);
    assert_eq!(security, Security::Indeterminate);
    assert_eq!(why, "the servers returned Server Failure");
    let (security, why) = verdict(Err(NetError::Timeout));
    assert_eq!(security, Security::Indeterminate);
    assert!(
        why.starts_with("the chain of trust could not be checked: "),
        "{why}"
    );
    let query = Query::query(hickory_name("www.example.com."), RecordType::A);
    let none = NoRecords::new(query, ResponseCode::NXDomain);
    let (security, _) = verdict(Err(NetError::Dns(DnsError::NoRecordsFound(none))));
    assert_eq!(security, Security::Indeterminate);
}

#[test]
fn a_cname_synthesized_from_a_dname_needs_no_signature() {
    let alias = |owner: &str| {
        let target = CNAME(hickory_name("www.example.net."));
        judged(owner, RData::CNAME(target), Proof::Bogus)
    };
    let strength = |records: Vec<HickoryRecord>| {
        weakest(&response(ResponseCode::NoError, records, Vec::new()))
    };
    let signed = dname("example.com.", Proof::Secure);
    assert_eq!(
        strength(vec![signed.clone(), alias("www.example.com.")]),
        Some(Proof::Secure)
    );
    assert_eq!(
        strength(vec![signed, alias("www.example.org.")]),
        Some(Proof::Bogus),
        "the DNAME is of another name"
    );
    assert_eq!(
        strength(vec![dname("example.com.", Proof::Bogus)]),
        Some(Proof::Bogus)
    );
    assert_eq!(strength(Vec::new()), None);
}

#[test]
fn a_worse_status_ranks_higher() {
    use Security::{Bogus, Indeterminate, Insecure, Secure};
    let ranks = [Secure, Insecure, Indeterminate, Bogus].map(rank);
    assert!(ranks.is_sorted() && ranks[0] < ranks[3], "{ranks:?}");
}

#[test]
fn finds_the_end_of_a_cname_chain_without_data() {
    let cname = |owner: &[u8], target: &str| record(owner, 5, 60, &name(target));
    let read = |answers: &[Vec<u8>]| {
        let octets = message(QR, Some(("www.example.com", 28)), [answers, &[], &[]]);
        Message::read(octets).expect("reads")
    };
    let chain = [
        cname(QUESTION_NAME, "web.example.net"),
        cname(&name("web.example.net"), "end.example.org"),
    ];
    let aliased = read(&chain);
    assert_eq!(
        alias_end(&aliased, Rtype::AAAA).as_deref(),
        Some("end.example.org")
    );
    assert_eq!(alias_end(&aliased, Rtype::CNAME), None, "the type is CNAME");

    let mut with_data = chain.to_vec();
    with_data.push(record(&name("end.example.org"), 28, 60, &[0; 16]));
    assert_eq!(alias_end(&read(&with_data), Rtype::AAAA), None);
    assert_eq!(alias_end(&read(&[]), Rtype::AAAA), None, "no CNAME");
}

#[tokio::test]
async fn a_failed_query_is_indeterminate() {
    let anchors = Arc::new(TrustAnchors::default());
    let nobody = Client::new(Vec::new(), 1);
    let too_long = "a".repeat(64);
    let question = Question::new(&too_long, Rtype::A);
    let validation = validate(&nobody, &question, anchors.clone()).await;
    assert_eq!(
        validation,
        Validation {
            security: Security::Indeterminate,
            reason: "not a valid DNS name".into()
        }
    );

    let refusing = Scripted::start(|query| Some(answer(query, 5, None)), None).await;
    let client = Client::new(vec![refusing.upstream()], 1);
    let question = Question::new("www.example.com", Rtype::A);
    let validation = validate(&client, &question, anchors).await;
    assert_eq!(validation.security, Security::Indeterminate);
    assert!(!validation.reason.is_empty() && refusing.query_count() > 0);
}

#[tokio::test]
async fn the_validator_queries_names_unescaped() {
    // RFC 2317's delegations have a slash in a label, which hickory's presentation format escapes.
    let name = "0/26.2.0.192.in-addr.arpa";
    let exact = |query: &[u8]| {
        let is_exact = query[12..].starts_with(b"\x040/26\x012\x010");
        Some(answer(query, if is_exact { 0 } else { 5 }, None))
    };
    let server = Scripted::start(exact, None).await;
    let failed = Arc::<AtomicBool>::default();
    let unchecked = Unchecked {
        client: Client::new(vec![server.upstream()], 1),
        failed: failed.clone(),
        budget: Arc::default(),
    };

    let wire = crate::dns::client::wire_name(name).expect("a name");
    let query = Query::query(wire, RecordType::PTR);
    let request = DnsRequest::from_query(query, DnsRequestOptions::default());
    let answered = unchecked.send(request).next().await.expect("an answer");

    assert_eq!(
        answered.expect("a response").response_code,
        ResponseCode::NoError
    );
    assert!(!failed.load(Ordering::Relaxed));
}

/// A server that returns many keys, and many signatures, for every question.
#[tokio::test]
async fn many_keys_or_signatures_make_the_status_indeterminate() {
    for (rtype, limit) in [(48, "more than 24 keys"), (46, "more than 40 signatures")] {
        let script: fn(&[u8]) -> Option<Vec<u8>> = match rtype {
            48 => |query| Some(of_many(query, 48, &[1, 0, 3, 13, 1, 2, 3, 4])),
            _ => |query| {
                Some(of_many(
                    query,
                    46,
                    &[&[0, 1, 13, 0][..], &[0; 14], &[0; 9]].concat(),
                ))
            },
        };
        let server = Scripted::start(script, None).await;
        let client = crate::dns::wire::client_of(&[server.address]);
        let question = Question::new("www.example.com", Rtype::A);
        let validation = validate(&client, &question, Arc::default()).await;
        assert_eq!(validation.security, Security::Indeterminate);
        assert!(validation.reason.contains(limit), "{}", validation.reason);
    }
}

fn of_many(query: &[u8], rtype: u16, data: &[u8]) -> Vec<u8> {
    let mut response = answer(query, 0, None);
    response[6..8].copy_from_slice(&60_u16.to_be_bytes());
    for _ in 0..60 {
        response.extend(record(QUESTION_NAME, rtype, 60, data));
    }
    response
}
