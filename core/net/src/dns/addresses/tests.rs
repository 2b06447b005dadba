use super::*;
use crate::dns::wire::{
    QR, QUESTION_NAME, SERVFAIL, Scripted, TC, answer, client_of, name, record,
};

const NXDOMAIN: u16 = 3;
const RA: u16 = 0x0080;

type Outcome = Result<Result<Vec<IpAddr>, NoAddress>, Failure>;

/// Resolves `a.example` with a server that runs this script.
async fn find(script: fn(&[u8]) -> Option<Vec<u8>>, version: Option<IpVersion>) -> Outcome {
    let server = Scripted::start(script, None).await;
    let client = client_of(&[server.address]);
    client.find_addresses("a.example", version).await
}

fn is_aaaa(query: &[u8]) -> bool {
    let end = 12
        + query[12..]
            .iter()
            .position(|octet| *octet == 0)
            .expect("a name");
    query[end + 2] == 28
}

/// An answer with this record of the queried name.
fn with_record(query: &[u8], rtype: u16, data: &[u8]) -> Vec<u8> {
    let mut wire = answer(query, QR | RA, None);
    wire[7] = 1;
    wire.extend(record(QUESTION_NAME, rtype, 60, data));
    wire
}

fn none(outcome: Outcome) -> String {
    outcome
        .expect("an answer")
        .expect_err("no address")
        .to_string()
}

fn failure(outcome: Outcome) -> String {
    outcome.expect_err("a failure").to_string()
}

#[tokio::test]
async fn a_name_without_an_address_is_an_answer() {
    let nxdomain: fn(&[u8]) -> _ = |query| Some(answer(query, NXDOMAIN, None));
    let nodata: fn(&[u8]) -> _ = |query| Some(answer(query, RA, None));

    assert_eq!(
        none(find(nxdomain, None).await),
        "does not exist (NXDOMAIN)"
    );
    assert_eq!(none(find(nodata, None).await), "has no address");
    assert_eq!(
        none(find(nodata, Some(IpVersion::V6)).await),
        "has no IPv6 address"
    );
}

#[tokio::test]
async fn a_failure_is_not_a_name_without_an_address() {
    let servfail: fn(&[u8]) -> _ = |query| Some(answer(query, SERVFAIL, None));
    let text = failure(find(servfail, None).await);
    assert!(text.ends_with("returned SERVFAIL"), "{text}");

    let half: fn(&[u8]) -> _ = |query| {
        Some(answer(
            query,
            if is_aaaa(query) { SERVFAIL } else { RA },
            None,
        ))
    };
    let text = failure(find(half, None).await);
    assert!(text.ends_with("returned SERVFAIL"), "{text}");
    assert_eq!(
        none(find(half, Some(IpVersion::V4)).await),
        "has no IPv4 address",
        "only the wanted type is looked up"
    );

    let lame: fn(&[u8]) -> _ = |query| Some(answer(query, 0, None));
    assert!(failure(find(lame, None).await).contains("(lame)"));

    let cut: fn(&[u8]) -> _ = |query| Some(answer(query, TC | RA, None));
    assert!(failure(find(cut, None).await).contains("truncated"));
}

#[tokio::test]
async fn an_address_of_one_version_is_enough() {
    let v4: fn(&[u8]) -> _ = |query| {
        let flags = if is_aaaa(query) { SERVFAIL } else { RA };
        Some(answer(
            query,
            flags,
            (!is_aaaa(query)).then_some([192, 0, 2, 1]),
        ))
    };
    let expected: IpAddr = [192, 0, 2, 1].into();
    let found = find(v4, None).await.expect("an answer");
    assert_eq!(found, Ok(vec![expected]));
    assert!(find(v4, Some(IpVersion::V6)).await.is_err());
}

#[tokio::test]
async fn aliases_that_the_server_does_not_follow_are_queried() {
    let chain: fn(&[u8]) -> _ = |query| {
        Some(match query[13] {
            b'a' => with_record(query, 5, &name("b.example")),
            b'b' => with_record(query, 5, &name("c.example")),
            _ if is_aaaa(query) => answer(query, RA, None),
            _ => answer(query, RA, Some([192, 0, 2, 3])),
        })
    };
    let expected: IpAddr = [192, 0, 2, 3].into();
    assert_eq!(
        find(chain, None).await.expect("an answer"),
        Ok(vec![expected])
    );

    let dangling: fn(&[u8]) -> _ = |query| {
        Some(match query[13] {
            b'a' => with_record(query, 5, &name("b.example")),
            _ => answer(query, NXDOMAIN, None),
        })
    };
    assert_eq!(
        none(find(dangling, None).await),
        "does not exist (NXDOMAIN)"
    );
}

#[tokio::test]
async fn alias_loops_and_endless_chains_are_failures() {
    let circle: fn(&[u8]) -> _ = |query| {
        let next = if query[13] == b'a' {
            "b.example"
        } else {
            "a.example"
        };
        Some(with_record(query, 5, &name(next)))
    };
    assert!(failure(find(circle, None).await).contains("CNAME loop"));

    let endless: fn(&[u8]) -> _ = |query| {
        let next = format!("{}.example", char::from(query[13] + 1));
        Some(with_record(query, 5, &name(&next)))
    };
    assert!(failure(find(endless, None).await).contains("CNAME chain longer than 8"));
}

#[tokio::test]
async fn a_required_address_that_is_missing_says_whether_the_name_exists() {
    type Respond = fn(&[u8]) -> Option<Vec<u8>>;
    let cases: [(Respond, &str); 3] = [
        (
            |query| Some(answer(query, NXDOMAIN, None)),
            "a.example: the name does not exist (NXDOMAIN)",
        ),
        (
            |query| Some(answer(query, RA, None)),
            "a.example: the name has no A or AAAA record",
        ),
        (
            |query| Some(answer(query, SERVFAIL, None)),
            "a.example: could not be resolved: ",
        ),
    ];
    for (script, text) in cases {
        let server = Scripted::start(script, None).await;
        let client = client_of(&[server.address]);
        let failure = client.required_addresses("a.example").await;
        let failure = failure.expect_err("no address").to_string();
        assert!(failure.starts_with(text), "{failure}");
    }
}
